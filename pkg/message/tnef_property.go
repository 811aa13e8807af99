package message

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The types of properties that have a meaning here (MS-OXCDATA §2.11.1).
const (
	typeNull     = 0x0001
	typeObject   = 0x000D
	typeString8  = 0x001E
	typeUnicode  = 0x001F
	typeBinary   = 0x0102
	multiValued  = 0x1000
	namedFrom    = 0x8000 // the first id of a property that has a name
	guidSize     = 16
	kindOfString = 1
)

// property is what a value belongs to, without multiValued.
type property struct{ id, typ uint16 }

// properties reads a list of properties (MS-OXTNEF §2.1.3.4) and shows each value to
// visit, which finds the reader within it.
func (r *tnefReader) properties(visit func(property) error) error {
	var count uint32
	if err := r.number(&count); err != nil {
		return err
	}
	for range count {
		tag, err := r.take(4)
		if err != nil {
			return err
		}
		p := property{typ: binary.LittleEndian.Uint16(tag), id: binary.LittleEndian.Uint16(tag[2:])}
		if p.id >= namedFrom {
			if err := r.skipName(); err != nil {
				return err
			}
		}
		if err := r.values(p, visit); err != nil {
			return err
		}
	}
	return nil
}

// skipName passes a property's name: a GUID, and a number or a text.
func (r *tnefReader) skipName() error {
	if err := r.skip(guidSize); err != nil {
		return err
	}
	var kind, n uint32
	if err := r.number(&kind); err != nil {
		return err
	}
	if err := r.number(&n); err != nil || kind != kindOfString {
		return err
	}
	if err := r.skip(int64(n)); err != nil {
		return err
	}
	return r.pad(int64(n))
}

// values reads the values of one property.
func (r *tnefReader) values(p property, visit func(property) error) error {
	multi := p.typ&multiValued != 0
	p.typ &^= multiValued
	size, known := typeSize(p.typ)
	if !known || size == 0 && multi {
		return damage("a property of a type that nobody knows")
	}
	count := uint32(1)
	if multi || size < 0 {
		if err := r.number(&count); err != nil {
			return err
		}
	}
	for range count {
		n := size
		if size < 0 {
			var given uint32
			if err := r.number(&given); err != nil {
				return err
			}
			n = int64(given)
		}
		if err := r.within(n, func() error { return visit(p) }); err != nil {
			return err
		}
		if err := r.pad(n); err != nil {
			return err
		}
	}
	return nil
}

// typeSize is how many bytes a value takes, those that fill it up to four included; -1
// where it says so itself.
func typeSize(typ uint16) (size int64, known bool) {
	switch typ {
	case typeNull:
		return 0, true
	case 0x02, 0x03, 0x04, 0x0A, 0x0B: // 16 and 32 bits, float, error, boolean
		return 4, true
	case 0x05, 0x06, 0x07, 0x14, 0x40: // double, currency, two of time, 64 bits
		return 8, true
	case 0x48:
		return guidSize, true
	case typeString8, typeUnicode, typeBinary, typeObject:
		return -1, true
	}
	return 0, false
}

// pad passes what fills n bytes up to a multiple of four, as far as it is there.
func (r *tnefReader) pad(n int64) error { return r.skip(min(-n&3, r.left())) }

// tnefTextSize is how many bytes of a name or a subject are read.
const tnefTextSize = 32 << 10

// text reads the text that the reader is within, unless there is one already. No more of
// it is kept than of a name: there may be thousands.
func (r *tnefReader) text(into *string, typ uint16, page uint32) error {
	if *into != "" {
		return nil
	}
	raw, err := r.take(int(min(tnefTextSize, r.left())))
	if err != nil {
		return err
	}
	switch typ {
	case typeUnicode:
		*into = fitName(fromUTF16(raw))
	case typeString8:
		*into = fitName(fromPage(page, bytes.TrimRight(raw, "\x00")))
	}
	return nil
}

// fromUTF16 reads UTF-16, low byte first.
func fromUTF16(raw []byte) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}

// fromPage reads text in a code page.
func fromPage(page uint32, raw []byte) string {
	enc := encodingOf(pageCharset(page))
	if enc == nil {
		return validUTF8(string(raw))
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		return validUTF8(string(raw))
	}
	return validUTF8(string(out))
}

// pageCharset is the charset of a code page, "" for none.
func pageCharset(page uint32) string {
	number := strconv.FormatUint(uint64(page), 10)
	switch {
	case page == 0:
		return ""
	case page == 1200:
		return "utf-16le"
	case page == 65001:
		return "utf-8"
	case page == 65000:
		return "utf-7"
	case page == 20127:
		return "us-ascii"
	case page == 932:
		return "shift_jis"
	case page == 936:
		return "gbk"
	case page == 949, page == 51949:
		return "euc-kr"
	case page == 950:
		return "big5"
	case page == 54936:
		return "gb18030"
	case page == 51932, page == 20932:
		return "euc-jp"
	case page >= 50220 && page <= 50222:
		return "iso-2022-jp"
	case page == 20866:
		return "koi8-r"
	case page == 21866:
		return "koi8-u"
	case page == 10000:
		return "macintosh"
	case page >= 28591 && page <= 28606:
		return "iso-8859-" + strconv.FormatUint(uint64(page-28590), 10)
	case page >= 1250 && page <= 1258, page == 874:
		return "windows-" + number
	}
	return "cp" + number
}
