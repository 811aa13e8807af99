package message

import (
	"context"
	"strings"
)

// maxHeaderText is how much of a header HeaderText returns.
const maxHeaderText = 64 << 10

// HeaderText returns the message's header block as it was sent, folds and line ends too,
// in valid UTF-8: what is not is replaced. The fields that name hidden recipients, Bcc
// and Resent-Bcc (RFC 5322 §3.6.3), are left out. It is at most 64 KiB, and ends with a
// whole line; only of a line longer than that it has the start. Of a message that Parse
// returned beside an error it is "". Errors are those of the source, and the context's.
func (m *Message) HeaderText(ctx context.Context) (string, error) {
	block, err := m.headerBlock(ctx)
	if err != nil {
		return "", err
	}
	return headerText(block), nil
}

func headerText(block []byte) string {
	var b strings.Builder
	hidden := false // the field in hand
	for len(block) > 0 {
		line := block[:lineLength(block)]
		block = block[len(line):]
		if lineKind(line) == fieldLine {
			hidden = isHidden(line)
		}
		if hidden {
			continue
		}
		var shown []byte
		shown, hidden = unhidden(line)
		text := strings.ToValidUTF8(string(shown), replacement)
		if b.Len()+len(text) > maxHeaderText {
			if b.Len() == 0 {
				return cut(text, maxHeaderText)
			}
			break
		}
		b.WriteString(text)
	}
	return b.String()
}

// unhidden is a line up to where a hidden field starts in it, behind a CR that others
// take for a line end.
func unhidden(line []byte) (shown []byte, hidden bool) {
	for i, c := range line[:max(0, len(line)-1)] {
		if c == '\r' && isHidden(line[i+1:]) {
			return line[:i+1], true
		}
	}
	return line, false
}

// isHidden reports whether a line starts a field that names hidden recipients.
func isHidden(line []byte) bool {
	name := fieldName(line)
	return isNamed(name, "bcc") || isNamed(name, "resent-bcc")
}
