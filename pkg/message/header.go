package message

import "strings"

// readHeader takes the message's own fields from its header.
func (m *Message) readHeader(block []byte, fields []field) {
	m.FirstField = firstField(block)
	text := func(name string) string {
		return m.parser.text(string(value(fields, name)))
	}
	m.Header = Header{
		MessageID:  text("message-id"),
		Subject:    text("subject"),
		From:       text("from"),
		To:         text("to"),
		Cc:         text("cc"),
		Date:       text("date"),
		InReplyTo:  text("in-reply-to"),
		References: text("references"),
	}
}

// text decodes a field's text; one over the limit of enmime is cut behind a word.
func (p *Parser) text(s string) string {
	if len(s) > maxField {
		s = cut(s, maxField)
		if i := strings.LastIndexAny(s, " \t"); i > 0 {
			s = s[:i]
		}
	}
	return oneBlank(validUTF8(p.decodeWords(validUTF8(s))))
}

// oneBlank makes each run of white space one blank, and leaves none at the ends.
func oneBlank(s string) string {
	if !strings.ContainsAny(s, "\t\r\n") && !strings.Contains(s, "  ") {
		return strings.Trim(s, " ")
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\r' || r == '\n'
	}), " ")
}
