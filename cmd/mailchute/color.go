package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether somebody reads w on a screen.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// paint colours words, or leaves them as they are.
type paint struct{ on bool }

// paintFor colours only what goes to a terminal, unless the user wants none
// (https://no-color.org).
func (c *cli) paintFor(w io.Writer) paint {
	return paint{on: isTerminal(w) && c.getenv("NO_COLOR") == "" && c.getenv("TERM") != "dumb"}
}

func (p paint) red(s string) string    { return p.wrap("31", s) }
func (p paint) green(s string) string  { return p.wrap("32", s) }
func (p paint) yellow(s string) string { return p.wrap("33", s) }
func (p paint) blue(s string) string   { return p.wrap("34", s) }
func (p paint) bold(s string) string   { return p.wrap("1", s) }

// wrap uses ECMA-48 §8.3.117, select graphic rendition.
func (p paint) wrap(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
