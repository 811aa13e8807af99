package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Marks are what a message's header says of how it came to be sent. The sender can write
// or leave out each of them.
type Marks struct {
	Received int // how many Received fields it has (RFC 5321 §4.4)
	// Automatic says why it is an answer that no person wrote, or a report of a delivery:
	// "auto-submitted: auto-replied" …; "" where nothing says so. Mail that a program sent of
	// its own accord (auto-generated, RFC 3834 §5) is none.
	Automatic string
	// Loops are the values of its X-Loop fields, at most 20: addresses that have resent it.
	Loops []string
}

// maxLoops is how many X-Loop fields are read.
const maxLoops = 20

// marksOf reads the marks of a header block.
func marksOf(block []byte) (m Marks) {
	eachField(block, func(name, value []byte) {
		switch {
		case isNamed(name, "received"):
			m.Received++
		case isNamed(name, "x-loop") && len(m.Loops) < maxLoops:
			m.Loops = append(m.Loops, cut(validUTF8(string(unfold(value))), maxName))
		case m.Automatic == "":
			m.Automatic = automatic(name, value)
		}
	})
	return m
}

// automatic says why a field marks an automatic answer or a report, or "".
func automatic(name, value []byte) string {
	switch {
	case isNamed(name, "auto-submitted"):
		if bytes.HasPrefix(bytes.ToLower(unfold(value)), []byte("auto-replied")) {
			return "auto-submitted: auto-replied"
		}
	case isNamed(name, "x-autoreply"), isNamed(name, "x-autorespond"):
		return string(bytes.ToLower(name))
	case isNamed(name, "precedence"):
		if bytes.EqualFold(unfold(value), []byte("auto_reply")) {
			return "precedence: auto_reply"
		}
	case isNamed(name, "content-type"):
		return reports(unfold(value[:min(len(value), maxField)]))
	}
	return ""
}

// reports says of what a Content-Type is a report (RFC 6522 §3), or "".
func reports(contentType []byte) string {
	const report = "multipart/report"
	if len(contentType) < len(report) || !bytes.EqualFold(contentType[:len(report)], []byte(report)) {
		return ""
	}
	text := bytes.ToLower(contentType)
	for _, of := range []string{"delivery-status", "disposition-notification"} {
		if bytes.Contains(text, []byte(of)) {
			return "a report: " + of
		}
	}
	return ""
}

// FromFields returns the values of all fields of the header that any program might read
// as its From (RFC 5322 §3.6.2): unfolded, otherwise as sent. One behind a bare CR, which
// some take for a line end, is among them. Of a message that Parse returned beside an error
// there are none. Errors are those of the source, and the context's.
func (m *Message) FromFields(ctx context.Context) ([]string, error) {
	block, err := m.headerBlock(ctx)
	if err != nil {
		return nil, err
	}
	var values []string
	eachField(block, func(name, value []byte) {
		if isNamed(name, "from") {
			values = append(values, string(unfold(value)))
		}
		for _, rest := cutCR(value); rest != nil; {
			var line []byte
			line, rest = cutCR(rest)
			if isNamed(fieldName(line), "from") {
				values = append(values, string(unfold(line[bytes.IndexByte(line, ':')+1:])))
			}
		}
	})
	return values, nil
}

// cutCR splits a value behind its first CR that may be taken for a line end and is neither
// the start of one, nor followed by a blank: rest is nil where there is none.
func cutCR(value []byte) (line, rest []byte) {
	for i, c := range value {
		if c == '\r' && i+1 < len(value) && bytes.IndexByte([]byte(" \t\n"), value[i+1]) < 0 {
			return value[:i+1], value[i+1:]
		}
	}
	return value, nil
}

// headerBlock reads the header block again; there is none of a message that Parse
// returned beside an error.
func (m *Message) headerBlock(ctx context.Context) ([]byte, error) {
	if m.src == nil {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	block := make([]byte, m.header.end-m.header.start)
	if n, err := m.src.ReadAt(block, m.header.start); n < len(block) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read header: %w", err)
	}
	return block, nil
}

// eachField calls f for each field of a header block, with its value as sent: its
// continuation lines are part of it, and so is a line that is none of a header.
func eachField(block []byte, f func(name, value []byte)) {
	start, name := 0, []byte(nil)
	for at := 0; at < len(block); {
		line := block[at : at+lineLength(block[at:])]
		if kind := lineKind(line); kind == fieldLine {
			if name != nil {
				f(name, block[start:at])
			}
			name = fieldName(line)
			start = at + bytes.IndexByte(line, ':') + 1
		}
		at += len(line)
	}
	if name != nil {
		f(name, block[start:])
	}
}

// unfold takes the line ends out of a field's value, and the blanks around it off.
func unfold(value []byte) []byte {
	if !bytes.ContainsRune(value, '\n') {
		return bytes.Trim(value, " \t\r\n")
	}
	value = bytes.ReplaceAll(value, []byte("\r\n"), nil)
	return bytes.Trim(bytes.ReplaceAll(value, []byte("\n"), nil), " \t\r\n")
}

// isNamed reports whether a field has the name, which is in lower case and starts with a
// letter.
func isNamed(name []byte, lower string) bool {
	return len(name) == len(lower) && name[0]|0x20 == lower[0] && bytes.EqualFold(name, []byte(lower))
}
