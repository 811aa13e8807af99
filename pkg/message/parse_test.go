package message_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// outline lists the parts of a message as "ID type: body".
func outline(t *testing.T, m *message.Message) []string {
	t.Helper()
	var all []string
	for i, p := range m.Parts {
		body, _ := decode(t, m, i)
		all = append(all, fmt.Sprintf("%s %s: %s", p.ID, p.Type, strings.ReplaceAll(body, "\r\n", "\n")))
	}
	return all
}

func TestStructure(t *testing.T) {
	t.Parallel()
	const mixed = "Content-Type: multipart/mixed; boundary=B\n\n"
	tests := []struct {
		name, raw string
		want      []string
		malformed bool
	}{
		{name: "empty file", raw: "", want: []string{"1 text/plain: "}, malformed: true},
		{name: "plain text", raw: "Subject: x\n\nHello\n", want: []string{"1 text/plain: Hello\n"}},
		{name: "header without end", raw: "Subject: x", want: []string{"1 text/plain: "}, malformed: true},
		{name: "cut off in a field's name", raw: "Content-Type: a/b\nContent-Trans", want: []string{"1 a/b: Content-Trans"}, malformed: true},
		{name: "body only", raw: "\nHello\n", want: []string{"1 text/plain: Hello\n"}},
		{name: "blank line before the header", raw: "\nContent-Type: text/html\n\nx", want: []string{"1 text/html: x"}},
		{name: "mbox line first", raw: "From a Mon May 2 16:07:05 2005\nContent-Type: text/html\n\nx", want: []string{"1 text/html: x"}},
		{name: "no empty line before the text", raw: "Subject: x\nHello you\n", want: []string{"1 text/plain: Hello you\n"}},
		{
			name: "two parts",
			raw:  mixed + "preamble\n--B\n\none\n--B\nContent-Type: a/b\n\ntwo\n\n--B--\nepilogue\n--B\n\nnot a part\n",
			want: []string{"1 text/plain: one", "2 a/b: two\n"},
		},
		{name: "a boundary that ends with a blank", raw: "Content-Type: multipart/mixed; boundary=\"B \"\n\n--B \n\none\n--B\n\ntwo\n--B --\nx\n", want: []string{"1 text/plain: one", "2 text/plain: two"}},
		{name: "a blank before the closing dashes", raw: mixed + "--B\n\none\n--B --\n--B--\n", want: []string{"1 text/plain: one\n--B --"}},
		{name: "blanks behind delimiters", raw: mixed + "--B \t\n\none\n--B--\t \n", want: []string{"1 text/plain: one"}},
		{name: "text behind a delimiter", raw: mixed + "--B\n\none\n--B x\n--BB\n --B\n>--B--\n--B--\n", want: []string{"1 text/plain: one\n--B x\n--BB\n --B\n>--B--"}},
		{name: "not closed", raw: mixed + "--B\n\none\n--B\n\ntwo\n", want: []string{"1 text/plain: one", "2 text/plain: two\n"}},
		{name: "cut off in a header", raw: mixed + "--B\n\none\n--B\nContent-Type: a/b", want: []string{"1 text/plain: one", "2 a/b: "}},
		{name: "header without an empty line", raw: mixed + "--B\nContent-Type: a/b\n--B\n\ntwo\n--B--", want: []string{"1 a/b: ", "2 text/plain: two"}},
		{name: "empty parts", raw: mixed + "--B\n--B\n\n--B--", want: []string{"1 text/plain: ", "2 text/plain: "}},
		{name: "no empty line before the first delimiter", raw: "Content-Type: multipart/mixed; boundary=B\n--B\n\none\n--B--\n", want: []string{"1 text/plain: one"}},
		{
			name: "nested",
			raw: mixed + "--B\nContent-Type: multipart/alternative; boundary=\"C\"\n\n--C\n\none\n--C\nContent-Type: text/html\n\ntwo\n--C--\n" +
				"--B\n\nthree\n--B--\n",
			want: []string{"1.1 text/plain: one", "1.2 text/html: two", "2 text/plain: three"},
		},
		{
			name: "the parent's delimiter ends the children",
			raw:  mixed + "--B\nContent-Type: multipart/mixed; boundary=C\n\n--C\n\none\n--B\n\ntwo\n--C\n--B--\n",
			want: []string{"1.1 text/plain: one", "2 text/plain: two\n--C"},
		},
		{
			name: "inner boundary is a dash and the outer",
			raw:  mixed + "--B\nContent-Type: multipart/mixed; boundary=-B\n\n---B\n\none\n---B--\n--B\n\ntwo\n--B--\n",
			want: []string{"1.1 text/plain: one", "2 text/plain: two"},
		},
		{
			name: "inner boundary starts like the outer",
			raw:  "Content-Type: multipart/mixed; boundary=abc\n\n--abc\nContent-Type: multipart/mixed; boundary=\"abc d\"\n\n--abc d\n\none\n--abc d--\n--abc\n\ntwo\n--abc--\n",
			want: []string{"1.1 text/plain: one", "2 text/plain: two"},
		},
		{
			name: "the same boundary inside",
			raw:  mixed + "--B\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\none\n--B--\n--B\n\ntwo\n--B--\n",
			want: []string{"1.1 text/plain: one", "2 text/plain: two"},
		},
		{
			name: "digest",
			raw:  "Content-Type: multipart/digest; boundary=B\n\n--B\n\nSubject: in\n\nx\n--B\nContent-Type: text/plain\n\ny\n--B--\n",
			want: []string{"1 message/rfc822: Subject: in\n\nx", "2 text/plain: y"},
		},
		{
			name: "an attached message stays whole",
			raw:  mixed + "--B\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=C\n\n--C\n\nin\n--C--\n--B--\n",
			want: []string{"1 message/rfc822: Content-Type: multipart/mixed; boundary=C\n\n--C\n\nin\n--C--"},
		},
		{name: "no boundary", raw: "Content-Type: multipart/mixed\n\n--B\n\none\n--B--\n", malformed: true, want: []string{"1 multipart/mixed: --B\n\none\n--B--\n"}},
		{name: "boundary that never appears", raw: mixed + "--C\n\none\n--C--\n", malformed: true, want: []string{"1 multipart/mixed: --C\n\none\n--C--\n"}},
		{
			name:      "inner boundary that never appears",
			raw:       mixed + "--B\nContent-Type: multipart/mixed; boundary=C\n\none\n--B\n\ntwo\n--B--\n",
			malformed: true, want: []string{"1 multipart/mixed: one", "2 text/plain: two"},
		},
	}
	for _, tc := range tests {
		for _, ends := range []string{"LF", "CRLF"} {
			t.Run(tc.name+"/"+ends, func(t *testing.T) {
				t.Parallel()
				raw := tc.raw
				if ends == "CRLF" {
					raw = crlf(raw)
				}
				m := parse(t, raw)
				if diff := cmp.Diff(tc.want, outline(t, m)); diff != "" {
					t.Errorf("parts (-want +got):\n%s", diff)
				}
				if got := m.Malformed != ""; got != tc.malformed {
					t.Errorf("Malformed: got %q, want one: %v", m.Malformed, tc.malformed)
				}
				if m.Size != int64(len(raw)) {
					t.Errorf("Size: got %d, want %d", m.Size, len(raw))
				}
			})
		}
	}
}

