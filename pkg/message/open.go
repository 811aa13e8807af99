package message

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxNested is how deep wrappers are opened that lie in one another.
const maxNested = 5

// errNotWrapped: a part is not what its type or its name says, or nothing is in it.
var errNotWrapped = errors.New("not the wrapper that it is called")

// unwrapping opens the wrappers of a message, level by level: for each level, sources are
// gone through front to back a fixed number of times, however many parts there are.
type unwrapping struct {
	m      *Message
	within map[int]span // by wrapper: the parts found in it
	signed []envelope   // of the level in hand
}

// envelope is S/MIME whose content is to be walked.
type envelope struct {
	part   int
	source int // of the content
	size   int64
	broken string
}

// unwrap opens wrappers, and puts what was found behind each.
func (m *Message) unwrap(ctx context.Context) error {
	u := unwrapping{m: m}
	for from := 0; from < len(m.Parts); {
		to := len(m.Parts)
		for i := from; i < to; i++ {
			if err := u.look(ctx, i); err != nil {
				return fmt.Errorf("look into part %s: %w", m.Parts[i].ID, err)
			}
		}
		for _, e := range u.signed {
			if err := u.walk(ctx, e); err != nil {
				return fmt.Errorf("open part %s: %w", m.Parts[e.part].ID, err)
			}
		}
		u.signed = u.signed[:0]
		from = to
	}
	if len(u.within) > 0 {
		u.order()
	}
	return nil
}

// order lists the parts so that what was found in a wrapper follows it.
func (u *unwrapping) order() {
	all := u.m.Parts
	ordered := make([]Part, 0, len(all))
	var place func(i int)
	place = func(i int) {
		ordered = append(ordered, all[i])
		for j := u.within[i].start; j < u.within[i].end; j++ {
			place(int(j))
		}
	}
	for i := range all {
		if all[i].Within == "" {
			place(i)
		}
	}
	u.m.Parts = ordered
}

// look opens part i if it is a wrapper, or reads what else its body tells of it.
func (u *unwrapping) look(ctx context.Context, i int) error {
	p := &u.m.Parts[i]
	switch {
	case strings.HasPrefix(p.Type, "text/"):
		return u.text(ctx, i)
	case IsMessage(p.Type):
		return u.subject(ctx, i)
	case p.Type == "application/applefile":
		return u.apple(ctx, i)
	case isPKCS7(p):
		return u.pkcs7(ctx, i)
	case p.Type == "application/ms-tnef", p.Type == "application/vnd.ms-tnef", strings.EqualFold(p.Name, "winmail.dat"):
		return u.tnef(ctx, i)
	case p.Type == "application/octet-stream":
		return u.unnamedTNEF(ctx, i)
	}
	return nil
}

// opens reports whether wrappers may still be opened where part i lies.
func (u *unwrapping) opens(i int) bool { return u.m.depth(u.m.Parts[i].source) < maxNested }

// inside makes what part i decodes to a source, and returns its number.
func (u *unwrapping) inside(i int) int {
	p := &u.m.Parts[i]
	return u.m.add(wrapped{parent: p.source, body: p.body, encoding: p.Encoding})
}

// stream reads a source from its start. It is good until the next one is asked for.
func (m *Message) stream(ctx context.Context, source int) *stream {
	r := &reader{ctx: ctx, src: m.open(source), end: math.MaxInt64}
	if m.parser.stream == nil {
		m.parser.stream = newStream(r)
	}
	m.parser.stream.reset(r)
	return m.parser.stream
}

// found lists what was found in part i, in the order in which it lies there: then all
// can be decoded in the order of the parts while the wrapper is read once.
func (u *unwrapping) found(i, source int, kind Wrapper, all []inner, broken string) error {
	m := u.m
	if err := m.parser.count(len(all)); err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b inner) int { return cmp.Compare(a.body.start, b.body.start) })
	first := len(m.Parts)
	for n, in := range all {
		p := in.part
		p.ID = strconv.Itoa(n + 1)
		p.source, p.body = source, in.body
		p.header = span{in.body.start, in.body.start}
		if err := m.parser.keep(&p); err != nil {
			return err
		}
		m.Parts = append(m.Parts, p)
	}
	u.opened(i, first, kind, broken)
	return nil
}

// opened marks part i, and those from first on as found in it.
func (u *unwrapping) opened(i, first int, kind Wrapper, broken string) {
	m := u.m
	w := &m.Parts[i]
	w.Opened, w.Broken = kind, broken
	for j := first; j < len(m.Parts); j++ {
		m.Parts[j].ID = w.ID + "/" + m.Parts[j].ID
		m.Parts[j].Within = w.ID
	}
	if u.within == nil {
		u.within = make(map[int]span)
	}
	u.within[i] = span{int64(first), int64(len(m.Parts))}
}

// tnef opens part i as TNEF.
func (u *unwrapping) tnef(ctx context.Context, i int) error {
	if !u.opens(i) {
		return nil
	}
	source := u.inside(i)
	s := u.m.stream(ctx, source)
	all, broken, err := readTNEF(s, u.m.parser.spare())
	if errors.Is(err, errNotWrapped) || err == nil && len(all) == 0 && broken != "" {
		return nil
	}
	if err != nil {
		return err
	}
	if broken, err = u.damage(s, source, broken); err != nil {
		return err
	}
	return u.found(i, source, TNEF, all, broken)
}

// unnamedTNEF opens part i as TNEF if it starts as that does.
func (u *unwrapping) unnamedTNEF(ctx context.Context, i int) error {
	head, err := u.m.head(ctx, i, tnefHead)
	if err != nil || len(head) < tnefHead || !isTNEF(head) {
		return err
	}
	return u.tnef(ctx, i)
}

// damage reads a wrapper to its end, and says what was wrong with its transfer encoding
// where nothing else was.
func (u *unwrapping) damage(s *stream, source int, broken string) (string, error) {
	if broken != "" {
		return broken, nil
	}
	if _, err := io.Copy(io.Discard, s.r); err != nil {
		return "", err
	}
	return u.m.damage(source), nil
}
