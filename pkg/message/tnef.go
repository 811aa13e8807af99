package message

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"mailchute/pkg/fault"
)

const (
	tnefSignature = 0x223E9F78
	tnefHead      = 4 + 2     // bytes: the signature and a key that means nothing to us
	tnefDepth     = 5         // of messages in messages
	attributeHead = 1 + 4 + 4 // bytes: level, id and length
)

// The attributes that are read (MS-OXTNEF §2.1.3.2).
const (
	attAttachTitle    = 0x00018010
	attSubject        = 0x00018004
	attBody           = 0x0002800C
	attAttachData     = 0x0006800F
	attAttachRendData = 0x00069002
	attMsgProps       = 0x00069003
	attAttachment     = 0x00069005
	attOemCodepage    = 0x00069007
)

// damage is what is wrong with a stretch of a TNEF stream: what is behind it can be read.
type damage string

func (d damage) Error() string { return string(d) }

const errBeyond = damage("a length reaches beyond what it is in")

// tnefReader goes once through a TNEF stream (MS-OXTNEF). Every length is held against
// the end of what it is in, and every step of every loop uses bytes up: the cost is
// linear, whatever the counts say.
type tnefReader struct {
	s      *stream
	end    int64 // of what is being read; MaxInt64: nobody has told
	limit  int   // of files
	files  int
	texts  int // bytes of what is kept of their names
	whole  int // attributes read to their end
	broken string
}

// readTNEF finds the files in a TNEF stream, in its order, those of a message in it where
// that message is: what people read of it first. The bodies of the stream's own message
// come before all files: HTML, RTF, plain text. It holds none of their bytes. broken says
// what is wrong; the files found are whole all the same.
func readTNEF(s *stream, limit int) (found []inner, broken string, err error) {
	r := &tnefReader{s: s, end: math.MaxInt64, limit: limit}
	head, err := s.take(tnefHead)
	if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && !isTNEF(head) {
		return nil, "", errNotWrapped
	}
	if err != nil {
		return nil, "", err
	}
	m := &tnefMessage{depth: 1}
	switch err := r.message(m); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.damaged("cut short")
	case err != nil:
		return nil, "", err
	}
	if r.whole == 0 {
		return nil, "", errNotWrapped
	}
	bodies := m.bodies()
	if err := r.count(len(bodies)); err != nil {
		return nil, "", err
	}
	return append(bodies, m.files...), r.broken, nil
}

func isTNEF(head []byte) bool { return binary.LittleEndian.Uint32(head) == tnefSignature }

// damaged keeps the first of what is wrong.
func (r *tnefReader) damaged(what string) {
	if r.broken == "" {
		r.broken = what
	}
}

// count counts files against the limit.
func (r *tnefReader) count(n int) error {
	if r.files += n; r.files > r.limit {
		return fault.Markf(fault.Poison, fault.OverLimits, "TNEF attachment brings the message to more parts than it may have")
	}
	return nil
}

// message reads attributes to the end of what is being read.
func (r *tnefReader) message(m *tnefMessage) error {
	err := r.attributes(m)
	if closed := r.closeFile(m); err == nil {
		err = closed
	}
	return err
}

func (r *tnefReader) attributes(m *tnefMessage) error {
	for {
		more, err := r.more()
		if err != nil || !more {
			return err
		}
		head, err := r.take(attributeHead)
		if err != nil {
			return err
		}
		id, size := binary.LittleEndian.Uint32(head[1:]), binary.LittleEndian.Uint32(head[5:])
		if err := r.within(int64(size), func() error { return r.attribute(m, id) }); err != nil {
			return err
		}
		r.whole++
		if err := r.skip(2); err != nil { // the checksum, which many writers get wrong
			return err
		}
	}
}

// more reports whether another attribute starts here. White space and zeros may follow
// the last one, and a few bytes that cannot be one's head.
func (r *tnefReader) more() (bool, error) {
	n := min(attributeHead, r.left())
	head, err := r.s.r.Peek(int(n))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if len(head) == 0 {
		return false, r.ended()
	}
	if head[0] == 1 || head[0] == 2 { // the levels that there are
		switch {
		case int64(len(head)) < n:
			return false, io.ErrUnexpectedEOF
		case n < attributeHead:
			return false, errBeyond
		}
		return true, nil
	}
	return false, r.garbage(len(head) < attributeHead)
}

// garbage passes what is behind the last attribute, and says so unless it is blank.
func (r *tnefReader) garbage(tolerated bool) error {
	for {
		rest, err := r.s.r.Peek(int(min(streamSize, r.left())))
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(rest) == 0 {
			return r.ended()
		}
		if !tolerated && len(bytes.Trim(rest, "\x00 \t\r\n")) > 0 {
			r.damaged("something that is no attribute follows the attributes")
		}
		if err := r.s.skip(int64(len(rest))); err != nil {
			return err
		}
	}
}

// ended is the error of a stream that ends before what is being read does.
func (r *tnefReader) ended() error {
	if r.left() > 0 && r.end != math.MaxInt64 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// attribute reads what is of use in the attribute that the reader is within.
func (r *tnefReader) attribute(m *tnefMessage, id uint32) error {
	switch id {
	case attOemCodepage:
		return r.number(&m.page)
	case attSubject:
		return r.text(&m.title, typeString8, m.page)
	case attBody:
		return r.body(m, plainBody, typeString8)
	case attMsgProps:
		return r.properties(func(p property) error { return r.messageProperty(m, p) })
	case attAttachRendData:
		if err := r.closeFile(m); err != nil {
			return err
		}
		m.file = &tnefFile{}
	case attAttachTitle:
		return r.text(&m.open().title, typeString8, m.page)
	case attAttachData:
		return r.data(m.open())
	case attAttachment:
		return r.properties(func(p property) error { return r.fileProperty(m, p) })
	}
	return nil
}

// within reads n bytes, and passes those of them that read leaves. Damage in them is said,
// and is none to what follows.
func (r *tnefReader) within(n int64, read func() error) error {
	if n > r.left() {
		return errBeyond
	}
	outer := r.end
	r.end = r.s.at + n
	err := read()
	if d := damage(""); errors.As(err, &d) {
		r.damaged(string(d))
		err = nil
	}
	if err == nil {
		err = r.skip(r.left())
	}
	r.end = outer
	return err
}

// left is how many bytes there are to the end of what is being read.
func (r *tnefReader) left() int64 { return r.end - r.s.at }

// take returns the next n bytes, which are good until the next step.
func (r *tnefReader) take(n int) ([]byte, error) {
	if int64(n) > r.left() {
		return nil, errBeyond
	}
	return r.s.take(n)
}

func (r *tnefReader) skip(n int64) error {
	if n > r.left() {
		return errBeyond
	}
	return r.s.skip(n)
}

// number reads 32 bits.
func (r *tnefReader) number(into *uint32) error {
	b, err := r.take(4)
	if err == nil {
		*into = binary.LittleEndian.Uint32(b)
	}
	return err
}
