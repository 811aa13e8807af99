package message

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// replacement stands for what a charset does not have.
const replacement = "\uFFFD"

// convert puts text of a charset into UTF-8. A label that says nothing, or that cannot be
// true, is replaced by a guess: see survey.
func (p *Parser) convert(charset string, text []byte) string {
	plain := charset == "" || charset == "utf-8" || charset == "us-ascii"
	if plain && utf8.Valid(text) {
		return string(text)
	}
	s := survey{tried: candidates(charset)}
	if !take(&p.left.conversions, 1+len(s.tried)) {
		return validUTF8(string(text))
	}
	for _, enc := range s.tried {
		s.faults = append(s.faults, bytes.Count(decoded(enc, text), []byte(replacement)))
	}
	s.look(text)
	enc, bom := s.choose()
	return string(decoded(enc, text[bom:]))
}

// rawField puts a header field, which should be ASCII, into UTF-8. If it is not that
// already, it is taken for the charset of the Content-Type given, or where that tells
// nothing, for the one that the message last named; else it is UTF-8 with a few characters
// broken, or Windows-1252. Escape sequences are those of ISO-2022-JP, where they make sense.
func (p *Parser) rawField(value, contentType []byte) string {
	if utf8.Valid(value) {
		if bytes.IndexByte(value, escapeJIS) < 0 {
			return string(value)
		}
		return p.convert("iso-2022-jp", value)
	}
	for _, label := range []string{labelIn(contentType), p.charset} {
		if enc := encodingOf(label); enc != nil && enc != utf16LE && enc != utf16BE && (shiftOf(enc) == 0 || enc == japanese.ISO2022JP) {
			return validUTF8(p.convert(label, value))
		}
	}
	p.unlabelled = true
	return validUTF8(p.convert("", value))
}

// charsetLabel finds the charset that a Content-Type names; it may have any bytes.
var charsetLabel = regexp.MustCompile(`(?i)\bcharset[ \t]*=[ \t]*"?([^\s";]{1,255})`)

// labelIn is the charset that a Content-Type names.
func labelIn(contentType []byte) string {
	if found := charsetLabel.FindSubmatch(contentType); found != nil {
		return label(string(found[1]))
	}
	return ""
}

// decoded is text in UTF-8, with replacements where the encoding does not have it.
func decoded(enc encoding.Encoding, text []byte) []byte {
	out, err := enc.NewDecoder().Bytes(text)
	if err != nil { // none of the decoders fails
		return bytes.ToValidUTF8(text, []byte(replacement))
	}
	return out
}

// candidates are the encodings that text labelled so may have: the labelled one, and what
// is sent under its name. None: the label says nothing (RFC 1428's unknown-8bit, us-ascii,
// none at all), or UTF-8, which shows by itself.
func candidates(label string) []encoding.Encoding {
	if label == "" || label == "utf-8" || label == "us-ascii" {
		return nil
	}
	enc := encodingOf(label)
	switch enc {
	case nil, unicode.UTF8:
		return nil
	case japanese.ISO2022JP, japanese.ShiftJIS, japanese.EUCJP:
		return []encoding.Encoding{enc, unicode.UTF8, japanese.ShiftJIS, japanese.EUCJP}
	}
	return []encoding.Encoding{enc, unicode.UTF8}
}

// encodingOf returns the encoding that a label means, nil where it means none, or nothing
// beyond ASCII. As in WHATWG's table, ISO-8859-1 is taken for Windows-1252, and every GB
// charset for its superset GB18030.
func encodingOf(label string) encoding.Encoding {
	label = strings.ToLower(label)
	letters := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, label)
	if enc, ok := named(letters); ok {
		return enc
	}
	for _, name := range []string{label, letters, "iso" + letters} {
		if enc, err := htmlindex.Get(name); err == nil {
			return meant(enc)
		}
	}
	return nil
}

// meant puts a superset in the place of what it is taken for.
func meant(enc encoding.Encoding) encoding.Encoding {
	switch enc {
	case encoding.Replacement, charmap.XUserDefined:
		return nil
	case simplifiedchinese.GBK:
		return simplifiedchinese.GB18030
	}
	return enc
}

// named knows the labels that WHATWG's table lacks, letters and digits of them, and those
// that mean something else in mail. It is ok where the label is one of them.
func named(letters string) (enc encoding.Encoding, ok bool) {
	switch letters {
	case "usascii", "ascii", "ansix341968", "iso646us", "646", "cp367", "ibm367", "unknown8bit", "xunknown", "unknown", "default", "binary":
		return nil, true
	case "utf7", "unicode11utf7", "xunicode20utf7", "unicode20utf7", "csunicode11utf7":
		return utf7{}, true
	case "utf8mb4", "xutf8", "utf8utf8", "utf8n":
		return unicode.UTF8, true
	case "shiftjis", "xshiftjis", "xmscp932":
		return japanese.ShiftJIS, true
	case "iso2022jp", "iso2022jp1", "iso2022jp2", "iso2022jp3", "iso2022jpms", "xiso2022jp":
		return japanese.ISO2022JP, true
	case "eucjp", "eucjpms", "ujis":
		return japanese.EUCJP, true
	case "euckr", "uhc", "xwindows949", "ksc56011987", "ksc5601":
		return korean.EUCKR, true
	case "hz", "hzgb2312":
		return simplifiedchinese.HZGB2312, true
	case "euccn", "xeuccn", "eucgb2312cn", "xgb2312":
		return simplifiedchinese.GB18030, true
	case "koi8r", "xkoi8r":
		return charmap.KOI8R, true
	case "koi8u", "koi8ru", "xkoi8u":
		return charmap.KOI8U, true
	}
	for _, before := range pagePrefixes {
		if number, found := strings.CutPrefix(letters, before); found && codePages[number] != nil {
			return codePages[number], true
		}
	}
	return nil, false
}

// pagePrefixes stand before the number of a code page.
var pagePrefixes = []string{"xcp", "cp", "ibm", "xibm", "dos", "oem", "pc", "mswin", "xwindows", "windows", "win", "ms", "codepage", ""}

// codePages are Microsoft's and IBM's code pages by their numbers.
var codePages = map[string]encoding.Encoding{
	"437": charmap.CodePage437, "850": charmap.CodePage850, "852": charmap.CodePage852, "855": charmap.CodePage855,
	"858": charmap.CodePage858, "00858": charmap.CodePage858, "860": charmap.CodePage860, "862": charmap.CodePage862,
	"863": charmap.CodePage863, "865": charmap.CodePage865, "866": charmap.CodePage866, "874": charmap.Windows874,
	"819": charmap.Windows1252, "1250": charmap.Windows1250, "1251": charmap.Windows1251, "1252": charmap.Windows1252,
	"1253": charmap.Windows1253, "1254": charmap.Windows1254, "1255": charmap.Windows1255, "1256": charmap.Windows1256,
	"1257": charmap.Windows1257, "1258": charmap.Windows1258,
	"932": japanese.ShiftJIS, "943": japanese.ShiftJIS, "50220": japanese.ISO2022JP, "50221": japanese.ISO2022JP, "51932": japanese.EUCJP,
	"936": simplifiedchinese.GB18030, "54936": simplifiedchinese.GB18030, "949": korean.EUCKR, "950": traditionalchinese.Big5,
	"10000": charmap.Macintosh, "20866": charmap.KOI8R, "21866": charmap.KOI8U, "65000": utf7{}, "65001": unicode.UTF8,
}
