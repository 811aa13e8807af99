package message

import (
	"bytes"
	"cmp"
	"strings"
)

// The properties that are read (MS-OXPROPS §2).
const (
	propSubject           = 0x0037
	propNormalizedSubject = 0x0E1D
	propBody              = 0x1000
	propRTFCompressed     = 0x1009
	propHTML              = 0x1013
	propDisplayName       = 0x3001
	propAttachData        = 0x3701
	propAttachFilename    = 0x3704
	propAttachLongName    = 0x3707
	propAttachMIMETag     = 0x370E
	propAttachContentID   = 0x3712
	propInternetCodepage  = 0x3FDE
	propAttachHidden      = 0x7FFE
)

// tnefKind is a form of a message's body: the better ones first.
type tnefKind int

const (
	htmlBody tnefKind = iota
	rtfBody
	plainBody
	tnefKinds
)

// tnefMessage is what is known of a message.
type tnefMessage struct {
	depth      int
	page       uint32 // code page of 8-bit text; 0: unknown
	htmlPage   uint32 // code page of HTML; 0: unknown
	subject    string
	title      string // the subject in a code page
	normalized string // the subject without Re:
	body       [tnefKinds]tnefBody
	files      []inner
	file       *tnefFile // being read
}

// tnefBody is a form of a message's body; an empty span is none.
type tnefBody struct {
	span span
	typ  uint16
}

// open returns the attachment that is being read. One may lack its first attribute.
func (m *tnefMessage) open() *tnefFile {
	if m.file == nil {
		m.file = &tnefFile{}
	}
	return m.file
}

func (r *tnefReader) messageProperty(m *tnefMessage, p property) error {
	switch p.id {
	case propSubject:
		return r.text(&m.subject, p.typ, m.page)
	case propNormalizedSubject:
		return r.text(&m.normalized, p.typ, m.page)
	case propInternetCodepage:
		return r.number(&m.htmlPage)
	case propHTML:
		return r.body(m, htmlBody, p.typ)
	case propRTFCompressed:
		return r.body(m, rtfBody, p.typ)
	case propBody:
		return r.body(m, plainBody, p.typ)
	}
	return nil
}

// body passes a body, and keeps where it is: the first of its kind, but rather one in
// Unicode. The zero that ends a text is none of it.
func (r *tnefReader) body(m *tnefMessage, kind tnefKind, typ uint16) error {
	b := tnefBody{span{r.s.at, r.end}, typ}
	end := int64(0)
	switch typ {
	case typeUnicode:
		end = 2
	case typeString8:
		end = 1
	case typeBinary:
	default:
		return nil
	}
	if err := r.skip(max(0, r.left()-end)); err != nil {
		return err
	}
	tail, err := r.take(int(r.left()))
	if err != nil {
		return err
	}
	if len(bytes.Trim(tail, "\x00")) == 0 {
		b.span.end -= int64(len(tail))
	}
	if kind == rtfBody && b.span.end-b.span.start <= lzfuHeader || b.span.start == b.span.end {
		return nil
	}
	if had := m.body[kind]; had.span.start == had.span.end || typ == typeUnicode && had.typ != typeUnicode {
		m.body[kind] = b
	}
	return nil
}

// bodies returns the forms of the body that there are.
func (m *tnefMessage) bodies() []inner {
	var all []inner
	for kind, b := range m.body {
		if b.span.start == b.span.end {
			continue
		}
		in := inner{body: b.span}
		in.part.Body = true
		switch tnefKind(kind) {
		case htmlBody:
			in.part.Type, in.part.Charset = "text/html", m.charset(b.typ)
		case rtfBody:
			in.part.Type, in.part.Encoding = "application/rtf", "x-lzfu"
		default:
			in.part.Type, in.part.Charset = "text/plain", m.charset(b.typ)
		}
		all = append(all, in)
	}
	return all
}

// charset is that of a body of the type.
func (m *tnefMessage) charset(typ uint16) string {
	switch typ {
	case typeUnicode:
		return "utf-16le"
	case typeBinary:
		return pageCharset(cmp.Or(m.htmlPage, m.page))
	}
	return pageCharset(m.page)
}

// documents returns what is in a message that was attached under a name: its text as a
// file, called after its subject, and its files. They are none of it that were found
// empty.
func (m *tnefMessage) documents(name string) []inner {
	var all []inner
	if bodies := m.bodies(); len(bodies) > 0 {
		best := bodies[0]
		best.part.Body = false
		best.part.Disposition = "attachment"
		best.part.Name = m.fileName(name, bodyExtension(best.part.Type))
		all = append(all, best)
	}
	return append(all, m.files...)
}

func bodyExtension(typ string) string {
	switch typ {
	case "text/html":
		return ".html"
	case "application/rtf":
		return ".rtf"
	}
	return ".txt"
}

// fileName makes a file name of the subject, else of the attachment's name. What parts a
// path is a hyphen: a subject has no folders.
func (m *tnefMessage) fileName(name, ext string) string {
	stem := "message"
	for _, s := range []string{m.subject, m.title, m.normalized, name} {
		if s = strings.TrimSpace(s); s != "" {
			stem = strings.NewReplacer("/", "-", `\`, "-").Replace(s)
			break
		}
	}
	return cut(stem, maxName-len(ext)) + ext
}
