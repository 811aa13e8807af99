package drop

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine is the length of a line in which a field's name and colon must stand (RFC 5322
// §2.1.1).
const maxLine = 998

// header reads the fields at the top of a file, one after the other.
type header struct {
	in   *bufio.Reader
	line int   // number of the line that comes next
	read int64 // bytes of the lines that were read
}

func newHeader(r io.ReaderAt, size int64) header {
	return header{in: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 4096), line: 1}
}

// name returns the name of the field that begins at the next line, in lower case and
// with the blanks that an obsolete one has before its colon (RFC 5322 §4.5); "" where
// that line begins no field. It reads nothing. At the end of the file it is io.EOF.
func (h *header) name() (string, error) {
	head, err := h.in.Peek(maxLine)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read envelope: %w", err)
	}
	if len(head) == 0 {
		return "", io.EOF
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	name, _, found := bytes.Cut(line, []byte(":"))
	bare := bytes.TrimRight(name, " \t")
	if !found || len(bare) == 0 || bytes.ContainsFunc(bare, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", nil
	}
	return strings.ToLower(string(name)), nil
}

// value reads the field that begins at the next line and returns what stands after the
// colon, unfolded (RFC 5322 §2.2.3), without blanks around it. It is io.EOF where the
// file ends before the line does.
func (h *header) value() (string, error) {
	var field []byte
	for {
		line, err := h.readLine()
		if err != nil {
			return "", err
		}
		field = append(field, line...)
		next, err := h.in.Peek(1)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read envelope: %w", err)
		}
		if len(next) == 0 || (next[0] != ' ' && next[0] != '\t') {
			break
		}
	}
	_, value, _ := bytes.Cut(field, []byte(":"))
	return string(bytes.Trim(value, " \t")), nil
}

// readLine reads the next line and returns it without its end.
func (h *header) readLine() ([]byte, error) {
	line, err := h.in.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("read envelope: %w", err)
	}
	h.read += int64(len(line))
	h.line++
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}