func TestAlternative(t *testing.T) {
	t.Parallel()
	m := parse(t, "Content-Type: multipart/mixed; boundary=A\n\n--A\nContent-Type: multipart/alternative; boundary=B\n\n"+
		"--B\n\n1\n--B\nContent-Type: multipart/related; boundary=C\n\n--C\n\n2\n--C--\n--B--\n--A\n\n3\n--A--\n")
	var got []bool
	for _, p := range m.Parts {
		got = append(got, p.Alternative)
	}
	if diff := cmp.Diff([]bool{true, true, false}, got); diff != "" {
		t.Errorf("Alternative (-want +got):\n%s", diff)
	}
}

// A delimiter, a header or a line end may stand anywhere in the window.
func TestWindowEdges(t *testing.T) {
	t.Parallel()
	const window = 256 << 10
	const head = "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\n"
	const second = "\r\n--B\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUFB\r\n--B--\r\n"
	for shift := range len(second) + 8 {
		first := strings.Repeat("-", window-len(head)-shift)
		m := parse(t, head+first+second)
		if len(m.Parts) != 2 {
			t.Fatalf("shift %d: got %d parts, want 2", shift, len(m.Parts))
		}
		if got, _ := decode(t, m, 0); got != first {
			t.Errorf("shift %d: first part has %d bytes, want %d", shift, len(got), len(first))
		}
		if got, _ := decode(t, m, 1); got != "AAA" {
			t.Errorf("shift %d: second part: got %q, want AAA", shift, got)
		}
	}
}

