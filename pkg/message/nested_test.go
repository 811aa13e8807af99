package message_test

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// Wrappers are opened in wrappers, five deep.
func TestNestedWrappers(t *testing.T) {
	t.Parallel()
	signedText := signed(startOf + "Hello\n" + lineOf)
	inner := winmail(named{"smime.p7m", signedText}, named{"b.txt", "two"})
	third := winmail(named{"winmail.dat", inner}, named{"c.txt", "three"})
	m := parse(t, multiple+pkcs7(streamed(tnef(third), 100))+"--B\n\nlast\n--B--\n")
	want := []string{
		`1 application/pkcs7-mime "smime.p7m" as signed-data`,
		`1/1 in 1 application/ms-tnef "winmail.dat" as tnef`,
		`1/1/1 in 1/1 application/octet-stream "winmail.dat" as tnef`,
		`1/1/1/1 in 1/1/1 application/octet-stream "smime.p7m" as signed-data`,
		`1/1/1/1/1 in 1/1/1/1 text/plain as uuencode`,
		`1/1/1/1/1/1 in 1/1/1/1/1 application/octet-stream "a b.txt": AAA`,
		`1/1/1/2 in 1/1/1 application/octet-stream "b.txt": two`,
		`1/1/2 in 1/1 application/octet-stream "c.txt": three`,
		`2 text/plain: last`,
	}
	if diff := cmp.Diff(want, contents(t, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	m = parse(t, pkcs7(signed(pkcs7(signed(tnef(third))))))
	want = []string{
		`1 application/pkcs7-mime "smime.p7m" as signed-data`,
		`1/1 in 1 application/pkcs7-mime "smime.p7m" as signed-data`,
		`1/1/1 in 1/1 application/ms-tnef "winmail.dat" as tnef`,
		`1/1/1/1 in 1/1/1 application/octet-stream "winmail.dat" as tnef`,
		`1/1/1/1/1 in 1/1/1/1 application/octet-stream "smime.p7m" as signed-data`,
		`1/1/1/1/1/1 in 1/1/1/1/1 text/plain: ` + "Hello\n" + lineOf,
		`1/1/1/1/2 in 1/1/1/1 application/octet-stream "b.txt": two`,
		`1/1/1/2 in 1/1/1 application/octet-stream "c.txt": three`,
	}
	if diff := cmp.Diff(want, contents(t, m)); diff != "" {
		t.Errorf("six deep (-want +got):\n%s", diff)
	}
}

// A wrapper that ends early is a part with its bytes, whatever else was found in it.
func TestCutOffWrappers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ head, body string }{
		"signed":      {"Content-Type: application/pkcs7-mime\n\n", signed(startOf + "Hello")},
		"in pieces":   {"Content-Type: application/pkcs7-mime\n\n", streamed(startOf+"Hello", 7)},
		"AppleSingle": {"Content-Type: application/applefile\n\n", appleFile(0x00051600, "name", "data")},
		"tnef":        {"Content-Type: application/ms-tnef\n\n", winmail(named{"a", "one"}, named{"b", "two"})},
		"yEnc":        {startOf, yencoded("a", "data")},
		"uuencode":    {startOf, lineOf},
	} {
		for n := range len(tc.body) + 1 {
			m := parse(t, tc.head+tc.body[:n])
			for i, p := range m.Parts {
				got, _ := decode(t, m, i)
				switch {
				case i == 0 && got != tc.body[:n]:
					t.Errorf("%s of %d bytes: part has %d", name, n, len(got))
				case i > 0 && p.Within != "1":
					t.Errorf("%s of %d bytes: part %s in %q", name, n, p.ID, p.Within)
				}
			}
			if n == len(tc.body) && len(m.Parts) < 2 {
				t.Errorf("%s: not opened", name)
			}
		}
	}
}

