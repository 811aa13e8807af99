package drop

import (
	"cmp"
	"io"
	"slices"
)

// Line is a field of a drop file's header that says something of its envelope or sender,
// or pretends to, and whether it was believed.
type Line struct {
	Number   int    `json:"line"`  // where it begins, from 1
	Field    string `json:"field"` // its name, in lower case
	Believed bool   `json:"believed"`
	Why      string `json:"why"` // what it was believed to be, or why it was not
}

// maxLines is how many lines Trace tells of.
const maxLines = 200

// Trace is ReadEnvelope for people: it also tells which lines were believed, and which
// that look like those were not, in the order of the file, at most 200. With an error they
// are those up to the line that it is about.
func Trace(r io.ReaderAt, size int64, f Format) (Envelope, []Line, error) {
	z := newZone(r, size, f)
	z.lines = &[]Line{}
	err := z.readAll()
	lines := *z.lines
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.Number, b.Number) })
	if err != nil {
		return Envelope{}, lines, err
	}
	return z.env, lines, nil
}

// note tells of a line.
func (z *zone) note(line int, field string, believed bool, why string) {
	if z.lines != nil && len(*z.lines) < maxLines {
		*z.lines = append(*z.lines, Line{line, field, believed, why})
	}
}

// telling reports whether a field of this name is part of the block of some MTA, or looks
// like it.
func telling(name string) bool {
	switch name {
	case "x-envelope-to", "x-envelope-from", "x-mailfrom", "x-rcptto", "x-rcpt-to", "x-authenticated-sender", "x-authuser", dropAuth:
		return true
	}
	return slices.ContainsFunc(formats, func(f Format) bool {
		return f.own(name) || name == f.End
	})
}
