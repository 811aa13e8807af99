package message

import (
	"bytes"
	"context"

	"mailchute/pkg/fault"
)

// header reads the header block that starts here into the parser's buffer, passes the
// empty line behind it, and returns where the block stands. A message that ends inside
// its header is malformed: whatever the header announces, it was cut off.
func (w *walker) header(ctx context.Context) (span, error) {
	w.parser.header = w.parser.header[:0]
	start := w.in.at()
	var inLine, seen bool // the line in hand goes on; a field was seen
	for {
		line, err := w.in.line(ctx)
		if err != nil {
			return span{}, err
		}
		block := span{start, w.in.at()}
		if len(line) == 0 {
			w.cutOff()
			return block, nil
		}
		if !inLine {
			is := lineKind(line)
			if passed, ends := w.endsHeader(line, is, seen); ends {
				if is == otherLine && line[len(line)-1] != '\n' && w.in.last() {
					w.cutOff()
				}
				w.in.advance(passed)
				if is != emptyLine && len(w.open) == 0 && w.source == 0 {
					w.msg.Torn = true
				}
				return block, nil
			}
			seen = seen || is == fieldLine
		}
		if int64(len(w.parser.header)+len(line)) > w.parser.limits.Header {
			return span{}, fault.Markf(fault.Poison, fault.OverLimits, "header has more than %d bytes", w.parser.limits.Header)
		}
		w.parser.header = append(w.parser.header, line...)
		inLine = line[len(line)-1] != '\n'
		w.in.advance(len(line))
	}
}

// cutOff marks a message that ends inside its own header; a part that does has no bytes.
func (w *walker) cutOff() {
	if len(w.open) == 0 {
		w.wrong("the message ends inside its header")
	}
}

// endsHeader reports whether the header block ends before this line, and how much of
// the line belongs to neither header nor body: an empty line does. So does what shows
// that the empty line is missing, for the body must not be lost: a line that starts
// with "--", and one that can be no part of a header.
func (w *walker) endsHeader(line []byte, is kind, seen bool) (passed int, ends bool) {
	top := len(w.open) == 0 && !seen // what stands before a message's header is no body
	switch is {
	case emptyLine:
		return len(line), !top || !w.headerFollows(len(line))
	case delimiterLine:
		return 0, true
	case otherLine:
		return 0, !top && !isFromLine(line) && !w.isParameter(line)
	case fieldLine, continuation:
	}
	return 0, false
}

// headerFollows reports whether a header, or another empty line, starts n bytes on.
func (w *walker) headerFollows(n int) bool {
	rest := w.in.rest()[n:]
	return len(rest) > 0 && (lineKind(rest) == fieldLine || lineKind(rest) == emptyLine)
}

// isFromLine recognises the separator lines of mbox files.
func isFromLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))
}

// isParameter reports whether a line is a parameter that should have been indented.
func (w *walker) isParameter(line []byte) bool {
	return bytes.IndexByte(line, '=') > 0 && bytes.HasSuffix(bytes.TrimRight(w.parser.header, " \t\r\n"), []byte(";"))
}

// kind is what a line of a header is.
type kind int

const (
	emptyLine kind = iota
	delimiterLine
	continuation
	fieldLine
	otherLine
)

// lineKind tells from its start what a line of a header is.
func lineKind(line []byte) kind {
	switch {
	case line[0] == '\n' || bytes.HasPrefix(line, []byte("\r\n")) || string(line) == "\r":
		return emptyLine
	case bytes.HasPrefix(line, []byte("--")):
		return delimiterLine
	case line[0] == ' ' || line[0] == '\t':
		return continuation
	case fieldName(line) != nil:
		return fieldLine
	}
	return otherLine
}

// fieldName returns the name of the field that starts the line, nil when none does.
// Blanks before the colon are tolerated (RFC 5322 §4.5).
func fieldName(line []byte) []byte {
	n := 0
	for n < len(line) && line[n] > ' ' && line[n] < 0x7f && line[n] != ':' {
		n++
	}
	colon := n
	for colon < len(line) && (line[colon] == ' ' || line[colon] == '\t') {
		colon++
	}
	if n == 0 || colon == len(line) || line[colon] != ':' {
		return nil
	}
	return line[:n]
}
