package message_test

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	const mixed = "Content-Type: multipart/mixed; boundary="
	nested := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%sB%d\n\n--B%d\n", mixed, i, i)
		}
		return b.String()
	}
	tests := []struct {
		name, raw string
		lim       message.Limits
		over      bool
	}{
		{name: "bytes", raw: "a: b\n\n12345", lim: message.Limits{Bytes: 10}, over: true},
		{name: "bytes, just", raw: "a: b\n\n1234", lim: message.Limits{Bytes: 10}},
		{name: "parts", raw: mixed + "B\n\n" + strings.Repeat("--B\n\n", 3), lim: message.Limits{Parts: 3}, over: true},
		{name: "parts, just", raw: mixed + "B\n\n" + strings.Repeat("--B\n\n", 2), lim: message.Limits{Parts: 3}},
		{name: "parts by default", raw: mixed + "B\n\n" + strings.Repeat("--B\n\n", 10_000), over: true},
		{name: "depth", raw: nested(4), lim: message.Limits{Depth: 3}, over: true},
		{name: "depth, just", raw: nested(3), lim: message.Limits{Depth: 3}},
		{name: "depth by default", raw: nested(1000), over: true},
		{name: "header", raw: "a: 345\nb: 345\n\n", lim: message.Limits{Header: 13}, over: true},
		{name: "header, just", raw: "a: 345\nb: 345\n\n", lim: message.Limits{Header: 14}},
		{name: "header by default", raw: strings.Repeat("a: b\n", 1<<20/5+1), over: true},
		{name: "header of a part", raw: mixed + "B\n\n--B\na: " + strings.Repeat("a", 100), lim: message.Limits{Header: 90}, over: true},
		{name: "boundary", raw: mixed + "12345\n\n--12345--", lim: message.Limits{Boundary: 4}, over: true},
		{name: "boundary, just", raw: mixed + "1234\n\n--1234\n", lim: message.Limits{Boundary: 4}},
		{name: "boundary, longer than the window allowed", raw: mixed + "B\n\n" + strings.Repeat("a", 1<<19) + "\n--B--", lim: message.Limits{Boundary: 1 << 19}},
		{name: "boundary in a field not read", raw: mixed + strings.Repeat("B", 1<<19) + "\n\n", over: true},
		{name: "time", raw: "a: b\n\n", lim: message.Limits{Time: time.Nanosecond}, over: true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := message.NewParser(tc.lim).Parse(t.Context(), strings.NewReader(tc.raw), int64(len(tc.raw)))
			if got := fault.ReasonOf(err) == fault.OverLimits && fault.Of(err) == fault.Poison; got != tc.over || (err != nil) != tc.over {
				t.Errorf("got %v, want over limits: %v", err, tc.over)
			}
		})
	}
}

// A message over a limit is returned with its header, as far as that lies within the
// limits, and with nothing else.
func TestHeaderOverLimits(t *testing.T) {
	t.Parallel()
	const known = "Message-ID: <1@b.test>\r\nSubject: =?utf-8?Q?=C3=BCber?=\r\nFrom: a@b.test\r\n"
	const mixed = known + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
	tests := []struct {
		name, raw string
		lim       message.Limits
	}{
		{"bytes", known + "\r\n" + strings.Repeat("x", 1<<20), message.Limits{Bytes: 1 << 10}},
		{"bytes, also of the header", known + strings.Repeat("x: y\r\n", 1000), message.Limits{Bytes: 100, Header: 150}},
		{"bytes, header alone", known, message.Limits{Bytes: 10}},
		{"header", known + "x: " + strings.Repeat("y", 1000) + "\r\n\r\n", message.Limits{Header: 500}},
		{"header of a part", mixed + "x: " + strings.Repeat("y", 1000), message.Limits{Header: 500}},
		{"parts", mixed + "\r\n--b\r\n\r\n--b--", message.Limits{Parts: 2}},
		{"depth", mixed + "Content-Type: multipart/mixed; boundary=c\r\n\r\n", message.Limits{Depth: 1}},
		{"boundary", strings.Replace(mixed, "boundary=b", "boundary=bb", 1), message.Limits{Boundary: 1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m, err := message.NewParser(tc.lim).Parse(t.Context(), strings.NewReader(tc.raw), int64(len(tc.raw)))
			if fault.ReasonOf(err) != fault.OverLimits || m == nil {
				t.Fatalf("got %v, %v; want a message over the limits", m, err)
			}
			want := message.Message{
				Header: message.Header{MessageID: "<1@b.test>", Subject: "\u00fcber", From: "a@b.test"}, Size: int64(len(tc.raw)),
			}
			if !reflect.DeepEqual(*m, want) {
				t.Errorf("got %+v, want %+v", *m, want)
			}
		})
	}
}

// Decoding spends the same time budget as parsing.
func TestTimeOfDecoding(t *testing.T) {
	t.Parallel()
	raw := "Content-Transfer-Encoding: base64\n\n" + strings.Repeat("QUFB", 1<<18)
	p := message.NewParser(message.Limits{Time: time.Hour})
	m, err := p.Parse(t.Context(), strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	message.Spend(m, time.Hour)
	if _, err := m.Decode(t.Context(), 0, io.Discard); fault.ReasonOf(err) != fault.OverLimits {
		t.Errorf("got %v, want over limits", err)
	}
}

// stream is a source made up as it is read: head, then fill again and again, then tail.
type stream struct {
	head, fill, tail string
	size             int64
	read             int64
}

func (s *stream) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) && off < s.size {
		at := off - int64(len(s.head))
		var from string
		switch tail := s.size - int64(len(s.tail)); {
		case at < 0:
			from = s.head[off:]
		case off >= tail:
			from = s.tail[off-tail:]
		default:
			from = s.fill[at%int64(len(s.fill)):]
			from = from[:min(int64(len(from)), tail-off)]
		}
		c := copy(p[n:], from)
		n, off = n+c, off+int64(c)
	}
	s.read += int64(n)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Whatever a message is made of, it is read once to parse it, its texts once more to look
