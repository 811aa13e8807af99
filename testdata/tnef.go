package testdata

import (
	"encoding/binary"
	"unicode/utf16"
)

// TNEFFile is an attachment in a TNEF stream (MS-OXTNEF), the winmail.dat of Outlook. An
// empty field is not written.
type TNEFFile struct {
	Name      string
	Title     string // the short name in Windows-1252, which comes first
	Type      string // media type
	ContentID string
	Hidden    bool
	Data      []byte
	Message   *TNEFMessage // an attached message, in the place of Data
	Object    []byte       // an OLE object, in the place of Data
}

// TNEFMessage is a message in TNEF. An empty field is not written.
type TNEFMessage struct {
	Subject string
	HTML    string // UTF-8
	RTF     []byte // compressed, with its header (MS-OXRTFCP)
	Text    string
	Files   []TNEFFile
}

// TNEF returns a stream with the files as Outlook writes it.
func TNEF(files ...TNEFFile) []byte { return TNEFMessage{Files: files}.Bytes() }

// Bytes returns the message as a stream of its own.
func (m TNEFMessage) Bytes() []byte {
	b := []byte{0x78, 0x9F, 0x3E, 0x22, 1, 0}
	b = attribute(b, 1, 0x00089006, []byte{0, 0, 1, 0})                   // version
	b = attribute(b, 1, 0x00069007, []byte{0xE4, 0x04, 0, 0, 0, 0, 0, 0}) // code page 1252
	b = attribute(b, 1, 0x00069003, m.properties())
	for _, f := range m.Files {
		b = f.append(b)
	}
	return b
}

func (m TNEFMessage) properties() []byte {
	var p properties
	p.number(0x3FDE, 65001) // code page of the HTML
	p.named("Keywords", 0x101E, "one\x00", "three\x00")
	if m.Subject != "" {
		p.text(0x0037, m.Subject)
	}
	if m.Text != "" {
		p.text(0x1000, m.Text)
	}
	if m.RTF != nil {
		p.binary(0x1009, 0x0102, m.RTF)
	}
	if m.HTML != "" {
		p.binary(0x1013, 0x0102, []byte(m.HTML))
	}
	return p.bytes()
}

func (f TNEFFile) append(b []byte) []byte {
	b = attribute(b, 2, 0x00069002, make([]byte, 14))
	if f.Title != "" {
		b = attribute(b, 2, 0x00018010, append([]byte(f.Title), 0))
	}
	var p properties
	switch {
	case f.Message != nil:
		p.number(0x3705, 5)
		p.binary(0x3701, 0x000D, append([]byte("\x07\x03\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46"), f.Message.Bytes()...))
	case f.Object != nil:
		p.number(0x3705, 6)
		p.binary(0x3701, 0x000D, append([]byte("\x0B\x00\x00\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46"), f.Object...))
	default:
		p.number(0x3705, 1)
		b = attribute(b, 2, 0x0006800F, f.Data)
	}
	if f.Name != "" {
		p.text(0x3707, f.Name)
	}
	if f.Type != "" {
		p.text(0x370E, f.Type)
	}
	if f.ContentID != "" {
		p.text(0x3712, f.ContentID)
	}
	if f.Hidden {
		p.fixed(0x7FFE, 0x000B, 1)
	}
	return attribute(b, 2, 0x00069005, p.bytes())
}

// attribute appends one attribute, with its checksum.
func attribute(b []byte, level byte, id uint32, data []byte) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, level), id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	var sum uint16
	for _, c := range data {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(append(b, data...), sum)
}

// properties collects MAPI properties.
type properties struct {
	count uint32
	list  []byte
}

func (p *properties) bytes() []byte {
	return append(binary.LittleEndian.AppendUint32(nil, p.count), p.list...)
}

func (p *properties) tag(id, typ uint16) {
	p.count++
	p.list = binary.LittleEndian.AppendUint16(p.list, typ)
	p.list = binary.LittleEndian.AppendUint16(p.list, id)
}

func (p *properties) fixed(id, typ uint16, n uint32) {
	p.tag(id, typ)
	p.list = binary.LittleEndian.AppendUint32(p.list, n)
}

func (p *properties) number(id uint16, n uint32) { p.fixed(id, 0x0003, n) }

func (p *properties) text(id uint16, s string) { p.binary(id, 0x001F, utf16Bytes(s+"\x00")) }

func (p *properties) binary(id, typ uint16, values ...[]byte) {
	p.tag(id, typ)
	p.values(values...)
}

// named writes a property that has a name, of several values.
func (p *properties) named(name string, typ uint16, values ...string) {
	p.tag(0x8001, typ)
	p.list = append(p.list, make([]byte, 16)...)
	p.list = binary.LittleEndian.AppendUint32(p.list, 1)
	p.padded(utf16Bytes(name + "\x00"))
	raw := make([][]byte, len(values))
	for i, v := range values {
		raw[i] = []byte(v)
	}
	p.values(raw...)
}

func (p *properties) values(values ...[]byte) {
	p.list = binary.LittleEndian.AppendUint32(p.list, uint32(len(values)))
	for _, v := range values {
		p.padded(v)
	}
}

func (p *properties) padded(v []byte) {
	p.list = binary.LittleEndian.AppendUint32(p.list, uint32(len(v)))
	p.list = append(p.list, v...)
	p.list = append(p.list, make([]byte, -len(v)&3)...)
}

func utf16Bytes(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}