// Whatever the lengths in CMS say, nothing is opened that is not there.
func TestHostileCMS(t *testing.T) {
	t.Parallel()
	head := "\x30\x80" + oidSigned + "\xa0\x80"
	for name, cms := range map[string]string{
		"length of 2^64-1":     "\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff" + oidSigned,
		"length of 2^63-1":     "\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff" + oidSigned,
		"length of 9 bytes":    "\x30\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01" + oidSigned,
		"long tag":             "\x3f\x80" + oidSigned,
		"endless OID":          "\x30\x80\x06\x84\x7f\xff\xff\xff",
		"OID without a length": "\x30\x80\x06\x80",
		"no OID":               "\x30\x80" + version,
		"skipped for ever":     head + "\x30\x80\x02\x88\x7f\xff\xff\xff\xff\xff\xff\xff",
		"nested for ever":      head + "\x30\x80" + strings.Repeat("\x30\x80", 10_000),
		"content of 2^63-1":    head + "\x30\x80" + version + noAlgorithms + "\x30\x80" + oidData + "\xa0\x80\x04\x88\x7f\xff\xff\xff\xff\xff\xff\xff",
		"pieces for ever":      streamedStart + strings.Repeat("\x24\x80", 10_000),
		"no content":           signedData(der(0xa0)),
		"other content":        signedData(der(0xa0, version)),
		"empty content":        signed(""),
	} {
		m := parse(t, "Content-Type: application/pkcs7-mime\n\n"+cms)
		if diff := cmp.Diff([]string{"1 application/pkcs7-mime: " + cms}, contents(t, m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPicturesInWrappers(t *testing.T) {
	t.Parallel()
	m := parse(t, multiple+pkcs7(streamed("Content-Type: multipart/related; boundary=C\n\n--C\nContent-Type: text/html\n\n<img src=cid:a@b>\n"+
		"--C\nContent-Type: image/png\nContent-ID: <a@b>\n\nx\n--C\nContent-Type: image/png\nContent-ID: <c@b>\n\nx\n--C--\n", 11))+"--B--\n")
	var got []string
	for _, p := range m.Parts {
		if p.Referenced {
			got = append(got, p.ID)
		}
	}
	if diff := cmp.Diff([]string{"1/2"}, got); diff != "" {
		t.Errorf("Referenced (-want +got):\n%s", diff)
	}
}

// What is in wrappers counts towards the limits.
func TestLimitsInWrappers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw string
		parts     int
	}{
		{"tnef", tnef(winmail(named{"a", "x"}, named{"b", "x"})), 3},
		{"uuencode", startOf + lineOf + lineOf, 3},
		{"signed", pkcs7(signed(multiple + "\nx\n--B--\n")), 3},
		{"nested", pkcs7(signed(startOf + lineOf)), 3},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, over := range []bool{false, true} {
				lim := message.Limits{Parts: tc.parts}
				if over {
					lim.Parts--
				}
				_, err := message.NewParser(lim).Parse(t.Context(), strings.NewReader(tc.raw), int64(len(tc.raw)))
				if got := fault.ReasonOf(err) == fault.OverLimits; got != over || (err != nil) != over {
					t.Errorf("of %d parts: got %v, want over limits: %v", lim.Parts, err, over)
				}
			}
		})
	}
}

// However many files wrappers hold, and wrappers in them, they are read a fixed number of
// times, in little memory. Not parallel: it counts what the whole process allocates.
func TestWrappersLinear(t *testing.T) { //nolint:paralleltest // see above
	many := func(n int, f named) []named {
		files := make([]named, n)
		for i := range files {
			files[i] = f
		}
		return files
	}
	file := named{"a.bin", string(noise(4000))}
	small := winmail(many(3, file)...)
	texts := multiple + strings.Repeat("\n"+prose(500)+lineOf+prose(500)+"--B\n", 1000)
	const notUU = "Content-Transfer-Encoding: x-uuencode\n"
	falsely := startOf + prose(1<<20)
	for range 5 {
		falsely = "Content-Type: application/pkcs7-mime\n" + notUU + "\n" + streamed(falsely, 1000)
	}
	tests := []struct {
		name, raw string
		parts     int
		alloc     uint64 // MB
	}{
		{"in encodings that they do not have", falsely, 6, 20},
		{"parts in encodings that they do not have", pkcs7(streamed(multiple+strings.Repeat(notUU+"\n"+prose(400_000)+"--B\n", 20), 1000)), 1 + 20 + 1, 8},
		{"many files", tnef(winmail(many(1000, file)...)), 1001, 8},
		{"many wrappers in one", tnef(winmail(many(300, named{"winmail.dat", small})...)), 1 + 300 + 900, 8},
		{"many files in signed text", pkcs7(streamed(texts, 1000)), 1 + 1000 + 1000 + 1, 8},
		{"large wrappers in one another", pkcs7(streamed(pkcs7(streamed(tnef(winmail(many(2, named{"smime.p7m", signed(pkcs7(streamed(tnef(small)+strings.Repeat("\n", 1<<20), 999)))})...)), 999)), 999)), 3 + 2 + 2 + 2, 8},
	}
	for _, tc := range tests { //nolint:paralleltest // see above
		t.Run(tc.name, func(t *testing.T) {
			src := &stream{head: tc.raw, fill: " ", size: int64(len(tc.raw))}
			p := message.NewParser(message.Limits{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := p.Parse(t.Context(), src, src.size)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Parts) != tc.parts {
				t.Errorf("got %d parts, want %d", len(m.Parts), tc.parts)
			}
			t.Logf("Parse read %d times the size", src.read/src.size)
			if most := 10*src.size + 1<<20; src.read > most {
				t.Errorf("Parse read %d bytes of %d", src.read, src.size)
			}
			src.read = 0
			for i := range m.Parts {
				if _, err := m.Decode(t.Context(), i, io.Discard); err != nil {
					t.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			t.Logf("Decode read %d times the size", src.read/src.size)
			if most := 10*src.size + 1<<20; src.read > most {
				t.Errorf("Decode read %d bytes of %d", src.read, src.size)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > tc.alloc<<20 {
				t.Errorf("%d bytes were allocated", got)
			}
		})
	}
}
