package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"mailchute/pkg/text"
)

// record is one thing that a command prints: its JSON is a contract, its cells are for people.
type record interface{ cells() []string }

// column is a column of a table; its last one is never padded or cut.
type column struct {
	title string
	right bool // aligned to the right: numbers
}

// maxCell is the greatest width of a cell, unless it is the row's last.
const maxCell = 60

// columns returns columns of these titles; ">" before one aligns it to the right.
func columns(titles ...string) []column {
	cols := make([]column, len(titles))
	for i, t := range titles {
		cols[i].title, cols[i].right = strings.CutPrefix(t, ">")
	}
	return cols
}

// list prints records: a table for people, or a JSON object a line. Where there are none,
// people are told so.
func list[R record](c *cli, cols []column, none string, records iter.Seq2[R, error]) error {
	var rows [][]string
	for r, err := range records {
		if err != nil {
			return err
		}
		if !c.json {
			rows = append(rows, r.cells())
		} else if err := c.printJSON(r); err != nil {
			return err
		}
	}
	switch {
	case c.json:
		return nil
	case len(rows) == 0:
		_, err := fmt.Fprintln(c.out, none)
		return err
	}
	return table(c.out, c.paintFor(c.out), cols, rows)
}

// show prints one record: a line for each column, or its JSON object.
func (c *cli) show(r record, titles ...string) error {
	if c.json {
		return c.printJSON(r)
	}
	width := 0
	for _, t := range titles {
		width = max(width, utf8.RuneCountInString(t))
	}
	var b strings.Builder
	for i, cell := range r.cells() {
		fmt.Fprintf(&b, "%-*s  %s\n", width, titles[i], text.Safe(cell))
	}
	_, err := io.WriteString(c.out, b.String())
	return err
}

// say prints a sentence for people, or the record's JSON object.
func (c *cli) say(r any, format string, args ...any) error {
	if c.json {
		return c.printJSON(r)
	}
	_, err := fmt.Fprintln(c.out, text.Safe(fmt.Sprintf(format, args...)))
	return err
}

// table writes rows below their titles, two blanks between the columns.
func table(w io.Writer, p paint, cols []column, rows [][]string) error {
	widths := make([]int, len(cols))
	for i, col := range cols {
		widths[i] = utf8.RuneCountInString(col.title)
	}
	for _, row := range rows {
		for i, cell := range row {
			if i < len(cols)-1 {
				row[i] = text.Cut(cell, maxCell)
			} else {
				row[i] = text.Safe(cell)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	titles := make([]string, len(cols))
	for i, col := range cols {
		titles[i] = col.title
	}
	var b strings.Builder
	b.WriteString(p.bold(line(cols, widths, titles)) + "\n")
	for _, row := range rows {
		b.WriteString(line(cols, widths, row) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line pads cells to the width of their columns.
func line(cols []column, widths []int, cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		switch {
		case cols[i].right:
			b.WriteString(gap + cell)
		case i == len(cells)-1:
			b.WriteString(cell)
		default:
			b.WriteString(cell + gap)
		}
		if i < len(cells)-1 {
			b.WriteString("  ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// printJSON prints an object on a line of its own.
func (c *cli) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := c.out.Write(escapeJSON(b.Bytes()))
	return err
}

// escapeJSON writes the characters that text.Safe would not print as \u escapes: it is the
// same JSON, and harmless on a terminal. The input is valid UTF-8 without such characters
// outside strings, line ends excepted.
func escapeJSON(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == '\n', r >= ' ' && r < 0x7f, text.Safe(string(b[:size])) == string(b[:size]):
			out = append(out, b[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[size:]
	}
	return out
}

// jsonWriter lets the lines of a log through, as escapeJSON writes them.
type jsonWriter struct{ w io.Writer }

func (j jsonWriter) Write(p []byte) (int, error) {
	if _, err := j.w.Write(escapeJSON(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// clock writes a time for people, in their zone.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// bytesText writes a number of bytes for people: "812 B", "48.2 KB", "1.4 GB".
func bytesText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1024, 0
	const units = "KMGTPE"
	for size >= 999.95 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%.1f %cB", size, units[unit])
}

// count writes "1 message" or "2 messages".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// enumerate writes "a, b and c".
func enumerate(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// or returns s, or instead where s is empty.
func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
