package message

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"time"

	"github.com/jhillyerd/enmime/v2"

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

// Parser reads messages, one at a time, with buffers that it keeps: 0.7 MB and the
// largest header block so far. It is for one goroutine, and so are its messages.
type Parser struct {
	limits Limits
	words  *enmime.Parser

	in     window
	holder *Message // whose bytes the window holds

	left   allowance // of the message in hand
	open   []level   // its open multiparts, and where to find them
	levels map[string]int

	header        []byte            // the header block in hand
	fields        []field           // those of its fields that are read
	ofType        map[string]string // parameters of the entity in hand
	ofDisposition map[string]string

	base64 base64Decoder
	quoted quotedDecoder
	out    sink
	hash   hash.Hash
	sum    Digest // for hash to write to
}

// NewParser returns a parser that keeps within the limits.
func NewParser(lim Limits) *Parser {
	return &Parser{
		limits:        lim.withDefaults(),
		words:         enmime.NewParser(enmime.RawContent(true), enmime.MaxStoredPartErrors(20), enmime.DisableTextConversion(true)),
		levels:        make(map[string]int),
		ofType:        make(map[string]string),
		ofDisposition: make(map[string]string),
		base64:        base64Decoder{chars: make([]byte, 0, base64Piece+4)},
		out:           sink{buf: make([]byte, 0, outSize)},
		hash:          sha256.New(),
	}
}

// Parse finds the header and the leaf entities of the message that src holds from its
// first header byte to size. Errors: fault.Poison with fault.OverLimits for a message
// beyond a limit, the context's error, and those of src, which are transient. A message
// is returned beside the first of these only, and then has its size and its header, as
// far as that lies within the limits, and nothing else. Bad MIME is never an error: see
// Message.Malformed. The src must stay open for Decode, which counts towards the same
// Limits.Time; waiting for src and for writers does not.
func (p *Parser) Parse(ctx context.Context, src io.ReaderAt, size int64) (*Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m := &Message{Size: size, src: src, parser: p, clock: clock{limit: p.limits.Time}}
	m.clock.start()
	defer m.clock.stop()
	m.hold()
	p.left = newAllowance()
	clear(p.levels)
	w := walker{in: &p.in, parser: p, msg: m, open: p.open[:0], levels: p.levels}
	err := w.walk(ctx)
	p.open = w.open
	if err == nil {
		err = m.refer(ctx)
	}
	switch {
	case err == nil:
		return m, nil
	case fault.ReasonOf(err) == fault.OverLimits:
		return &Message{Header: m.Header, Size: size}, err
	}
	return nil, err
}

// hold turns the parser's window to this message.
func (m *Message) hold() {
	if m.parser.holder != m {
		m.parser.holder = m
		m.parser.in.open(m.src, &m.clock, m.Size)
	}
}
