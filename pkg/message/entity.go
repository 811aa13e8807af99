package message

import (
	"cmp"
	"path"
	"strings"
)

// What is kept of an entity's fields is no longer than this; more is nobody's.
const (
	maxName  = 1 << 10 // of file names and Content-IDs (RFC 5322 §2.1.1 has 998)
	maxLabel = 255     // of types and other tokens (RFC 6838 §4.2 has 127 for each half)
)

// readEntity reads what an entity's fields say of it, and the boundary of a multipart.
func (p *Parser) readEntity(fields []field, defaultType string) (Part, string) {
	contentType := value(fields, "content-type")
	rawType := p.rawField(contentType, contentType)
	rawDisposition := p.rawField(value(fields, "content-disposition"), contentType)
	typ, typeRest := splitType(rawType)
	disposition, dispositionRest := splitDisposition(rawDisposition)
	part := Part{
		Disposition: disposition,
		ContentID:   contentID(string(value(fields, "content-id"))),
		Encoding:    encodingName(string(value(fields, "content-transfer-encoding"))),
	}
	ofType, unreadType := p.params(typeRest, p.ofType)
	ofDisposition, unreadDisposition := p.params(dispositionRest, p.ofDisposition)
	part.Unread = unreadType || unreadDisposition
	part.Name = p.name(ofDisposition["filename"], ofType["name"], ofDisposition["name"], ofType["filename"], ofType["file"])
	part.Type = typ
	if typ == "" {
		part.Type = untyped(part, defaultType)
	}
	part.Charset = label(ofType["charset"])
	p.charset = cmp.Or(part.Charset, p.charset)
	part.smime = label(ofType["smime-type"])
	if part.Type == multipartSigned {
		part.signs = label(ofType["protocol"])
	}
	if part.Type == "text/calendar" {
		part.Method = strings.ToUpper(label(ofType["method"]))
	}
	return part, ofType["boundary"]
}

// untyped is the type of an entity without one: text, unless it looks like a file.
func untyped(p Part, defaultType string) string {
	if p.Disposition == "attachment" || p.Name != "" {
		return "application/octet-stream"
	}
	return defaultType
}

// name returns the first of the names that is not empty, decoded, as fitName cuts it.
func (p *Parser) name(names ...string) string {
	for _, n := range names {
		n = strings.Clone(strings.Trim(validUTF8(p.decodeWords(n)), " \t"))
		if n == "" {
			continue
		}
		return fitName(n)
	}
	return ""
}

// fitName cuts a name that is too long before its extension.
func fitName(n string) string {
	ext := path.Ext(n)
	if len(n) <= maxName || len(ext) > maxLabel {
		return cut(n, maxName)
	}
	return cut(n, maxName-len(ext)) + ext
}

// splitType takes the media type from a Content-Type field: lower case, without quotes
// and comments. It is "" where the field is absent or names none, and
// application/octet-stream where what it names is none. The rest are the parameters.
func splitType(s string) (typ, rest string) {
	head, rest, _ := strings.Cut(s, ";")
	if strings.Contains(head, "=") { // the semicolon was forgotten, or the type
		head, rest = splitBlank(s)
	}
	head, _, _ = strings.Cut(head, "(")
	head = strings.ToLower(strings.Trim(head, " \t\"'"))
	main, sub, _ := strings.Cut(head, "/")
	sub, _, _ = strings.Cut(sub, "/")
	switch {
	case head == "":
		return "", rest
	case sub == "":
		return mainType(main), rest
	case len(head) > maxLabel || !isToken(main) || !isToken(sub):
		return "application/octet-stream", rest
	}
	return main + "/" + sub, rest
}

// splitBlank splits behind the first word, unless that is a parameter itself.
func splitBlank(s string) (head, rest string) {
	head, rest = s, ""
	if i := strings.IndexAny(s, " \t;"); i >= 0 {
		head, rest = s[:i], s[i+1:]
	}
	if strings.Contains(head, "=") {
		return "", s
	}
	return head, rest
}

// mainType is the type that is meant where only the first half of one is given.
func mainType(s string) string {
	switch s {
	case "text":
		return "text/plain"
	case "multipart":
		return "multipart/mixed"
	case "message":
		return "message/rfc822"
	}
	return "application/octet-stream"
}

// splitDisposition takes the disposition from a Content-Disposition field.
func splitDisposition(s string) (disposition, rest string) {
	i := strings.IndexAny(s, "; \t=")
	if i < 0 {
		i = len(s)
	}
	head := s[:i]
	tail := strings.TrimLeft(s[i:], " \t")
	if strings.HasPrefix(tail, "=") {
		return "", s
	}
	return label(head), strings.TrimPrefix(tail, ";")
}

// encodingName is the transfer encoding's name, without comments and what else goes wrong.
func encodingName(s string) string {
	s, _, _ = strings.Cut(s, ";")
	s, _, _ = strings.Cut(s, "(")
	return label(s)
}

func contentID(s string) string {
	s = cut(validUTF8(strings.Trim(s, " \t")), maxName)
	return strings.Clone(strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">"))
}

// label is a token as it is compared: lower case, without quotes. It keeps no longer
// text alive.
func label(s string) string {
	s = cut(strings.Trim(s, " \t\"'"), maxLabel)
	return strings.Clone(strings.ToLower(validUTF8(s)))
}

func isMultipart(typ string) bool { return strings.HasPrefix(typ, "multipart/") }

// isToken follows RFC 2045 §5.1.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?=", c) >= 0 {
			return false
		}
	}
	return s != ""
}
