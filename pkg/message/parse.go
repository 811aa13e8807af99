package message

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"time"

	"mailchute/pkg/fault"
)

// withDefaults fills the zero fields in.
func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = 256 << 20
	}
	if l.Parts == 0 {
		l.Parts = 10_000
	}
	if l.Depth == 0 {
		l.Depth = 50
	}
	if l.Header == 0 {
		l.Header = 1 << 20
	}
	if l.Boundary == 0 {
		l.Boundary = 200
	}
	if l.Time == 0 {
		l.Time = time.Minute
	}
	return l
}

// Parser reads messages, one at a time, with buffers that it keeps: 0.8 MB and the
// largest header block so far. It is for one goroutine, and so are its messages.
type Parser struct {
	limits Limits

	in     window
	holder *Message // whose bytes the window holds
	held   int      // of which of its sources
	stream *stream  // for what wrappers decode to; nil until one is read

	left       allowance // of the message in hand
	charset    string    // that its parts named last
	unlabelled bool      // a field had bytes in no charset that it named so far
	tally      tally     // of its parts so far
	open       []level   // its open multiparts, and where to find them
	levels     map[string]int

	header        []byte            // the header block in hand
	fields        []field           // those of its fields that are read
	ofType        map[string]string // parameters of the entity in hand
	ofDisposition map[string]string

	transfers
	out  sink
	hash hash.Hash
	sum  Digest // for hash to write to
}

// NewParser returns a parser that keeps within the limits.
func NewParser(lim Limits) *Parser {
	return &Parser{
		limits:        lim.withDefaults(),
		levels:        make(map[string]int),
		ofType:        make(map[string]string),
		ofDisposition: make(map[string]string),
		transfers:     transfers{base64: base64Decoder{chars: make([]byte, 0, base64Piece+4)}},
		out:           sink{buf: make([]byte, 0, outSize)},
		hash:          sha256.New(),
	}
}

// Parse finds the header and the leaf entities of the message that src holds from its
// first header byte to size. Errors: fault.Poison with fault.OverLimits for a message
// beyond a limit, the context's error, and those of src, which are transient. A message
// is returned beside the first of these only, and then has its size and its header, as
// far as that lies within the limits, and nothing else. Bad MIME is never an error: see
// Message.Malformed; nor is a bad wrapper, which is a part like others, or has Part.Broken.
// Text is read once more than the rest, to look for files in it, and wrappers a fixed
// number of times. The src must stay open for Decode, which counts towards the same
// Limits.Time; waiting for src and for writers does not.
func (p *Parser) Parse(ctx context.Context, src io.ReaderAt, size int64) (*Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m := &Message{Size: size, src: src, parser: p, clock: clock{limit: p.limits.Time}}
	m.clock.start()
	defer m.clock.stop()
	p.left, p.tally = newAllowance(), tally{}
	err := m.parse(ctx)
	switch {
	case err == nil:
		return m, nil
	case fault.ReasonOf(err) == fault.OverLimits:
		return &Message{Header: m.Header, Size: size}, err
	}
	return nil, err
}

// parse finds the parts, opens those that hold others, and marks the pictures.
func (m *Message) parse(ctx context.Context) error {
	w := m.walker(0, m.Size)
	if err := w.walk(ctx); err != nil {
		return err
	}
	m.parser.open, m.Malformed = w.open, w.malformed
	if err := m.readUnlabelled(ctx); err != nil {
		return err
	}
	if err := m.unwrap(ctx); err != nil {
		return err
	}
	return m.refer(ctx)
}

// hold turns the parser's window to a source.
func (m *Message) hold(source int) {
	p := m.parser
	if p.holder != m || p.held != source {
		p.holder, p.held = m, source
		p.in.open(m.open(source))
		return
	}
	p.in.src = m.open(source) // another may have had its reader
}
