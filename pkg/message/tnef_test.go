package message_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/testdata"
)

// sampleTNEF has something of everything.
func sampleTNEF() testdata.TNEFMessage {
	return testdata.TNEFMessage{
		Subject: "Outer", HTML: "<p>ü</p>", RTF: compress([]byte("{\\rtf1 r}")), Text: "plain",
		Files: []testdata.TNEFFile{
			{Name: "naïve.pdf", Title: "NAIVE.PDF", Type: "application/pdf", Data: []byte("%PDF-")},
			{Title: "..\\caf\xe9.txt", Data: []byte("text")},
			{Name: "a.png", Type: "Image/PNG", ContentID: "a@b", Data: []byte("png")},
			{Name: "empty", Data: []byte{}},
			{Title: "Untitled Attachment", Object: []byte("ole")},
			{Title: "Untitled Attachment", Data: nil, Message: &testdata.TNEFMessage{
				Subject: "In/ner", HTML: "<p>in</p>", Text: "in",
				Files: []testdata.TNEFFile{{Name: "in.txt", Data: []byte("inner")}},
			}},
			{Name: "last", Hidden: true, Type: "multipart/mixed", Data: []byte("end")},
		},
	}
}

func TestTNEF(t *testing.T) {
	t.Parallel()
	found, broken := openTNEF(t, sampleTNEF().Bytes())
	var got []string
	for _, p := range found {
		got = append(got, describe(p)+": "+strings.ReplaceAll(string(p.data), "\x00", ""))
	}
	for i, line := range got { // without the digest
		head, tail, _ := strings.Cut(line, ": ")
		got[i] = head[:strings.LastIndex(head, ", ")] + ": " + tail
	}
	want := []string{
		"text/html, utf-8: <p>ü</p>",
		"application/rtf: {\\rtf1 r}",
		"text/plain, utf-16le: plain",
		"application/pdf, naïve.pdf, attachment: %PDF-",
		"application/octet-stream, ..\\café.txt, attachment: text",
		"image/png, a.png, inline, a@b: png",
		"application/octet-stream, empty, attachment: ",
		"application/octet-stream, Untitled Attachment, attachment: ole",
		"text/html, In-ner.html, utf-8, attachment: <p>in</p>",
		"application/octet-stream, in.txt, attachment: inner",
		"application/octet-stream, last, inline: end",
	}
	if diff := cmp.Diff(want, got); diff != "" || broken != "" {
		t.Errorf("broken %q (-want +got):\n%s", broken, diff)
	}
}

// TestTNEFNested: a message in the sixth message is a file.
func TestTNEFNested(t *testing.T) {
	t.Parallel()
	m := testdata.TNEFMessage{Text: "innermost"}
	for range 5 {
		attached := m
		m = testdata.TNEFMessage{Files: []testdata.TNEFFile{{Name: "deep", Message: &attached}}}
	}
	found, broken := openTNEF(t, m.Bytes())
	if len(found) != 1 || broken != "" || found[0].Name != "deep" || !bytes.HasPrefix(found[0].data, []byte("\x78\x9f\x3e\x22")) {
		t.Errorf("got %+v, broken %q", found, broken)
	}
}

// TestTNEFCutAnywhere: what is found in the beginning of a stream is of what is in the whole.
func TestTNEFCutAnywhere(t *testing.T) {
	t.Parallel()
	raw := sampleTNEF().Bytes()
	whole, _ := openTNEF(t, raw)
	var spans []message.Span
	for _, p := range whole {
		spans = append(spans, p.span)
	}
	for n := range raw {
		found, broken, opened, err := message.ReadTNEF(bytes.NewReader(raw[:n]), 100)
		if err != nil || !opened && len(found) > 0 {
			t.Fatalf("%d bytes: opened %v, %d found, %v", n, opened, len(found), err)
		}
		for _, in := range found {
			if in.Part.Name == "In-ner.txt" { // where its HTML is cut off
				continue
			}
			if !slices.Contains(spans, in.Span) {
				t.Errorf("%d bytes: %v %q is none of the whole (broken %q)", n, in.Span, in.Part.Name, broken)
			}
		}
	}
}

func TestTNEFLimits(t *testing.T) {
	t.Parallel()
	raw := sampleTNEF().Bytes()
	found, _, _, err := message.ReadTNEF(bytes.NewReader(raw), 3)
	if fault.ReasonOf(err) != fault.OverLimits || found != nil {
		t.Errorf("got %d files, %v, want %s", len(found), err, fault.OverLimits)
	}
	for _, text := range []string{"", "x", "\x78\x9f\x3e\x22", "\x78\x9f\x3e\x22\x01\x00", "%PDF-1.4 not at all"} {
		if _, _, opened, err := message.ReadTNEF(strings.NewReader(text), 3); opened || err != nil {
			t.Errorf("%q: opened %v, %v", text, opened, err)
		}
	}
}

// measured reads to the end, and looks then at what is in memory.
type measured struct {
	io.Reader
	heap uint64
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if n == 0 {
		m.heap = heap()
	}
	return n, err
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// Of many messages in one attachment little is kept, however long their subjects are. Not
// parallel: it looks at the whole heap.
func TestTNEFKeepsLittle(t *testing.T) { //nolint:paralleltest // see above
	const messages = 200
	attached := testdata.TNEFMessage{Subject: strings.Repeat("\u4e00", 16_000), Text: "x"}.Bytes()
	object := binary.LittleEndian.AppendUint32([]byte("\x0d\x00\x01\x37\x01\x00\x00\x00"), uint32(16+len(attached)))
	object = append(object, "\x07\x03\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46"...)
	object = append(object, attached...)
	object = append(object, make([]byte, -len(object)&3)...)
	properties := append([]byte{messages, 0, 0, 0}, bytes.Repeat(object, messages)...)
	raw := binary.LittleEndian.AppendUint32([]byte("\x78\x9f\x3e\x22\x01\x00\x02\x05\x90\x06\x00"), uint32(len(properties)))
	raw = append(append(raw, properties...), 0, 0)

	src := &measured{Reader: bytes.NewReader(raw)}
	before := heap()
	found, broken, _, err := message.ReadTNEF(src, 1000)
	if err != nil || broken != "" || len(found) != messages {
		t.Fatalf("got %d files, broken %q, %v", len(found), broken, err)
	}
	if kept := int64(src.heap) - int64(before); kept > 3<<20 {
		t.Errorf("%d bytes are kept of %d", kept, len(raw))
	}
}

// FuzzTNEF: what is found lies within the stream, nothing twice, all its names
// bounded, and no more than the limit.
func FuzzTNEF(f *testing.F) {
	f.Add(sampleTNEF().Bytes())
	f.Add(testdata.TNEF(testdata.TNEFFile{Name: "a", Data: []byte("b")}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		const limit = 20
		found, _, _, err := message.ReadTNEF(bytes.NewReader(raw), limit)
		if err != nil && fault.ReasonOf(err) != fault.OverLimits {
			t.Fatal(err)
		}
		if len(found) > limit {
			t.Errorf("%d files", len(found))
		}
		var sum int64
		for _, in := range found {
			if in.Span.Start < 6 || in.Span.End < in.Span.Start || in.Span.End > int64(len(raw)) {
				t.Errorf("%v of %d bytes", in.Span, len(raw))
			}
			sum += in.Span.End - in.Span.Start
			for _, s := range []string{in.Part.Name, in.Part.Type, in.Part.ContentID, in.Part.Charset} {
				checkText(t, s, 1<<10)
			}
		}
		if sum > int64(len(raw)) {
			t.Errorf("%d bytes found in %d", sum, len(raw))
		}
	})
}
