// Package workload makes mail like that of an office, for benchmarks and tests: the sizes
// are log-normal, most messages carry attachments, and they are encoded as mail programs
// do it. Nothing in it is anybody's. The same options give the same messages, byte for
// byte, on every machine.
package workload

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Options say which messages are made.
type Options struct {
	Seed uint64
	Mix  Mix
	From string   // the sender's address
	To   []string // the recipients' addresses, at least one; nine messages in ten are for the first alone
}

// Mix is a kind of mail.
type Mix int

// The mixes. Sizes are averages of a message in its encoded form.
const (
	Office Mix = iota // 245 KB: 56 % have 1 to 3 attachments of 10 KB to 5 MB
	Small             // 34 KB: mostly text and HTML, 21 % have attachments
)

// shape are the numbers of a mix.
type shape struct {
	attached float64    // share of the messages with attachments
	pictured float64    // share of HTML messages that show a picture of their own
	counts   [3]float64 // how the attached ones share in 1, 2 and 3 attachments
	file     sizes      // of an attachment, decoded
	picture  sizes
	text     sizes
	html     sizes
}

// sizes is a log-normal distribution within bounds, in bytes.
type sizes struct{ median, sigma, least, most float64 }

// shapes has the numbers of each mix.
var shapes = [...]shape{
	Office: {
		attached: 0.56, pictured: 0.12, counts: [3]float64{0.50, 0.29, 0.21},
		file: sizes{77e3, 1.3, 10e3, 5e6}, picture: sizes{12e3, 0.9, 1e3, 200e3},
		text: sizes{2e3, 1, 80, 60e3}, html: sizes{9e3, 1, 500, 200e3},
	},
	Small: {
		attached: 0.21, pictured: 0.08, counts: [3]float64{0.75, 0.20, 0.05},
		file: sizes{34e3, 1.1, 1e3, 600e3}, picture: sizes{6e3, 0.9, 1e3, 60e3},
		text: sizes{1500, 1, 80, 60e3}, html: sizes{11e3, 1, 500, 120e3},
	},
}

// Generator makes the messages of one set. It may be used concurrently.
type Generator struct {
	o     Options
	shape shape
	ends  [2]material // for messages with CRLF, and with LF alone
}

// New makes the material that all messages of the set are cut from: less than 1 MB.
func New(o Options) *Generator {
	g := &Generator{o: o, shape: shapes[o.Mix]}
	block := newBlock(o.Seed)
	for i, end := range []string{"\r\n", "\n"} {
		g.ends[i] = newMaterial(block, end)
	}
	return g
}

// Message is one message of a set, not written yet.
type Message struct {
	ID         string   // its Message-ID, in angle brackets; no two are alike
	Sender     string   // of the envelope
	Recipients []string // of the envelope

	generator *Generator
	number    int
	kind      kind
	material  *material
}

// kind is how a message is built.
type kind int

const (
	plain    kind = iota // text, and HTML beside it or not
	attached             // the same with attachments
	pictured             // text, and HTML that shows a picture
)

// Message returns the message of a number, from 0; it costs next to nothing.
func (g *Generator) Message(number int) Message {
	r := g.random(number, 0)
	m := Message{
		ID:     fmt.Sprintf("<%d.%x@%s>", number, g.o.Seed, mailer),
		Sender: g.o.From, Recipients: g.recipients(r), generator: g, number: number,
		material: &g.ends[pick(r, 0.7, 0.3)],
	}
	m.kind = []kind{attached, pictured, plain}[pick(r, g.shape.attached, g.shape.pictured)]
	return m
}

// random returns the source of a message's choices; each use of it begins another one.
func (g *Generator) random(number, use int) *rand.Rand {
	return rand.New(rand.NewPCG(g.o.Seed, uint64(number)<<8|uint64(use)))
}

// recipients returns the first, or one of the others with the first or without.
func (g *Generator) recipients(r *rand.Rand) []string {
	first, others := g.o.To[:1], g.o.To[1:]
	if len(others) == 0 || r.IntN(10) > 0 {
		return first
	}
	other := others[r.IntN(len(others))]
	if r.IntN(2) == 0 {
		return []string{other}
	}
	return []string{first[0], other}
}

// pick draws a number: 0, 1 … with these shares, and the next with what is left of 1.
func pick(r *rand.Rand, shares ...float64) int {
	x := r.Float64()
	for i, share := range shares {
		if x -= share; x < 0 {
			return i
		}
	}
	return len(shares)
}

// draw returns a size.
func (s sizes) draw(r *rand.Rand) int {
	return int(min(max(s.median*math.Exp(s.sigma*r.NormFloat64()), s.least), s.most))
}

// Tally is what messages come to.
type Tally struct {
	Messages    int
	Bytes       int64 // as written, headers included
	Parts       int   // leaf entities
	Attachments int   // those sent as attachments; pictures in HTML are none
	Decoded     int64 // bytes of the attachments without their transfer encoding
}

// Add adds another tally to t.
func (t *Tally) Add(other Tally) {
	t.Messages += other.Messages
	t.Bytes += other.Bytes
	t.Parts += other.Parts
	t.Attachments += other.Attachments
	t.Decoded += other.Decoded
}
