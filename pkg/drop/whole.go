package drop

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"strings"
)

// How much of a file is looked at to tell whether it is whole.
const (
	wholeHead = 64 << 10 // holds the header
	wholeTail = 4 << 10  // holds the closing boundary and what may follow it
)

// looksWhole reports whether a file of size bytes looks as if it had been written to its
// end: its header is complete, and where that announces a multipart, the closing boundary
// is there (RFC 2046 §5.1.1). Of other messages nothing shows where they end. A file of
// which it cannot be told does not look whole.
func looksWhole(r io.ReaderAt, size int64) bool {
	head, ok := readPiece(r, 0, min(size, wholeHead))
	if !ok {
		return false
	}
	header, ok := cutHeader(head)
	if !ok {
		return false
	}
	boundary, multipart := boundaryOf(header)
	if !multipart {
		return true
	}
	from := max(size-wholeTail, 0)
	tail, ok := readPiece(r, from, size-from)
	return ok && boundary != "" && hasClosing(tail, "\n--"+boundary+"--")
}

func readPiece(r io.ReaderAt, from, n int64) ([]byte, bool) {
	p := make([]byte, n)
	got, err := r.ReadAt(p, from)
	return p, got == len(p) && (err == nil || errors.Is(err, io.EOF))
}

// cutHeader returns what stands before the first empty line, if there is one.
func cutHeader(head []byte) (header []byte, ok bool) {
	end := -1
	for _, empty := range []string{"\n\n", "\n\r\n"} {
		if i := bytes.Index(head, []byte(empty)); i >= 0 && (end < 0 || i < end) {
			end = i
		}
	}
	return head[:max(end, 0)], end >= 0
}

// boundaryOf returns the boundary that a header announces; "" where it cannot be read.
func boundaryOf(header []byte) (boundary string, multipart bool) {
	unfolded := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ", "\n ", " ", "\n\t", " ").Replace(string(header))
	for line := range strings.Lines(unfolded) {
		name, value, found := strings.Cut(line, ":")
		if !found || !strings.EqualFold(strings.TrimRight(name, " \t"), "content-type") {
			continue
		}
		value = strings.TrimSpace(value)
		const kind = "multipart/"
		if len(value) < len(kind) || !strings.EqualFold(value[:len(kind)], kind) {
			return "", false
		}
		_, params, err := mime.ParseMediaType(value)
		if err != nil {
			return "", true
		}
		return strings.TrimRight(params["boundary"], " \t"), true
	}
	return "", false
}

// hasClosing reports whether a line begins with the closing boundary and has nothing but
// blanks behind it.
func hasClosing(tail []byte, closing string) bool {
	for {
		_, after, found := bytes.Cut(tail, []byte(closing))
		if !found {
			return false
		}
		if line, _, _ := bytes.Cut(after, []byte("\n")); len(bytes.Trim(line, " \t\r")) == 0 {
			return true
		}
		tail = after
	}
}
