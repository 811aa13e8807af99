package message

import (
	"context"
	"errors"
	"io"
	"math"
)

// source is where spans count: the message, or the bytes of a wrapper in it.
type source interface {
	// readAt is io.ReaderAt. Reading on at or behind the present position is cheap;
	// before it, the bytes of a wrapper are decoded again from their start.
	readAt(ctx context.Context, p []byte, off int64) (int, error)
}

// readAt reads the message itself.
func (m *Message) readAt(ctx context.Context, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := m.clock.check(); err != nil {
		return 0, err
	}
	m.clock.stop()
	defer m.clock.start()
	return m.src.ReadAt(p, off)
}

// wrapped describes a source that is no message: what there is in a span of another one,
// its transfer encoding undone.
type wrapped struct {
	parent   int // of Message.sources
	body     span
	encoding string
	signed   bool // the content of S/MIME signed data; it has no transfer encoding
	depth    int  // wrappers that it lies in
	length   int  // steps from it to the message
}

// add makes what there is in a span of a source a source of its own, and returns its
// number.
func (m *Message) add(w wrapped) int {
	if w.parent > 0 {
		up := m.sources[w.parent-1]
		w.depth, w.length = up.depth, up.length
	}
	w.length++
	if !w.signed { // which lies in what its part decodes to, and counts with it
		w.depth++
	}
	m.sources = append(m.sources, w)
	return len(m.sources)
}

// damage says what was wrong with the transfer encoding of a source that was read to its
// end just now.
func (m *Message) damage(number int) string {
	n := m.sources[number-1].length
	s := &m.lanes[n-1][n-1]
	if s.number != number || s.source != &s.forward || s.forward.from != s.forward.decoder {
		return ""
	}
	return s.forward.decoder.transfer.damage()
}

// depth is how many wrappers a source lies in.
func (m *Message) depth(source int) int {
	if source == 0 {
		return 0
	}
	return m.sources[source-1].depth
}

// open returns the source of a number, at whatever position. It is good until another
// one is opened that has as many steps to the message: these share their readers, and
// sources further in have readers of their own. So all are read front to back when their
// parts are read in order, whichever lie in which.
func (m *Message) open(number int) source {
	if number == 0 {
		return m
	}
	n := m.sources[number-1].length
	for len(m.lanes) < n {
		m.lanes = append(m.lanes, make(lane, len(m.lanes)+1))
	}
	return m.lanes[n-1].open(m, number)
}

// lane holds the readers between the message and a source, the outermost first.
type lane []step

// step is one of them, with the buffers that the next one of its place takes over.
type step struct {
	number  int // of the source
	source  source
	forward forward
}

func (l lane) open(m *Message, number int) source {
	if number == 0 {
		return m
	}
	w := m.sources[number-1]
	parent := l.open(m, w.parent)
	s := &l[w.length-1]
	if s.number == number {
		return s.source
	}
	s.number = number
	if !w.signed && isIdentity(w.encoding) {
		s.source = &section{of: parent, span: w.body}
		return s.source
	}
	s.forward.reset(reader{src: parent, at: w.body.start, end: w.body.end}, w, &m.clock)
	s.source = &s.forward
	return s.source
}

// section is a range of a source, read where it is.
type section struct {
	of source
	span
}

func (s *section) readAt(ctx context.Context, p []byte, off int64) (int, error) {
	left := s.end - s.start - off
	if left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) <= left {
		return s.of.readAt(ctx, p, s.start+off)
	}
	n, err := s.of.readAt(ctx, p[:left], s.start+off)
	if err == nil {
		err = io.EOF
	}
	return n, err
}

// forward reads a source front to back, and starts again where it has to.
type forward struct {
	start reader // what it is made from, as it was at the start
	in    reader
	from  interface { // decoder or content
		io.Reader
		restart(in *reader)
		discard(n int64) (int64, error)
	}
	at      int64 // offset of the next byte of from
	decoder *decoder
	content *content
}

// reset turns to another source, with the buffers there are.
func (f *forward) reset(in reader, w wrapped, c *clock) {
	f.start = in
	if w.signed {
		if f.content == nil {
			f.content = &content{in: newStream(nil)}
		}
		f.from = f.content
	} else {
		if f.decoder == nil {
			f.decoder = newDecoder()
		}
		f.decoder.encoding, f.decoder.out.clock = w.encoding, c
		f.from = f.decoder
	}
	f.rewind()
}

func (f *forward) rewind() {
	f.in, f.at = f.start, 0
	f.from.restart(&f.in)
}

func (f *forward) readAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < f.at {
		f.rewind()
	}
	f.in.ctx = ctx
	for f.at < off {
		n, err := f.from.discard(off - f.at)
		f.at += n
		if err != nil {
			return 0, f.failed(err)
		}
	}
	k, err := io.ReadFull(f.from, p)
	f.at += int64(k)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return k, f.failed(err)
}

// failed sees to it that the source is read anew behind an error that may pass.
func (f *forward) failed(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		f.at = math.MaxInt64
	}
	return err
}

// reader reads a range of a source.
type reader struct {
	ctx     context.Context // of the call in hand
	src     source
	at, end int64
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.end {
		return 0, io.EOF
	}
	n, err := r.src.readAt(r.ctx, p[:min(int64(len(p)), r.end-r.at)], r.at)
	r.at += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
