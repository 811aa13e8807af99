package message

import (
	"bufio"
	"errors"
	"io"
)

// stream reads the decoded bytes of a wrapper once, front to back.
type stream struct {
	r  *bufio.Reader
	at int64 // offset of the next byte
}

// streamSize is how many bytes take returns at most.
const streamSize = 64 << 10

func newStream(r io.Reader) *stream { return &stream{r: bufio.NewReaderSize(r, streamSize)} }

// reset turns to other bytes, from their start.
func (s *stream) reset(r io.Reader) {
	s.r.Reset(r)
	s.at = 0
}

// take returns the next n bytes, which are good until the next call: io.ErrUnexpectedEOF
// where there are fewer, of which none is taken then.
func (s *stream) take(n int) ([]byte, error) {
	b, err := s.r.Peek(n)
	if err != nil {
		return nil, cutOff(err)
	}
	s.at += int64(n)
	_, err = s.r.Discard(n)
	return b, err
}

// skip passes n bytes: io.ErrUnexpectedEOF where there are fewer.
func (s *stream) skip(n int64) error {
	for n > 0 {
		step := int(min(n, 1<<30))
		done, err := s.r.Discard(step)
		s.at += int64(done)
		n -= int64(done)
		if err != nil {
			return cutOff(err)
		}
	}
	return nil
}

// line returns the next line with its end, or as much of it as is at hand where it is
// very long; io.EOF at the end.
func (s *stream) line() ([]byte, error) {
	b, err := s.r.ReadSlice('\n')
	s.at += int64(len(b))
	if len(b) > 0 && (errors.Is(err, bufio.ErrBufferFull) || errors.Is(err, io.EOF)) {
		err = nil
	}
	return b, err
}

// cutOff makes the end of the bytes an error.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// inner is a part found in a wrapper.
type inner struct {
	part Part // what is known of it: Name, Type, Charset, ContentID, Disposition, Encoding, Body
	body span // in the wrapper's decoded bytes; what undoes part.Encoding reads it
}
