package message

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"mailchute/pkg/fault"
)

// padding is how many blanks may follow a boundary on its line (RFC 2046 §5.1.1 sets no
// limit; a line beyond this is no delimiter).
const padding = 512

// level is an open multipart.
type level struct {
	entity    Part   // its own fields
	delimiter string // "--" and the boundary, without the blanks at its end
	blanks    string // these
	covers    int    // the level further out with the same delimiter; -1: none
	children  int
	digest    bool // its parts are messages by default (RFC 2046 §5.1.5)
}

// walker goes once through a message, or one that is signed and wrapped, and finds its
// entities. It never looks back more than a line end, and a line is compared with the
// open boundaries only where it starts with "--".
type walker struct {
	in        *window
	parser    *Parser
	msg       *Message
	source    int   // that it goes through
	size      int64 // of that
	malformed string
	open      []level
	levels    map[string]int // delimiter to the innermost open level that has it
	leaf      bool           // the last part's body is still running
}

// walker returns one that stands at the start of a source.
func (m *Message) walker(source int, size int64) walker {
	m.hold(source)
	p := m.parser
	p.in.seek(span{0, size})
	clear(p.levels)
	return walker{in: &p.in, parser: p, msg: m, source: source, size: size, open: p.open[:0], levels: p.levels}
}

// delimiter is where a delimiter line stands.
type delimiter struct {
	level   int // of walker.open; -1: the message has ended
	closing bool
	body    int64 // end of what stands before: the line end belongs to the delimiter
}

func (w *walker) walk(ctx context.Context) error {
	if w.size > w.parser.limits.Bytes {
		return w.tooLong(ctx)
	}
	if err := w.entity(ctx); err != nil {
		return err
	}
	for len(w.open) > 0 {
		d, err := w.next(ctx)
		if err != nil {
			return err
		}
		w.endLeaf(d.body)
		if d.level < 0 {
			w.closeTo(0, d.body)
			return nil
		}
		w.closeTo(d.level+1, d.body)
		if d.closing {
			w.closeTo(d.level, d.body)
			continue
		}
		if err := w.entity(ctx); err != nil {
			return err
		}
	}
	w.endLeaf(w.size)
	return nil
}

func (w *walker) endLeaf(at int64) {
	if w.leaf {
		w.msg.Parts[len(w.msg.Parts)-1].body.end = at
		w.leaf = false
	}
}

// closeTo ends the multiparts above the first n; what follows them is epilogue. One
// whose delimiter never came is listed as a leaf of its own, for its bytes' sake.
func (w *walker) closeTo(n int, at int64) {
	for i := len(w.open) - 1; i >= n; i-- {
		l := w.open[i]
		if delete(w.levels, l.delimiter); l.covers >= 0 {
			w.levels[l.delimiter] = l.covers
		}
		if l.children > 0 {
			continue
		}
		w.wrong("multipart without parts: its boundary never appears")
		l.entity.body.end = at
		w.msg.Parts = append(w.msg.Parts, l.entity)
	}
	w.open = w.open[:n]
}

// wrong keeps the first of what is wrong with the structure.
func (w *walker) wrong(what string) {
	if w.malformed == "" {
		w.malformed = what
	}
}

// entity reads the header of the entity that starts here and opens its body.
func (w *walker) entity(ctx context.Context) error {
	if err := w.parser.count(1); err != nil {
		return err
	}
	if err := w.msg.clock.check(); err != nil {
		return err
	}
	block, err := w.header(ctx)
	if err != nil && fault.ReasonOf(err) != fault.OverLimits {
		return err
	}
	w.parser.fields = splitFields(w.parser.fields, w.parser.header)
	if len(w.open) == 0 && w.source == 0 {
		w.msg.readHeader(w.parser.header, w.parser.fields)
	}
	if err != nil {
		return err
	}
	part, boundary := w.parser.readEntity(w.parser.fields, w.defaultType())
	if err := w.parser.keep(&part); err != nil {
		return err
	}
	part.source, part.header, part.body = w.source, block, span{w.in.at(), w.in.at()}
	w.place(&part)
	if !isMultipart(part.Type) {
		w.leaf = true
		w.msg.Parts = append(w.msg.Parts, part)
		return nil
	}
	return w.push(part, boundary)
}

// defaultType is the type of an entity that names none.
func (w *walker) defaultType() string {
	if n := len(w.open); n > 0 && w.open[n-1].digest {
		return "message/rfc822"
	}
	return "text/plain"
}

