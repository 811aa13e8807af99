package message

import (
	"bytes"
	"cmp"
	"slices"

	"mailchute/pkg/fault"
)

// interfaceID is the size of the GUID in front of an object's bytes.
const interfaceID = guidSize

// iMessage is IID_IMessage: the object is a message, in a TNEF stream of its own.
const iMessage = "\x07\x03\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46"

// stub is how the data starts that Outlook writes for programs that cannot read an
// attached message.
const stub = "This attachment is a MAPI 1.0 embedded message"

// tnefFile is an attachment as far as it was read.
type tnefFile struct {
	title     string // of attAttachTitle, in a code page
	long      string
	short     string // eight and three characters
	display   string
	mime      string
	contentID string
	hidden    uint32
	items     []tnefItem
}

// tnefItem is what an attachment holds: bytes, or a message.
type tnefItem struct {
	body    span         // of a message: without the GUID before it
	message *tnefMessage // nil: a file
	cut     bool         // the message could not be read to its end
	filler  bool         // nothing, or there for want of something better
}

// name is the best of the names. What Outlook shows comes last: it may be any text.
func (f *tnefFile) name() string { return cmp.Or(f.long, f.title, f.short, f.display) }

func (r *tnefReader) fileProperty(m *tnefMessage, p property) error {
	f := m.open()
	switch p.id {
	case propAttachLongName:
		return r.text(&f.long, p.typ, m.page)
	case propAttachFilename:
		return r.text(&f.short, p.typ, m.page)
	case propDisplayName:
		return r.text(&f.display, p.typ, m.page)
	case propAttachMIMETag:
		return r.text(&f.mime, p.typ, m.page)
	case propAttachContentID:
		return r.text(&f.contentID, p.typ, m.page)
	case propAttachHidden:
		return r.number(&f.hidden)
	case propAttachData:
		return r.object(m, f, p.typ)
	}
	return nil
}

// data keeps where the attachment's bytes are.
func (r *tnefReader) data(f *tnefFile) error {
	head, err := r.s.r.Peek(int(min(int64(len(stub)), r.left())))
	if err != nil {
		return cutOff(err)
	}
	return r.keep(f, tnefItem{body: span{r.s.at, r.end}, filler: len(head) == 0 || string(head) == stub})
}

// object keeps where an object's bytes are, or reads the message that it is.
func (r *tnefReader) object(m *tnefMessage, f *tnefFile, typ uint16) error {
	head, err := r.s.r.Peek(int(min(interfaceID+tnefHead, r.left())))
	if err != nil {
		return cutOff(err)
	}
	if isMessage := bytes.HasPrefix(head, []byte(iMessage)); isMessage || typ == typeObject {
		if err := r.skip(min(interfaceID, r.left())); err != nil {
			return err
		}
		if isMessage && len(head) == interfaceID+tnefHead && isTNEF(head[interfaceID:]) && m.depth < tnefDepth {
			return r.attached(m, f)
		}
	}
	return r.keep(f, tnefItem{body: span{r.s.at, r.end}, filler: r.left() == 0})
}

// keep passes the rest of what is being read, and keeps the item if it is whole.
func (r *tnefReader) keep(f *tnefFile, item tnefItem) error {
	if err := r.skip(r.left()); err != nil {
		return err
	}
	f.items = append(f.items, item)
	return r.count(1)
}

// attached reads a message in the message.
func (r *tnefReader) attached(m *tnefMessage, f *tnefFile) error {
	if err := r.count(1); err != nil {
		return err
	}
	item := tnefItem{
		body:    span{r.s.at, r.end},
		message: &tnefMessage{depth: m.depth + 1, page: m.page, htmlPage: m.htmlPage},
	}
	err := r.skip(tnefHead)
	if err == nil {
		err = r.message(item.message)
	}
	item.cut = err != nil
	f.items = append(f.items, item)
	return err
}

// closeFile adds the attachment that was being read to the message's files.
func (r *tnefReader) closeFile(m *tnefMessage) error {
	f := m.file
	if m.file = nil; f == nil {
		return nil
	}
	if len(f.items) == 0 {
		r.damaged("an attachment without its data")
	}
	part := f.part()
	holds := slices.ContainsFunc(f.items, func(i tnefItem) bool { return !i.filler })
	for i, item := range f.items {
		switch {
		case item.filler && (holds || i > 0):
		case item.message == nil:
			m.files = append(m.files, inner{part, item.body})
			r.texts += part.texts()
		default:
			m.files = append(m.files, item.documents(f)...)
			r.texts += maxName
		}
	}
	if r.texts > maxTexts {
		return fault.Markf(fault.Poison, fault.OverLimits, "names of the files in a TNEF attachment have more than %d bytes", maxTexts)
	}
	return nil
}

// documents is what a message in a message comes to: itself where nothing is in it.
func (i tnefItem) documents(f *tnefFile) []inner {
	name := cmp.Or(f.display, f.long, f.title)
	all := i.message.documents(name)
	if len(all) > 0 || i.cut {
		return all
	}
	part := f.part()
	part.Name = i.message.fileName(name, ".tnef")
	return []inner{{part, i.body}}
}

// part is what the attachment says of itself.
func (f *tnefFile) part() Part {
	p := Part{
		Name:        f.name(),
		Type:        cmp.Or(mediaType(f.mime), "application/octet-stream"),
		ContentID:   contentID(f.contentID),
		Disposition: "attachment",
	}
	if isMultipart(p.Type) { // which no file is
		p.Type = "application/octet-stream"
	}
	if f.hidden != 0 || p.ContentID != "" {
		p.Disposition = "inline"
	}
	return p
}
