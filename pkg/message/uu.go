package message

import (
	"bytes"
	"fmt"
	"strings"
)

// uuDecoder undoes uuencode: the lines between "begin MODE NAME" and "end" of the first
// file in the body.
type uuDecoder struct {
	begun, ended bool
	line         [64]byte // one line decoded: 63 bytes at most
	strange      int64    // lines with characters that are none of uuencode's
	outside      int64    // bytes of text before and behind the file

	seen     int64 // characters of data
	restored int64 // blanks put back at the ends of lines
	short    int64 // lines that had lost too many
}

// restoredBlanks is how many blanks that a relay took from the ends of lines are put back
// at most, beyond some for each character sent: a few bytes must not become many.
const restoredBlanks = 1 << 20

func (d *uuDecoder) decode(src []byte, last bool, out *sink) (int, error) {
	used := 0
	if !d.begun {
		before, n, err := beginning(src, last, isBegin)
		if err != nil || n == 0 {
			return 0, err
		}
		d.begun, d.outside, used = true, before, n
	}
	for used < len(src) {
		line := src[used:min(len(src), used+maxLine)]
		line = line[:lineLength(line)]
		if line[len(line)-1] != '\n' && len(line) < maxLine && !last {
			break
		}
		used += len(line)
		line = chomp(line)
		switch {
		case d.ended:
			d.outside += int64(len(bytes.TrimSpace(line)))
		case string(bytes.TrimSpace(line)) == "end":
			d.ended = true
		default:
			if err := out.write(d.decodeLine(line)); err != nil {
				return used, err
			}
		}
	}
	return used, nil
}

// beginning returns how many bytes there are up to the end of the line that begins a file,
// 0 where more must be seen to tell, and how many of them are text before it. That line
// must stand in the first maxLine bytes.
func beginning(src []byte, last bool, begins func(line []byte) bool) (before int64, n int, err error) {
	last = last && len(src) <= maxLine
	full := len(src) >= maxLine
	src = src[:min(len(src), maxLine)]
	for n < len(src) {
		line := src[n : n+lineLength(src[n:])]
		if line[len(line)-1] != '\n' && !last {
			break
		}
		if n += len(line); begins(chomp(line)) {
			return before, n, nil
		}
		before += int64(len(bytes.TrimSpace(line)))
	}
	if last || full {
		err = errNotEncoded
	}
	return 0, 0, err
}

// isBegin reports whether the line starts a file: "begin", an octal mode, a name.
func isBegin(line []byte) bool {
	words := bytes.Fields(line[:min(len(line), 1024)])
	return len(words) >= 2 && string(words[0]) == "begin" && len(bytes.Trim(words[1], "01234567")) == 0
}

// decodeLine decodes one line: its length, then four characters for three bytes. Blanks
// that were lost at its end count as zero.
func (d *uuDecoder) decodeLine(line []byte) []byte {
	if len(line) == 0 {
		return nil
	}
	n := int(line[0]-' ') & 0x3f
	line = line[1:]
	need := (n + 2) / 3 * 4
	line = line[:min(len(line), need)]
	d.seen += int64(len(line)) + 1
	if d.restored += int64(need - len(line)); d.restored > restoredBlanks+4*d.seen {
		d.short++
		n = min(n, len(line)*3/4)
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			d.strange++
			break
		}
	}
	at := func(i int) byte {
		if i < len(line) {
			return (line[i] - ' ') & 0x3f
		}
		return 0
	}
	for i, o := 0, 0; o < n; i, o = i+4, o+3 {
		a, b, c, e := at(i), at(i+1), at(i+2), at(i+3)
		copy(d.line[o:], []byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | e})
	}
	return d.line[:n]
}

func (d *uuDecoder) damage() string {
	var said []string
	if d.strange > 0 {
		said = append(said, fmt.Sprintf("%d lines with characters that are not uuencode", d.strange))
	}
	if d.short > 0 {
		said = append(said, fmt.Sprintf("%d lines cut short", d.short))
	}
	if !d.ended {
		said = append(said, "cut off before the end line")
	}
	if d.outside > 0 {
		said = append(said, fmt.Sprintf("%d characters around the uuencoded file ignored", d.outside))
	}
	return strings.Join(said, "; ")
}
