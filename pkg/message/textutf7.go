package message

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// utf7 is the encoding of RFC 2152, of which we only decode.
type utf7 struct{}

func (utf7) NewDecoder() *encoding.Decoder { return &encoding.Decoder{Transformer: &utf7Decoder{}} }

func (utf7) NewEncoder() *encoding.Encoder { return encoding.Replacement.NewEncoder() }

// utf7Decoder is lenient: a plus sign that starts nothing is one.
type utf7Decoder struct {
	shifted bool   // behind a plus sign
	empty   bool   // right behind it
	bits    uint32 // of the UTF-16 unit in hand
	have    int    // how many
	high    rune   // the first half of a surrogate pair; 0 is none
}

// Reset implements transform.Transformer.
func (d *utf7Decoder) Reset() { *d = utf7Decoder{} }

// Transform implements transform.Transformer.
func (d *utf7Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	const most = 2 * utf8.UTFMax // what one byte may yield
	for nSrc < len(src) {
		if len(dst)-nDst < most {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst = len(d.next(dst[:nDst], src[nSrc]))
		nSrc++
	}
	if !atEOF {
		return nDst, nSrc, nil
	}
	if len(dst)-nDst < most {
		return nDst, nSrc, transform.ErrShortDst
	}
	return len(d.end(dst[:nDst])), nSrc, nil
}

// next appends what one more byte yields.
func (d *utf7Decoder) next(out []byte, c byte) []byte {
	if d.shifted {
		if v := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c); v >= 0 {
			return d.sextet(out, uint32(v))
		}
		closing := c == '-'
		out = d.end(out)
		if closing {
			return out
		}
	}
	switch {
	case c == '+':
		d.shifted, d.empty = true, true
		return out
	case c >= utf8.RuneSelf:
		return append(out, replacement...)
	}
	return append(out, c)
}

// sextet takes six bits more.
func (d *utf7Decoder) sextet(out []byte, v uint32) []byte {
	d.empty = false
	d.bits = d.bits<<6 | v
	d.have += 6
	if d.have < 16 {
		return out
	}
	d.have -= 16
	unit := rune(d.bits >> d.have & 0xffff)
	high := d.high
	d.high = 0
	if high != 0 {
		if r := utf16.DecodeRune(high, unit); r != utf8.RuneError {
			return utf8.AppendRune(out, r)
		}
		out = append(out, replacement...)
	}
	if 0xd800 <= unit && unit < 0xdc00 {
		d.high = unit
		return out
	}
	return utf8.AppendRune(out, unit)
}

// end leaves the shifted state.
func (d *utf7Decoder) end(out []byte) []byte {
	switch {
	case d.empty:
		out = append(out, '+')
	case d.high != 0:
		out = append(out, replacement...)
	}
	d.Reset()
	return out
}
