package message

import (
	"context"
	"errors"
)

// maxHead is how much of an attached message, or of a signed one, is searched for its
// header.
const maxHead = 64 << 10

// subject reads the subject of the attached message that part i is, if it has no name.
func (u *unwrapping) subject(ctx context.Context, i int) error {
	m := u.m
	if m.Parts[i].Name != "" {
		return nil
	}
	head, err := m.head(ctx, i, maxHead)
	if err != nil {
		return err
	}
	p := m.parser
	p.fields, p.charset = splitFields(p.fields, headerBlock(head)), ""
	s := cut(p.text(value(p.fields, "subject"), value(p.fields, "content-type")), maxName)
	if p.tally.texts+len(s) <= maxTexts { // beyond that, names count more
		p.tally.texts += len(s)
		m.Parts[i].Subject = s
	}
	return nil
}

// headerBlock is the header that text starts with.
func headerBlock(text []byte) []byte {
	for n := 0; n < len(text); {
		line := text[n : n+lineLength(text[n:])]
		if lineKind(line) == emptyLine && n > 0 {
			return text[:n]
		}
		n += len(line)
	}
	return text
}

// head returns the first n bytes of a decoded part, or all if there are fewer. They are
// good until the next call.
func (m *Message) head(ctx context.Context, i, n int) ([]byte, error) {
	p := &m.Parts[i]
	body := p.body
	body.end = min(body.end, body.start+4*int64(n)+1<<10) // quoted-printable takes three for one, and soft breaks
	h := headWriter{buf: m.parser.header[:0], most: n}
	_, err := m.copy(ctx, p.source, body, p.Encoding, m.sink(&h))
	m.parser.header = h.buf[:0]
	if errors.Is(err, errEnough) {
		err = nil
	}
	return h.buf, err
}

// headWriter keeps what is written to it first.
type headWriter struct {
	buf  []byte
	most int
}

// Write implements io.Writer.
func (h *headWriter) Write(p []byte) (int, error) {
	n := min(h.most-len(h.buf), len(p))
	h.buf = append(h.buf, p[:n]...)
	if len(h.buf) == h.most {
		return n, errEnough
	}
	return n, nil
}