// for files in them, and each part once to decode it, within a fixed amount of memory. Not parallel: it counts what the whole
// process allocates.
func TestLinear(t *testing.T) { //nolint:paralleltest // see above
	const mixed = "Content-Type: multipart/mixed; boundary=B\n\n--B\n"
	a64 := strings.Repeat("A", 1<<16)
	tests := []struct {
		name, head, fill, tail string
		mb                     int64
		lim                    message.Limits
		alloc                  uint64 // MB; 6 by default
	}{
		{name: "a line of 1 GB", head: mixed + "\n", fill: a64, tail: "\n--B--\n", mb: 1024},
		{name: "a line of dashes", head: mixed + "\n", fill: strings.Repeat("-", 1<<16), tail: "\n--B--\n", mb: 12},
		{name: "lines of dashes", head: mixed + "\n", fill: strings.Repeat("--\n", 1<<14), tail: "\n--B--\n", mb: 12},
		{name: "a delimiter and a line of blanks", head: mixed + "\n\n--B", fill: strings.Repeat(" ", 1<<16), tail: "x\n--B--\n", mb: 12},
		{name: "an endless line of base64", head: mixed + "Content-Transfer-Encoding: base64\n\n", fill: a64, tail: "\n--B--\n", mb: 12},
		{name: "junk for base64", head: mixed + "Content-Transfer-Encoding: base64\n\n", fill: strings.Repeat("!", 1<<16), tail: "\n--B--\n", mb: 12},
		{name: "padding for base64", head: mixed + "Content-Transfer-Encoding: base64\n\n", fill: strings.Repeat("AA==", 1<<14), tail: "\n--B--\n", mb: 12},
		{name: "an endless line behind padding", head: mixed + "Content-Transfer-Encoding: base64\n\nAA==\n", fill: strings.Repeat("-", 1<<16), mb: 12},
		{name: "an endless line of quoted-printable", head: mixed + "Content-Transfer-Encoding: quoted-printable\n\n", fill: a64, mb: 12},
		{name: "an endless line of blanks", head: mixed + "Content-Transfer-Encoding: quoted-printable\n\n", fill: strings.Repeat(" ", 1<<16), mb: 12},
		{name: "endless escapes", head: mixed + "Content-Transfer-Encoding: quoted-printable\n\n", fill: strings.Repeat("=", 1<<16), mb: 12},
		{name: "an endless line of uuencode", head: mixed + "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n", fill: a64, mb: 12},
		{name: "10,000 parts", head: mixed, fill: "\nx\n--B\n", mb: 0, lim: message.Limits{Parts: 1 << 20}, alloc: 40},
		{name: "40 multiparts not closed", head: unclosed(40), fill: "--none\n", mb: 12},
		{name: "1,000 multiparts not closed", head: unclosed(1000), fill: "x\n", mb: 4, lim: message.Limits{Depth: 1000}, alloc: 30},
		{name: "a picture and much HTML", head: picture, fill: `<img src="cid:` + "\n", mb: 12},
	}
	for _, tc := range tests { //nolint:paralleltest // see above
		t.Run(tc.name, func(t *testing.T) {
			src := &stream{head: tc.head, fill: tc.fill, tail: tc.tail, size: max(tc.mb<<20, 70_000)}
			tc.lim.Bytes = 2 << 30
			p := message.NewParser(tc.lim)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := p.Parse(t.Context(), src, src.size)
			if err != nil {
				t.Fatal(err)
			}
			if most := 2*src.size + 8<<20; src.read > most {
				t.Errorf("Parse read %d bytes of %d", src.read, src.size)
			}
			src.read = 0
			for i := range m.Parts {
				if src.size > 1<<29 {
					break // too long to decode in a test
				}
				if _, err := m.Decode(t.Context(), i, io.Discard); err != nil {
					t.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			if src.read > src.size+1<<20 {
				t.Errorf("Decode read %d bytes of %d", src.read, src.size)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > cmp.Or(tc.alloc, 6)<<20 {
				t.Errorf("%d bytes were allocated", got)
			}
		})
	}
}

const picture = "Content-Type: multipart/related; boundary=B\n\n--B\nContent-Type: image/png\nContent-ID: <a>\n\nx\n--B\nContent-Type: text/html\n\n"

// unclosed is n multiparts, one in the other.
func unclosed(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"B%d\"\n\n--B%d\n", i, i)
	}
	return b.String() + "\n"
}

// What a part keeps of its header is bounded, however large the header is.
func TestPartsKeepLittle(t *testing.T) { //nolint:paralleltest // it looks at the whole heap
	const parts = 40
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=B\n\n")
	long := strings.Repeat(" ", 300_000)
	for range parts {
		fmt.Fprintf(&b, "--B\nContent-Type: a/b; charset=x; name=\"%sn\"%s\nContent-ID: <i>%s\nContent-Transfer-Encoding: 7bit;%s\nContent-Disposition: d;%s\n\n", long, long, long, long, long)
	}
	src := strings.NewReader(b.String())
	p := message.NewParser(message.Limits{Header: 4 << 20})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, err := p.Parse(t.Context(), src, src.Size())
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > 3<<20 {
		t.Errorf("%d parts keep %d bytes", len(m.Parts), got)
	}
	runtime.KeepAlive(m)
	runtime.KeepAlive(src)
}
