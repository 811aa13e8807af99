package message

import (
	"bytes"
	"fmt"
)

// quotedBlanks is how many blanks at a line's end are taken for padding of a relay; no
// line that RFC 5321 §4.5.3.1.6 allows has more.
const quotedBlanks = 1 << 10

// quotedDecoder undoes quoted-printable (RFC 2045 §6.7), leniently: hexadecimal digits
// of either case, an escape that is none stays as it is, line ends stay as they were
// sent, blanks at a line's end go.
type quotedDecoder struct {
	run     int   // blanks just before, too many to be padding
	strange int64 // escapes that are none
}

func (d *quotedDecoder) decode(src []byte, last bool, out *sink) (int, error) {
	used := 0
	for used < len(src) {
		line := src[used : used+lineLength(src[used:])]
		if line[len(line)-1] != '\n' && !last {
			if len(line) < maxLine {
				return used, nil
			}
			n := d.whole(line)
			if err := d.text(line[:n], out); err != nil {
				return used, err
			}
			used += n
			continue
		}
		if err := d.line(line, out); err != nil {
			return used, err
		}
		used += len(line)
	}
	return used, nil
}

// whole is how much of an endless line can be decoded without what follows: no escape
// is cut in two, and blanks wait that may be the line's last.
func (d *quotedDecoder) whole(b []byte) int {
	text := bytes.TrimSuffix(b, []byte("\r"))
	n, blanks := d.trim(text)
	if blanks > quotedBlanks {
		d.run = 0
		if len(text) == len(b) {
			d.run = blanks
		}
		return len(b)
	}
	d.run = 0
	if i := bytes.LastIndexByte(b[:n], '='); i >= 0 && i >= n-2 {
		return i
	}
	return n
}

// trim returns the length of text without the blanks at its end, and their number.
func (d *quotedDecoder) trim(text []byte) (n, blanks int) {
	n = len(text)
	for n > 0 && (text[n-1] == ' ' || text[n-1] == '\t') {
		n--
	}
	blanks = len(text) - n
	if n == 0 {
		blanks += d.run
	}
	return n, blanks
}

// line decodes one line with its end.
func (d *quotedDecoder) line(line []byte, out *sink) error {
	text := chomp(line)
	end := line[len(text):]
	if n, blanks := d.trim(text); blanks <= quotedBlanks {
		text = text[:n]
	}
	d.run = 0
	if n := len(text); n > 0 && text[n-1] == '=' { // a soft break
		return d.text(text[:len(text)-1], out)
	}
	if err := d.text(text, out); err != nil {
		return err
	}
	return out.write(end)
}

// text decodes the escapes in part of a line.
func (d *quotedDecoder) text(text []byte, out *sink) error {
	plain := 0 // where what needs no decoding starts
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '=')
		if i < 0 {
			return out.write(text[plain:])
		}
		at += i
		c, ok := escape(text[at:])
		if !ok {
			d.strange++
			at++
			continue
		}
		if err := out.write(text[plain:at]); err != nil {
			return err
		}
		if err := out.writeByte(c); err != nil {
			return err
		}
		at += len("=XX")
		plain = at
	}
}

// escape returns the byte that text starts with as an escape: a mark, then two
// hexadecimal digits.
func escape[T string | []byte](text T) (byte, bool) {
	if len(text) < len("=XX") {
		return 0, false
	}
	high, low := hexDigit(text[1]), hexDigit(text[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

func (d *quotedDecoder) damage() string {
	if d.strange == 0 {
		return ""
	}
	return fmt.Sprintf("%d invalid quoted-printable escapes kept as sent", d.strange)
}

// hexDigit is the value of a hexadecimal digit, -1 for other characters.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