func TestOriginal(t *testing.T) {
	t.Parallel()
	raw := crlf("Received: by x\nSubject: y\n\nHello\n") + "mixed\n"
	m := parse(t, raw)
	var out bytes.Buffer
	c, err := m.Original(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != raw || c.Size != int64(len(raw)) || c.Digest.String() != digest([]byte(raw)) || c.Damaged != "" {
		t.Errorf("Original: got %q, %+v", out.String(), c)
	}
	if want := digest([]byte("Received: by x\r\nSubject: y\r\n")); m.HeaderDigest.String() != want {
		t.Errorf("HeaderDigest: got %s, want %s", m.HeaderDigest, want)
	}
	if m.FirstField != "received" {
		t.Errorf("FirstField: got %q, want received", m.FirstField)
	}
}

// brokenReader fails behind n bytes.
type brokenReader struct {
	n   int64
	err error
}

func (r brokenReader) ReadAt(p []byte, off int64) (int, error) {
	n := max(0, min(int64(len(p)), r.n-off))
	for i := range p[:n] {
		p[i] = 'a'
	}
	if int(n) < len(p) {
		return int(n), r.err
	}
	return int(n), nil
}

func TestSourceErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	tests := []struct {
		name       string
		fail, want error
	}{
		{"read error", broken, broken},
		{"shorter than it said", io.EOF, io.ErrUnexpectedEOF},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, lim := range []message.Limits{{}, {Bytes: 10}} {
				m, err := message.NewParser(lim).Parse(t.Context(), brokenReader{1000, tc.fail}, 2000)
				if m != nil || !errors.Is(err, tc.want) || fault.Of(err) != fault.Transient {
					t.Errorf("Parse within %+v: got %v, %v (%v); want no message and %v, transient", lim, m, err, fault.Of(err), tc.want)
				}
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	m := parse(t, "Subject: x\n\n"+strings.Repeat("a", 1<<20))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Decode(ctx, 0, io.Discard); !errors.Is(err, context.Canceled) || fault.Of(err) != fault.Interrupted {
		t.Errorf("Decode: got %v, want %v", err, context.Canceled)
	}
	if _, err := message.NewParser(message.Limits{}).Parse(ctx, strings.NewReader("a: b\n"), 5); !errors.Is(err, context.Canceled) {
		t.Errorf("Parse: got %v, want %v", err, context.Canceled)
	}
}

// failingWriter fails at once.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestWriterError(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	for _, encoding := range []string{"7bit", "base64", "quoted-printable"} {
		m := parse(t, "Content-Transfer-Encoding: "+encoding+"\n\n"+strings.Repeat("YWFh\n", 100_000))
		if _, err := m.Decode(t.Context(), 0, failingWriter{full}); !errors.Is(err, full) {
			t.Errorf("%s: got %v, want %v", encoding, err, full)
		}
	}
}

// slow waits before each read or write.
type slow struct {
	io.ReaderAt
	wait time.Duration
}

func (s slow) ReadAt(p []byte, off int64) (int, error) {
	time.Sleep(s.wait)
	return s.ReaderAt.ReadAt(p, off)
}

func (s slow) Write(p []byte) (int, error) {
	time.Sleep(s.wait)
	return len(p), nil
}

// A slow disk is not the message's fault: it must not be held for it.
func TestWaitingIsNotCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		raw := "Subject: x\n\n" + strings.Repeat("a", 1<<20)
		src := slow{strings.NewReader(raw), time.Hour}
		m, err := message.NewParser(message.Limits{}).Parse(t.Context(), src, int64(len(raw)))
		if err != nil {
			t.Fatalf("Parse: %v", err)
		}
		if _, err := m.Decode(t.Context(), 0, src); err != nil {
			t.Errorf("Decode: %v", err)
		}
	})
}
