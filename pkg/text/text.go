// Package text makes text of strangers safe to print, and folds it for comparison. It
// is the one place that knows which characters may reach a terminal or a log line.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe returns s as one line of valid UTF-8 without a character that could move a
// cursor, start another line, turn the direction of writing or hide itself: control
// characters (C0, DEL, C1), line separators, direction marks, zero-width and other
// format characters, invisible letters, private use and unassigned code points, and
// bytes that are not UTF-8. They are written as \n, \r, \t, \x1b, \u202e or \U000e0001.
// Letters, marks, digits, symbols and spaces of all scripts stay as they are, and so
// does a backslash: the result is for reading, not for reading back. Safe(Safe(s)) is
// Safe(s).
func Safe(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !Printable(r) }) {
		return s
	}
	var b strings.Builder
	for s != "" {
		shown, size := safeRune(s)
		b.WriteString(shown)
		s = s[size:]
	}
	return b.String()
}

// Cut returns Safe(s) in at most n characters: where it has more, its end is replaced
// by "…". Escapes are never cut in two.
func Cut(s string, n int) string {
	var b strings.Builder
	count, fits := 0, 0 // characters written; bytes of them that leave room for "…"
	for s != "" {
		shown, size := safeRune(s)
		count += utf8.RuneCountInString(shown)
		if count > n {
			return ellipsis(b.String()[:fits], n)
		}
		b.WriteString(shown)
		if count < n {
			fits = b.Len()
		}
		s = s[size:]
	}
	return b.String()
}

// ellipsis puts "…" after s where n characters leave room for it.
func ellipsis(s string, n int) string {
	if n < 1 {
		return ""
	}
	return s + "…"
}

// safeRune returns how the first character of s is shown, and its size in bytes.
func safeRune(s string) (shown string, size int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size == 1:
		return fmt.Sprintf(`\x%02x`, s[0]), size
	case Printable(r):
		return s[:size], size
	case r == '\n':
		return `\n`, size
	case r == '\r':
		return `\r`, size
	case r == '\t':
		return `\t`, size
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r), size
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r), size
	}
	return fmt.Sprintf(`\U%08x`, r), size
}

// Printable reports whether Safe leaves r as it is.
func Printable(r rune) bool {
	// Ignorable code points are letters and marks by category, but nothing is seen of them.
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}
