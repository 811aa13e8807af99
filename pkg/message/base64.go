package message

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/segmentio/asm/base64"
)

const (
	// base64Piece is how much encoded text is decoded at once.
	base64Piece = 64 << 10
	// base64Line is how much of a line behind padding is looked at.
	base64Line = 1 << 10
	// base64Word: a shorter line without padding may be a word of a footer, and it is
	// not worth while to decode it as a block.
	base64Word = 16
)

// base64Decoder undoes base64 (RFC 2045 §6.8). Whole pieces go through the standard
// decoder; one with anything unusual in it is decoded by the character: what is not of
// the alphabet is left out and counted, padding ends the data, and behind it only a
// line that is base64 starts it again.
type base64Decoder struct {
	chars  []byte // a piece without its line ends, behind the group in hand
	group  uint32 // characters of an unfinished group, 6 bits each
	have   int    // how many: 0 to 3
	padded bool   // behind padding

	strange int64 // characters left out of the data
	behind  int64 // characters left out behind padding
	resumed bool  // data went on behind padding
	tail    string
}

func (d *base64Decoder) decode(src []byte, last bool, out *sink) (int, error) {
	used := 0
	for used < len(src) {
		if d.padded {
			n := d.skip(src[used:], last)
			if n == 0 && d.padded {
				return used, nil
			}
			used += n
			continue
		}
		if err := out.room(base64Piece); err != nil {
			return used, err
		}
		piece := src[used:min(len(src), used+base64Piece)]
		plain := piece
		if i := bytes.IndexByte(piece, '='); i >= 0 {
			plain = piece[:i]
		}
		if len(plain) >= base64Word && d.fast(plain, out) {
			used += len(plain)
			continue
		}
		used += d.slow(piece, out)
	}
	if last {
		d.finish(out)
	}
	return used, nil
}

// fast decodes a piece in which all is as it should be; else it changes nothing.
func (d *base64Decoder) fast(piece []byte, out *sink) bool {
	chars := d.chars[:0]
	for i := d.have - 1; i >= 0; i-- {
		chars = append(chars, alphabet[d.group>>(6*i)&0x3f])
	}
	n := 0 // length of the line before: most have the same
	for len(piece) > 0 {
		// A line that ends earlier, too, leaves its end in chars: that is no base64.
		if n == 0 || n > len(piece) || piece[n-1] != '\n' {
			n = lineLength(piece)
		}
		chars = append(chars, chomp(piece[:n])...)
		piece = piece[n:]
	}
	d.chars = chars
	whole := len(chars) &^ 3
	group, have := uint32(0), 0
	for _, c := range chars[whole:] {
		v := sextets[c]
		if v > 0x3f {
			return false
		}
		group, have = group<<6|uint32(v), have+1
	}
	room := out.buf[len(out.buf):cap(out.buf)]
	n, err := base64.StdEncoding.Decode(room, chars[:whole])
	if err != nil || n != whole/4*3 {
		return false
	}
	out.buf = out.buf[:len(out.buf)+n]
	d.group, d.have = group, have
	return true
}

// slow decodes character by character, up to padding.
func (d *base64Decoder) slow(piece []byte, out *sink) int {
	for i, c := range piece {
		v := sextets[c]
		switch {
		case v <= 0x3f:
			d.group = d.group<<6 | uint32(v)
			d.have++
			if d.have == 4 {
				out.buf = append(out.buf, byte(d.group>>16), byte(d.group>>8), byte(d.group))
				d.group, d.have = 0, 0
			}
		case c == '=' && d.have >= 2:
			d.flush(out)
			d.padded = true
			return i + 1
		case v != blank:
			d.strange++
		}
	}
	return len(piece)
}

// flush writes the whole bytes of an unfinished group.
func (d *base64Decoder) flush(out *sink) {
	switch d.have {
	case 2:
		out.buf = append(out.buf, byte(d.group>>4))
	case 3:
		out.buf = append(out.buf, byte(d.group>>10), byte(d.group>>2))
	}
	d.group, d.have = 0, 0
}

// skip passes what stands behind padding, at most a line, or finds that data goes on.
func (d *base64Decoder) skip(src []byte, last bool) int {
	blanks := 0
	for blanks < len(src) && (src[blanks] == '=' || src[blanks] == ' ' || src[blanks] == '\t' || src[blanks] == '\r' || src[blanks] == '\n') {
		blanks++
	}
	if blanks > 0 {
		return blanks
	}
	src = src[:min(len(src), base64Line)]
	n := lineLength(src)
	if src[n-1] != '\n' && n < base64Line && !last {
		return 0
	}
	line := trimEnd(src[:n])
	if isBase64(line) {
		d.padded, d.resumed = false, true
		return 0
	}
	d.behind += int64(len(line))
	return n
}

// isBase64 reports whether a line looks like base64 data and not like a footer: whole
// groups, up to padding or long enough to be no word.
func isBase64(line []byte) bool {
	data := line
	if i := bytes.IndexByte(line, '='); i >= 0 {
		data = line[:i]
	}
	for _, c := range data {
		if sextets[c] > 0x3f {
			return false
		}
	}
	if len(data) == len(line) {
		return len(data) >= base64Word && len(data)%4 == 0
	}
	pads := 1
	if rest := line[len(data)+1:]; len(rest) > 0 && rest[0] == '=' {
		pads = 2
	}
	return len(data) >= 2 && (len(data)+pads)%4 == 0
}

func (d *base64Decoder) finish(out *sink) {
	switch d.have {
	case 1:
		d.tail = "cut off inside a group of four characters"
	case 2, 3:
		d.tail = "padding missing at the end"
	}
	d.flush(out)
}

func (d *base64Decoder) damage() string {
	var said []string
	if d.strange > 0 {
		said = append(said, fmt.Sprintf("%d characters outside the base64 alphabet ignored", d.strange))
	}
	if d.resumed {
		said = append(said, "padding inside the base64 data")
	}
	if d.behind > 0 {
		said = append(said, fmt.Sprintf("%d characters behind the base64 data ignored", d.behind))
	}
	if d.tail != "" {
		said = append(said, d.tail)
	}
	return strings.Join(said, "; ")
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// blank marks white space in sextets, which is never damage; 0xff marks the rest.
const blank = 0x40

// sextets has the value of each character of the alphabet.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte(alphabet) {
		t[c] = byte(i)
	}
	for _, c := range []byte(" \t\r\n\v\f") {
		t[c] = blank
	}
	return t
}()
