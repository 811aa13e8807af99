package incoming

import (
	"context"
	"slices"
	"sync"
)

// memory is how much may be kept in memory of all messages that are in hand, in bytes.
// What is kept of one until its end grows with its recipients, its parts and their names,
// never with the bytes in them. The messages that are only being parsed come on top: one
// for each parser.
type memory struct {
	turn  chan struct{} // holds one token: whoever has it may wait for room
	freed chan struct{} // holds one token where room was given back

	mu   sync.Mutex
	free int64
}

// maxMemory is the size of a memory.
const maxMemory = 16 << 20

func newMemory() *memory {
	return &memory{turn: make(chan struct{}, 1), freed: make(chan struct{}, 1), free: maxMemory}
}

// take waits, in the order of asking, until there is room for what will be kept of a
// message; one that is larger than all room is in hand alone. Whoever has taken memory
// waits for nobody who asks for it: so it comes free.
func (m *memory) take(ctx context.Context, a *arrival) error {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	size := min(a.footprint(), maxMemory)
	for !m.takeFree(size) {
		select {
		case <-m.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	a.memory = size
	return nil
}

func (m *memory) takeFree(size int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size > m.free {
		return false
	}
	m.free -= size
	return true
}

// give gives back what was taken.
func (m *memory) give(a *arrival) {
	m.mu.Lock()
	m.free += a.memory
	m.mu.Unlock()
	select {
	case m.freed <- struct{}{}:
	default: // whoever waits will look anyway
	}
}

// About what is kept, in bytes, texts left out.
const (
	perMessage   = 4 << 10
	perRecipient = 1 << 10  // verdict, decision and outcome
	perPart      = 1 << 10  // what its header says, digests, upload
	perDocument  = 1 << 10  // draft, row, publication
	perHeader    = 64 << 10 // the whole header, where a library keeps it
)

// footprint returns how much is kept of the message until its end.
func (x *examination) footprint() int64 {
	n := perMessage + perRecipient*len(x.verdicts)
	if x.msg == nil {
		return int64(n)
	}
	n += perPart*len(x.msg.Parts) + perDocument*x.documents()
	if slices.ContainsFunc(x.verdicts, func(v verdict) bool { return v.allowed() && v.library.Settings.SaveHeaders }) {
		n += perHeader
	}
	h := x.msg.Header
	n += length(h.MessageID, h.Subject, h.From, h.To, h.Cc, h.Date, h.InReplyTo, h.References)
	for _, part := range x.msg.Parts {
		n += length(part.Type, part.Charset, part.Method, part.Disposition, part.Name, part.ContentID, part.Encoding, part.Subject, part.Broken)
	}
	return int64(n)
}

// length returns how many bytes texts have together.
func length(texts ...string) (n int) {
	for _, s := range texts {
		n += len(s)
	}
	return n
}
