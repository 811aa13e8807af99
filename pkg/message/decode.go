package message

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
)

const (
	// outBlock is how many decoded bytes are written at once, as long as there are more: a
	// file system takes a large part of a file that is aligned for a third less than small
	// ones.
	outBlock = 256 << 10
	// outSize is how many are collected at most: a piece of base64 more.
	outSize = outBlock + base64Piece
)

// transfer undoes one transfer encoding.
type transfer interface {
	// decode takes encoded bytes and returns how many it has used up. What it leaves
	// comes again with more behind it; it may leave all only of less than maxLine
	// bytes, and nothing when last is set.
	decode(src []byte, last bool, out *sink) (int, error)
	// damage says what was wrong, "" for nothing. Asked after the end.
	damage() string
}

// maxLine is how much of a line a transfer may ask to see whole.
const maxLine = 32 << 10

// errNotEncoded: the body does not have the encoding that its header names. It comes from
// decode only before anything was used up, so that nothing must be read again.
var errNotEncoded = errors.New("not in the encoding it is labelled with")

// Decode writes part i with its transfer encoding undone to w, and tells its size and
// digest. Damage to the encoding is no error: see Content.Damaged. An encoding that we
// do not know leaves the bytes as they are. Errors are those of the source and of w, the
// context's, and fault.OverLimits when the message has used up its time.
func (m *Message) Decode(ctx context.Context, i int, w io.Writer) (Content, error) {
	return m.decode(ctx, i, m.digesting(w))
}

func (m *Message) decode(ctx context.Context, i int, out *sink) (Content, error) {
	part := &m.Parts[i]
	c, err := m.copy(ctx, part.source, part.body, part.Encoding, out)
	if err != nil {
		return Content{}, fmt.Errorf("decode part %s: %w", part.ID, err)
	}
	return c, nil
}

// Original writes the whole message to w as it was sent. Errors are those of Decode.
func (m *Message) Original(ctx context.Context, w io.Writer) (Content, error) {
	c, err := m.copy(ctx, 0, span{0, m.Size}, "", m.digesting(w))
	if err != nil {
		return Content{}, fmt.Errorf("copy message: %w", err)
	}
	return c, nil
}

// transfers undo transfer encodings, with buffers that they keep.
type transfers struct {
	base64 base64Decoder
	quoted quotedDecoder
}

// transfer picks the decoder for an encoding (RFC 2045 §6), one at a time.
func (t *transfers) transfer(encoding string) transfer {
	switch encoding {
	case "base64":
		t.base64 = base64Decoder{chars: t.base64.chars}
		return &t.base64
	case "quoted-printable":
		t.quoted = quotedDecoder{}
		return &t.quoted
	case "x-uuencode", "uuencode", "x-uue", "uue", "x-uu", "uu":
		return &uuDecoder{}
	case "x-lzfu":
		return &lzfuDecoder{}
	case "x-yenc":
		return &yencDecoder{}
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit":
		return identity{}
	}
	return identity{fmt.Sprintf("unknown transfer encoding %q: kept as sent", encoding)}
}

// isIdentity reports whether an encoding leaves the bytes as they are.
func isIdentity(encoding string) bool {
	_, ok := (&transfers{}).transfer(encoding).(identity)
	return ok
}

// copy undoes the transfer encoding of a range of a source into out.
func (m *Message) copy(ctx context.Context, source int, s span, encoding string, out *sink) (Content, error) {
	m.hold(source)
	m.clock.start()
	defer m.clock.stop()
	in := &m.parser.in
	in.seek(s)
	t := m.parser.transfer(encoding)
	for {
		last := in.last()
		n, err := t.decode(in.rest(), last, out)
		if errors.Is(err, errNotEncoded) {
			t = identity{fmt.Sprintf("not in %s as labelled: kept as sent", encoding)}
			continue
		}
		if err != nil {
			return Content{}, err
		}
		in.advance(n)
		if last {
			break
		}
		if err := in.fill(ctx); err != nil {
			return Content{}, err
		}
	}
	if err := out.flush(); err != nil {
		return Content{}, err
	}
	c := Content{Size: out.size, Damaged: t.damage()}
	if out.hash != nil {
		out.hash.Sum(m.parser.sum[:0])
		c.Digest = m.parser.sum
	}
	return c, nil
}

// sink collects decoded bytes, and counts what it writes.
type sink struct {
	w     io.Writer
	clock *clock
	hash  hash.Hash // of what is written; nil: nobody wants it
	buf   []byte
	size  int64
}

// sink is the parser's one, made ready to write to w.
func (m *Message) sink(w io.Writer) *sink {
	out := &m.parser.out
	*out = sink{w: w, clock: &m.clock, buf: out.buf[:0]}
	return out
}

// digesting is a sink that digests what it writes.
func (m *Message) digesting(w io.Writer) *sink {
	out := m.sink(w)
	out.hash = m.parser.hash
	out.hash.Reset()
	return out
}

// room makes place for n bytes, at most base64Piece, behind buf.
func (s *sink) room(n int) error {
	if cap(s.buf)-len(s.buf) >= n {
		return nil
	}
	block := min(outBlock, len(s.buf))
	err := s.emit(s.buf[:block])
	s.buf = s.buf[:copy(s.buf, s.buf[block:])]
	return err
}

func (s *sink) write(p []byte) error {
	if len(p) > base64Piece {
		if err := s.flush(); err != nil {
			return err
		}
		return s.emit(p)
	}
	if err := s.room(len(p)); err != nil {
		return err
	}
	s.buf = append(s.buf, p...)
	return nil
}

func (s *sink) writeByte(c byte) error {
	if err := s.room(1); err != nil {
		return err
	}
	s.buf = append(s.buf, c)
	return nil
}

func (s *sink) flush() error {
	err := s.emit(s.buf)
	s.buf = s.buf[:0]
	return err
}

func (s *sink) emit(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if s.hash != nil {
		s.hash.Write(p)
	}
	s.size += int64(len(p))
	s.clock.stop()
	defer s.clock.start()
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

// identity passes bytes on as they are.
type identity struct{ damaged string }

func (identity) decode(src []byte, _ bool, out *sink) (int, error) {
	return len(src), out.write(src)
}

func (i identity) damage() string { return i.damaged }
