package message

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// yencHead is what the first line of a yEncoded file says of it (yEnc 1.3).
type yencHead struct {
	name string
	size int64
}

// readYEncHead reads a line that begins a file; it is not ok where it is none, or begins
// a part of a file.
func readYEncHead(line []byte) (yencHead, bool) {
	rest, ok := bytes.CutPrefix(line[:min(len(line), maxLine)], []byte("=ybegin "))
	params, name, named := bytes.Cut(rest, []byte(" name="))
	if !ok || !named {
		return yencHead{}, false
	}
	size, err := strconv.ParseInt(yencParam(params, "size"), 10, 64)
	if err != nil || size < 0 || yencParam(params, "line") == "" || yencParam(params, "part") != "" {
		return yencHead{}, false
	}
	h := yencHead{name: strings.Trim(fileName(name), `"`), size: size}
	return h, h.name != ""
}

// yencParam returns a parameter of a line, "" where it is absent.
func yencParam(line []byte, name string) string {
	for _, word := range bytes.Fields(line) {
		if v, ok := bytes.CutPrefix(word, []byte(name+"=")); ok {
			return string(v)
		}
	}
	return ""
}

// yencDecoder undoes yEnc: the lines between "=ybegin" and "=yend" of the first file in
// the body, which must not be a part of one.
type yencDecoder struct {
	head         yencHead
	begun, ended bool
	inLine       bool // the line in hand goes on
	escaped      bool // an escape is cut in two
	size         int64
	sum          uint32 // CRC-32 of the data
	wrong        []string
	outside      int64 // bytes of text before and behind the file
	plain        []byte
}

func (d *yencDecoder) decode(src []byte, last bool, out *sink) (int, error) {
	used := 0
	if !d.begun {
		before, n, err := beginning(src, last, d.begins)
		if err != nil || n == 0 {
			return 0, err
		}
		d.outside, used = before, n
	}
	for used < len(src) {
		line := src[used:min(len(src), used+maxLine)]
		line = line[:lineLength(line)]
		if line[len(line)-1] != '\n' && len(line) < maxLine && !last {
			break
		}
		used += len(line)
		if err := d.line(line, out); err != nil {
			return used, err
		}
		d.inLine = line[len(line)-1] != '\n'
	}
	return used, nil
}

// begins takes the line that begins the file.
func (d *yencDecoder) begins(line []byte) bool {
	d.head, d.begun = readYEncHead(line)
	return d.begun
}

// line takes a line, or a piece of one.
func (d *yencDecoder) line(line []byte, out *sink) error {
	switch {
	case d.ended:
		d.outside += int64(len(bytes.TrimSpace(line)))
	case !d.inLine && bytes.HasPrefix(line, []byte("=yend ")):
		d.ended = true
		d.check(line)
	default:
		d.data(chomp(line))
		d.size += int64(len(d.plain))
		d.sum = crc32.Update(d.sum, crc32.IEEETable, d.plain)
		return out.write(d.plain)
	}
	return nil
}

// data decodes data into plain.
func (d *yencDecoder) data(line []byte) {
	d.plain = d.plain[:0]
	for _, c := range line {
		switch {
		case d.escaped:
			d.escaped = false
			d.plain = append(d.plain, c-64-42)
		case c == '=':
			d.escaped = true
		default:
			d.plain = append(d.plain, c-42)
		}
	}
}

// check compares the file with its last line.
func (d *yencDecoder) check(line []byte) {
	size := yencParam(line, "size")
	if d.size != d.head.size || size != "" && size != strconv.FormatInt(d.size, 10) {
		d.wrong = append(d.wrong, fmt.Sprintf("yEnc announces %d bytes and has %d", d.head.size, d.size))
	}
	if sum, err := strconv.ParseUint(yencParam(line, "crc32"), 16, 32); err == nil && uint32(sum) != d.sum {
		d.wrong = append(d.wrong, "the CRC-32 of yEnc differs")
	}
}

func (d *yencDecoder) damage() string {
	said := d.wrong
	if !d.ended {
		said = append(said, "cut off before the =yend line")
	}
	if d.outside > 0 {
		said = append(said, fmt.Sprintf("%d characters around the yEncoded file ignored", d.outside))
	}
	return strings.Join(said, "; ")
}
