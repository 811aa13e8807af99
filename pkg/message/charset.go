package message

import (
	"encoding/base64"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// convert puts text of a charset into UTF-8. Text in one that nobody knows is taken for
// what it looks like.
func (p *Parser) convert(charset string, text []byte) string {
	switch charset {
	case "":
		return ""
	case "utf-8", "us-ascii":
		return validUTF8(string(text))
	}
	if enc := encodingOf(charset); enc != nil && take(&p.left.conversions, 1) {
		if out, err := enc.NewDecoder().Bytes(text); err == nil {
			return string(out)
		}
	}
	if take(&p.left.conversions, oddCharset) {
		return p.convertOdd(charset, text)
	}
	return validUTF8(string(text))
}

// encodingOf returns the encoding of a charset that enmime and WHATWG's table take for
// the same, as they do nearly all; nil for others.
func encodingOf(charset string) encoding.Encoding {
	if charset == "iso-8859-1" { // which WHATWG takes for Windows-1252
		return charmap.ISO8859_1
	}
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil
	}
	switch name, _ := htmlindex.Name(enc); name {
	case "utf-8", "windows-1252", "replacement":
		if name != charset {
			return nil
		}
	}
	return enc
}

// convertOdd lets enmime convert, which knows more charsets, at the price of a message.
func (p *Parser) convertOdd(charset string, text []byte) string {
	w := "=?" + charset + "?B?" + base64.StdEncoding.EncodeToString(text) + "?="
	env, err := p.words.ReadEnvelope(strings.NewReader("Subject: " + w + "\r\n\r\n"))
	if err != nil {
		return validUTF8(string(text))
	}
	if s := env.GetHeader("Subject"); s != w {
		return s
	}
	return validUTF8(string(text))
}
