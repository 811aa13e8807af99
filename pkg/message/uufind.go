package message

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
)

// text opens part i if files are written into its text. A text that is a file is none
// that people read, and is left alone.
func (u *unwrapping) text(ctx context.Context, i int) error {
	p := &u.m.Parts[i]
	if p.Name != "" || p.Disposition != "" && p.Disposition != "inline" || !u.opens(i) {
		return nil
	}
	if may, err := u.m.announces(ctx, i); err != nil || !may {
		return err
	}
	source := u.inside(i)
	all, err := filesInText(u.m.stream(ctx, source), u.m.parser.spare())
	if err != nil || len(all) == 0 {
		return err
	}
	kind := Uuencoded
	if all[0].part.Encoding == "x-yenc" {
		kind = YEncoded
	}
	return u.found(i, source, kind, all, "")
}

// announcement is longer than what tells that a file may begin, the line end before it
// included.
const announcement = 16

// announces reports whether a file may begin in part i. All mail has text, so this looks
// at the bytes as they were sent, unless they hide what it looks for.
func (m *Message) announces(ctx context.Context, i int) (bool, error) {
	p := &m.Parts[i]
	if p.body.end-p.body.start < announcement {
		return false, nil
	}
	switch m.parser.transfer(p.Encoding).(type) {
	case identity, *quotedDecoder:
		return m.announcesAsSent(ctx, p)
	}
	a := announcer{}
	_, err := m.decode(ctx, i, m.sink(counted{&m.clock, &a}))
	if errors.Is(err, errEnough) {
		err = nil
	}
	return a.found, err
}

// announcesAsSent is announces for encodings that leave letters as they are.
func (m *Message) announcesAsSent(ctx context.Context, p *Part) (bool, error) {
	m.hold(p.source)
	in := &m.parser.in
	in.seek(p.body)
	for start := true; ; start = false {
		rest := in.rest()
		if announces(rest, start) {
			return true, nil
		}
		if in.last() {
			return false, nil
		}
		in.advance(max(0, len(rest)-announcement))
		if err := in.fill(ctx); err != nil {
			return false, err
		}
	}
}

// announces reports whether a line of text begins as uuencode or yEnc do. The text may
// start in the middle of a line, unless start is set.
func announces(text []byte, start bool) bool {
	word := []byte("begin ")
	for at := 0; ; at += len(word) {
		i := bytes.Index(text[at:], word)
		if i < 0 {
			return false
		}
		at += i
		line := at
		if bytes.HasSuffix(text[:at], []byte("=y")) {
			line -= len("=y")
		} else if digit := at + len(word); digit == len(text) || text[digit] < '0' || text[digit] > '7' {
			continue
		}
		if line == 0 && start || line > 0 && text[line-1] == '\n' {
			return true
		}
	}
}

// announcer looks for the beginning of a file in the text that is written to it.
type announcer struct {
	found, begun bool
	edge         []byte // the last bytes
}

// Write implements io.Writer.
func (a *announcer) Write(p []byte) (int, error) {
	a.edge = append(a.edge, p[:min(len(p), announcement)]...)
	if announces(a.edge, !a.begun) || announces(p, !a.begun) {
		a.found = true
		return 0, errEnough
	}
	tail := a.edge
	if len(p) >= announcement {
		tail = p
	}
	a.edge = append(a.edge[:0], tail[max(0, len(tail)-announcement):]...)
	a.begun = true
	return len(p), nil
}

// fileFinder finds the files in the lines of a text.
type fileFinder struct {
	files []inner
	file  inner // the one in hand; without an encoding: none
	lines int   // of its data
}

// filesInText finds the uuencoded and yEncoded files in a text that have an end: one more
// than the limit at most.
func filesInText(s *stream, limit int) ([]inner, error) {
	f := fileFinder{}
	whole := true // the line before was
	for len(f.files) <= limit {
		at := s.at
		line, err := s.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if whole && f.ends(chomp(line)) {
			f.file.body.end = s.at
			f.files = append(f.files, f.file)
			f.file = inner{}
		} else if whole {
			f.line(at, chomp(line))
		}
		whole = line[len(line)-1] == '\n'
	}
	return f.files, nil
}

// ends reports whether the line ends the file in hand.
func (f *fileFinder) ends(line []byte) bool {
	switch f.file.part.Encoding {
	case "x-uuencode":
		return f.lines > 0 && string(bytes.TrimSpace(line)) == "end"
	case "x-yenc":
		return bytes.HasPrefix(line, []byte("=yend "))
	}
	return false
}

// line takes a line that ends no file: data of the one in hand, or the start of another.
func (f *fileFinder) line(at int64, line []byte) {
	switch f.file.part.Encoding {
	case "x-uuencode":
		if isUULine(line) {
			f.lines++
			return
		}
	case "x-yenc":
		if !bytes.HasPrefix(line, []byte("=y")) {
			return
		}
	}
	f.file = inner{}
	if name, ok := uuName(line); ok {
		f.begin(at, name, "x-uuencode")
	}
	if head, ok := readYEncHead(line); ok {
		f.begin(at, head.name, "x-yenc")
	}
}

func (f *fileFinder) begin(at int64, name, encoding string) {
	f.lines = 0
	f.file = inner{
		part: Part{Type: "application/octet-stream", Disposition: "attachment", Name: name, Encoding: encoding},
		body: span{start: at},
	}
}

// uuName returns the file name of a line that begins uuencode: an octal mode before it.
func uuName(line []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(line[:min(len(line), maxLine)], []byte("begin "))
	mode, rest, blank := bytes.Cut(rest, []byte(" "))
	if !ok || !blank || len(mode) < 3 || len(mode) > 4 || len(bytes.Trim(mode, "01234567")) > 0 {
		return "", false
	}
	name := fileName(rest)
	return name, name != ""
}

// fileName reads a name that has no encoding of its own.
func fileName(name []byte) string {
	return fitName(strings.Clone(strings.Trim(validUTF8(string(name)), " \t\r\n\x00")))
}

// isUULine reports whether a line may be uuencoded data: a length, and as many characters
// as that takes, or fewer where blanks were lost at the end, or a checksum more.
func isUULine(line []byte) bool {
	line = bytes.TrimRight(line, " \t")
	if len(line) == 0 {
		return true
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			return false
		}
	}
	n := int(line[0]-' ') & 0x3f
	return len(line) <= 1+(n+2)/3*4+2
}
