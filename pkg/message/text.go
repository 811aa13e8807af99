package message

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// byteOrderMark begins HTML whose own word on its charset is no longer true: the mark
// counts more (HTML, "encoding sniffing algorithm").
const byteOrderMark = "\uFEFF"

// DecodeText is Decode for text: what is written is UTF-8, whatever the part's charset
// is, otherwise as sent, line ends too. Size and digest are those of what is written.
//
// A byte order mark is believed before the label, and the label unless the bytes cannot
// be what it says. Where it is absent, unknown or us-ascii, and where it says UTF-8
// against the bytes, the text is read as UTF-8 if that breaks no more characters than it
// finds, else as HTML itself says, else as Windows-1252. What the charset does not have
// becomes U+FFFD, and Content.Damaged says how often. HTML starts with a byte order mark
// if it had one, or if its bytes were changed, for a charset that it names is no longer
// its own; plain text never does. Errors are those of Decode.
func (m *Message) DecodeText(ctx context.Context, i int, w io.Writer) (Content, error) {
	part := &m.Parts[i]
	s := newSurvey(part.Charset, part.Type == "text/html")
	if _, err := m.decode(ctx, i, m.sink(counted{&m.clock, s})); err != nil {
		return Content{}, err
	}
	if err := s.close(); err != nil {
		return Content{}, fmt.Errorf("read text of part %s: %w", part.ID, err)
	}
	enc, mark := s.choose()
	t := newTextWriter(m, w, enc, mark)
	if s.html && (mark > 0 || s.changes(enc)) {
		t.out.buf = append(t.out.buf, byteOrderMark...)
	}
	c, err := m.decode(ctx, i, m.sink(counted{&m.clock, t}))
	if err != nil {
		return Content{}, err
	}
	if err := t.close(); err != nil {
		return Content{}, fmt.Errorf("decode part %s: %w", part.ID, err)
	}
	t.out.hash.Sum(c.Digest[:0])
	c.Size = t.out.size
	if n := int(t.replaced) - s.kept(enc); n > 0 {
		c.Damaged = both(c.Damaged, fmt.Sprintf("%d characters not valid in its charset replaced", n))
	}
	return c, nil
}

// both joins what is said of two kinds of damage.
func both(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// textWriter converts what is written to it.
type textWriter struct {
	clock    *clock
	mark     int // bytes of the byte order mark still to come
	convert  *transform.Writer
	replaced faultCounter
	out      sink
}

func newTextWriter(m *Message, w io.Writer, enc encoding.Encoding, mark int) *textWriter {
	hash := m.parser.hash
	hash.Reset()
	t := &textWriter{clock: &m.clock, mark: mark, out: sink{w: w, clock: &m.clock, hash: hash, buf: make([]byte, 0, outSize)}}
	t.convert = transform.NewWriter(io.MultiWriter(&t.replaced, sinkWriter{&t.out}), enc.NewDecoder())
	return t
}

// Write implements io.Writer.
func (t *textWriter) Write(p []byte) (int, error) {
	n := min(t.mark, len(p))
	t.mark -= n
	k, err := t.convert.Write(p[n:])
	return n + k, err
}

func (t *textWriter) close() error {
	t.clock.start()
	defer t.clock.stop()
	if err := t.convert.Close(); err != nil {
		return err
	}
	return t.out.flush()
}

// counted is a writer whose work is ours, and no waiting for others.
type counted struct {
	clock *clock
	w     io.Writer
}

func (c counted) Write(p []byte) (int, error) {
	c.clock.start()
	defer c.clock.stop()
	return c.w.Write(p)
}

// sinkWriter is a sink as a writer.
type sinkWriter struct{ out *sink }

func (w sinkWriter) Write(p []byte) (int, error) { return len(p), w.out.write(p) }

// changes reports whether the bytes are others in UTF-8.
func (s *survey) changes(enc encoding.Encoding) bool {
	switch enc {
	case unicode.UTF8:
		return s.broken > 0
	case utf16LE, utf16BE:
		return s.size > 0
	}
	return s.broken+s.whole > 0 || s.shifted
}

// kept is how many replacement characters of the text were sent.
func (s *survey) kept(enc encoding.Encoding) int {
	if enc == unicode.UTF8 {
		return s.marks
	}
	return 0
}
