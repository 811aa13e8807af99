package message

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"strings"

	"mailchute/pkg/fault"
)

// tooLong reads of a message that is too long its header alone, and says that it is.
func (w *walker) tooLong(ctx context.Context) error {
	if _, err := w.header(ctx); err != nil && fault.ReasonOf(err) != fault.OverLimits {
		return err
	}
	w.parser.fields = splitFields(w.parser.fields, w.parser.header)
	w.msg.readHeader(w.parser.header, w.parser.fields)
	return fault.Markf(fault.Poison, fault.OverLimits, "message has %d bytes, over the limit of %d", w.size, w.parser.limits.Bytes)
}

// readHeader takes the message's own fields from its header.
func (m *Message) readHeader(block []byte, fields []field) {
	m.header = span{0, int64(len(block))}
	m.HeaderDigest = sha256.Sum256(block)
	m.FirstField = firstField(block)
	m.Marks = marksOf(block)
	m.parser.charset, m.parser.unlabelled = "", false
	m.readTexts(fields)
	m.unlabelled = m.parser.unlabelled
}

// readUnlabelled reads the texts of the header again if they have bytes in no charset that
// was known then: those are in that of the message's first text.
func (m *Message) readUnlabelled(ctx context.Context) error {
	i := slices.IndexFunc(m.Parts, func(p Part) bool { return p.Charset != "" && strings.HasPrefix(p.Type, "text/") })
	if !m.unlabelled || i < 0 {
		return nil
	}
	block, err := m.headerBlock(ctx)
	if err != nil {
		return err
	}
	m.parser.charset = m.Parts[i].Charset
	m.readTexts(splitFields(nil, block))
	return nil
}

// readTexts takes the fields that documents carry.
func (m *Message) readTexts(fields []field) {
	contentType := value(fields, "content-type")
	text := func(name string) string {
		return m.parser.text(value(fields, name), contentType)
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

// text decodes a field's text; one over the limit of enmime is cut behind a word. Raw
// bytes in it are in the charset of the message, if that has one.
func (p *Parser) text(s, contentType []byte) string {
	if len(s) > maxField {
		s = s[:maxField]
		if i := bytes.LastIndexAny(s, " \t"); i > 0 {
			s = s[:i]
		}
	}
	return oneBlank(p.decodeWords(p.rawField(s, contentType)))
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