// place numbers the entity among its siblings.
func (w *walker) place(p *Part) {
	if len(w.open) == 0 {
		p.ID = "1"
		return
	}
	up := &w.open[len(w.open)-1]
	up.children++
	p.ID = strconv.Itoa(up.children)
	if len(w.open) > 1 {
		p.ID = up.entity.ID + "." + p.ID
	}
	p.Parent = up.entity.Type
	p.Encrypted = p.Parent == "multipart/encrypted"
	p.Signature = p.Parent == multipartSigned && up.children > 1 && (IsSignature(p.Type) || p.Type == up.entity.signs)
	p.Alternative = up.entity.Alternative || up.entity.Type == "multipart/alternative"
}

func (w *walker) push(p Part, boundary string) error {
	written := boundary
	if boundary = strings.TrimRight(written, " \t"); boundary == "" {
		w.wrong("multipart without a boundary")
		w.leaf = true
		w.msg.Parts = append(w.msg.Parts, p)
		return nil
	}
	if len(boundary) > w.parser.limits.Boundary {
		return fault.Markf(fault.Poison, fault.OverLimits, "boundary has %d bytes, over the limit of %d", len(boundary), w.parser.limits.Boundary)
	}
	if len(w.open) >= w.parser.limits.Depth {
		return fault.Markf(fault.Poison, fault.OverLimits, "multiparts are nested more than %d deep", w.parser.limits.Depth)
	}
	l := level{entity: p, delimiter: "--" + boundary, blanks: written[len(boundary):], covers: -1, digest: p.Type == "multipart/digest"}
	if i, ok := w.levels[l.delimiter]; ok {
		l.covers = i
	}
	w.levels[l.delimiter] = len(w.open)
	w.open = append(w.open, l)
	return nil
}

// next finds the next line that is a delimiter of an open multipart, and passes it.
func (w *walker) next(ctx context.Context) (delimiter, error) {
	eol := int64(0) // length of the line end before this line
	if err := w.in.need(ctx, w.lookahead()); err != nil {
		return delimiter{}, err
	}
	found, n := w.match(w.in.rest())
	for n == 0 {
		rest := w.in.rest()
		i := indexDashes(rest)
		if i < 0 {
			if w.in.last() {
				return delimiter{level: -1, body: w.in.end}, nil
			}
			w.in.advance(max(0, len(rest)-len("\r\n-")))
			if err := w.in.fill(ctx); err != nil {
				return delimiter{}, err
			}
			continue
		}
		eol = 1
		if i > 0 && rest[i-1] == '\r' {
			eol = 2
		}
		w.in.advance(i + 1)
		if err := w.in.need(ctx, w.lookahead()); err != nil {
			return delimiter{}, err
		}
		found, n = w.match(w.in.rest())
	}
	found.body = w.in.at() - eol
	w.in.advance(n)
	return found, nil
}

// indexDashes returns where the line end before the next "--" at a line's start is, -1
// where there is none. It looks for the dashes: base64 has none, but many lines. Where
// there are dashes all over, it looks for the line end after all.
func indexDashes(b []byte) int {
	at := 1
	for misses := 0; at < len(b) && misses <= 8+at/128; misses++ {
		i := bytes.Index(b[at:], []byte("--"))
		if i < 0 {
			return -1
		}
		at += i
		if b[at-1] == '\n' {
			return at - 1
		}
		for at < len(b) && b[at] == '-' {
			at++
		}
	}
	if i := bytes.Index(b[at-1:], []byte("\n--")); i >= 0 {
		return at - 1 + i
	}
	return -1
}

// lookahead is how much of a line tells whether it is a delimiter.
func (w *walker) lookahead() int {
	return len("--") + w.parser.limits.Boundary + len("--") + padding
}

// match compares the line that starts here with the delimiters of all open multiparts,
// the innermost first. It returns the line's length, 0 when it is none of them.
func (w *walker) match(rest []byte) (delimiter, int) {
	whole := len(rest) < w.lookahead()
	rest = rest[:min(len(rest), w.lookahead())]
	if !bytes.HasPrefix(rest, []byte("--")) {
		return delimiter{}, 0
	}
	n := bytes.IndexByte(rest, '\n') + 1
	if n == 0 {
		if !whole {
			return delimiter{}, 0
		}
		n = len(rest)
	}
	line := trimEnd(rest[:n])
	d := delimiter{level: -1}
	if i, ok := w.levels[string(line)]; ok {
		d.level = i
	}
	if line, ok := bytes.CutSuffix(line, []byte("--")); ok {
		bare := trimEnd(line)
		if i, ok := w.levels[string(bare)]; ok && i > d.level && (len(bare) == len(line) || string(line[len(bare):]) == w.open[i].blanks) {
			d.level, d.closing = i, true
		}
	}
	if d.level < 0 {
		return delimiter{}, 0
	}
	return d, n
}
