package message

import (
	"encoding/binary"
	"errors"
	"math"
)

// The BER tags (X.690 §8.1.2) that CMS is read by.
const (
	tagEnd         = 0x00 // end-of-contents
	tagOctets      = 0x04
	tagOID         = 0x06
	tagSequence    = 0x30
	tagOctetChunks = 0x24 // an OCTET STRING in pieces
	tagContext0    = 0xa0

	constructed = 0x20
	longTag     = 0x1f
)

// maxChunks is how deep pieces of an OCTET STRING are read that are in pieces themselves.
const maxChunks = 8

// errBER: the bytes are not BER, or not where they should be.
var errBER = errors.New("not BER")

// element is the head of a BER element.
type element struct {
	tag byte
	end int64 // where it ends; -1: at its end-of-contents
}

// element reads the head of the next element.
func (s *stream) element() (element, error) {
	b, err := s.take(2)
	if err != nil {
		return element{}, err
	}
	tag, length := b[0], int64(b[1])
	switch {
	case tag&longTag == longTag:
		return element{}, errBER
	case length == 0x80:
		if tag&constructed == 0 {
			return element{}, errBER
		}
		return element{tag, -1}, nil
	case length > 0x88:
		return element{}, errBER
	case length > 0x80:
		if b, err = s.take(int(length - 0x80)); err != nil {
			return element{}, err
		}
		var full [8]byte
		copy(full[8-len(b):], b)
		n := binary.BigEndian.Uint64(full[:])
		if n > math.MaxInt64-uint64(s.at) {
			return element{}, errBER
		}
		length = int64(n)
	}
	return element{tag, s.at + length}, nil
}

// enter reads the head of the next element, which must have this tag.
func (s *stream) enter(tag byte) (element, error) {
	e, err := s.element()
	if err == nil && e.tag != tag {
		err = errBER
	}
	return e, err
}

// pass skips a whole element.
func (s *stream) pass() error {
	for open := 0; ; {
		e, err := s.element()
		if err != nil {
			return err
		}
		switch {
		case e.end < 0:
			open++
		case e.tag == tagEnd && e.end == s.at:
			open--
		default:
			err = s.skip(e.end - s.at)
		}
		if err != nil || open <= 0 {
			return err
		}
	}
}
