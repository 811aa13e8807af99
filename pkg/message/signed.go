package message

import (
	"errors"
	"io"
)

// The content types of CMS that are told apart, as they are encoded.
const (
	oidSigned             = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidEnveloped          = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
	oidSignedAndEnveloped = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x04" // PKCS #7 1.5 (RFC 2315 §11)
	oidEncrypted          = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"
	oidAuthEnveloped      = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17" // RFC 5083 §2.1
)

// maxOID is longer than the object identifiers of CMS.
const maxOID = 64

// errEncrypted: the content cannot be read without a key.
var errEncrypted = errors.New("encrypted")

// enterSigned reads CMS up to the content of signed data (RFC 5652 §5.2), and returns the
// head of the OCTET STRING that it is. Errors: errEncrypted, errNotWrapped for all that
// has no content, and those of the stream.
func enterSigned(s *stream) (element, error) {
	e, err := s.signedContent()
	if errors.Is(err, errBER) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errNotWrapped
	}
	return e, err
}

func (s *stream) signedContent() (element, error) {
	if _, err := s.enter(tagSequence); err != nil {
		return element{}, err
	}
	oid, err := s.oid()
	if err != nil {
		return element{}, err
	}
	switch string(oid) {
	case oidSigned:
	case oidEnveloped, oidSignedAndEnveloped, oidEncrypted, oidAuthEnveloped:
		return element{}, errEncrypted
	default:
		return element{}, errNotWrapped
	}
	for _, tag := range []byte{tagContext0, tagSequence} {
		if _, err := s.enter(tag); err != nil {
			return element{}, err
		}
	}
	for range 2 { // the version, and the digest algorithms
		if err := s.pass(); err != nil {
			return element{}, err
		}
	}
	return s.encapsulated()
}

// encapsulated reads the head of the content in an EncapsulatedContentInfo.
func (s *stream) encapsulated() (element, error) {
	info, err := s.enter(tagSequence)
	if err != nil {
		return element{}, err
	}
	if _, err := s.oid(); err != nil {
		return element{}, err
	}
	if s.at == info.end { // a signature, or certificates, alone
		return element{}, errNotWrapped
	}
	if _, err := s.enter(tagContext0); err != nil {
		return element{}, err
	}
	e, err := s.element()
	if err == nil && e.tag != tagOctets && e.tag != tagOctetChunks {
		err = errNotWrapped
	}
	return e, err
}

// oid reads an object identifier.
func (s *stream) oid() ([]byte, error) {
	e, err := s.enter(tagOID)
	if err != nil {
		return nil, err
	}
	n := e.end - s.at
	if n > maxOID {
		return nil, errBER
	}
	return s.take(int(n))
}

// content reads the content of signed data, whose pieces it puts together.
type content struct {
	in    *stream
	begun bool
	chunk int64     // where the piece in hand ends
	open  []element // what it lies in
	wrong string    // why it ends where it does; "": it ends there
}

// restart prepares to read what in has.
func (c *content) restart(in *reader) {
	c.in.reset(in)
	*c = content{in: c.in, open: c.open[:0]}
}

// Read implements io.Reader. Errors of the first call are those of enterSigned, too.
func (c *content) Read(p []byte) (int, error) {
	if err := c.more(); err != nil {
		return 0, err
	}
	n, err := c.in.r.Read(p[:min(int64(len(p)), c.chunk-c.in.at)])
	return n, c.passed(n, err)
}

// discard passes up to n bytes.
func (c *content) discard(n int64) (int64, error) {
	if err := c.more(); err != nil {
		return 0, err
	}
	k, err := c.in.r.Discard(int(min(n, c.chunk-c.in.at, streamSize)))
	return int64(k), c.passed(k, err)
}

// more sees to it that a piece is in hand; io.EOF where there is none.
func (c *content) more() error {
	if !c.begun {
		if err := c.begin(); err != nil {
			return err
		}
	}
	for c.in.at == c.chunk {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// passed counts n bytes of the piece in hand.
func (c *content) passed(n int, err error) error {
	c.in.at += int64(n)
	if errors.Is(err, io.EOF) {
		return c.stop("the signed content is cut short")
	}
	return err
}

func (c *content) begin() error {
	e, err := enterSigned(c.in)
	if err != nil {
		return err
	}
	c.begun, c.chunk = true, c.in.at
	if e.tag == tagOctets {
		c.chunk = e.end
	} else {
		c.open = append(c.open, e)
	}
	return nil
}

// next finds the next piece; io.EOF where there is none.
func (c *content) next() error {
	for len(c.open) > 0 {
		top := c.open[len(c.open)-1]
		if top.end == c.in.at {
			c.open = c.open[:len(c.open)-1]
			continue
		}
		e, err := c.in.element()
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return c.stop("the signed content is cut short")
		case err != nil && !errors.Is(err, errBER):
			return err
		case err != nil || top.end >= 0 && e.end > top.end:
			return c.stop("the signed content is not well formed")
		case e.tag == tagEnd && e.end == c.in.at && top.end < 0:
			c.open = c.open[:len(c.open)-1]
		case e.tag == tagOctets:
			c.chunk = e.end
			return nil
		case e.tag == tagOctetChunks && len(c.open) < maxChunks:
			c.open = append(c.open, e)
		default:
			return c.stop("the signed content is not well formed")
		}
	}
	return io.EOF
}

// stop ends the content before its end.
func (c *content) stop(why string) error {
	c.wrong, c.open, c.chunk = why, c.open[:0], c.in.at
	return io.EOF
}
