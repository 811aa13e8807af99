package message

import (
	"bytes"
	"io"

	"github.com/gabriel-vasile/mimetype"
)

// sniffed is how many bytes of a file tell its type.
const sniffed = 3072

// Sniffer passes on what is written to it, and tells the media type that the first bytes
// show. Its zero value with a writer is ready to use.
type Sniffer struct {
	W    io.Writer
	head []byte
}

// Write implements io.Writer.
func (s *Sniffer) Write(p []byte) (int, error) {
	if free := sniffed - len(s.head); free > 0 {
		s.head = append(s.head, p[:min(free, len(p))]...)
	}
	return s.W.Write(p)
}

// Detected returns the media type of what was written, without parameters:
// application/octet-stream where nothing tells, text/plain for text of no other type.
func (s *Sniffer) Detected() string {
	typ := mediaType(mimetype.Detect(s.head).String())
	if typ == "application/vnd.microsoft.portable-executable" && !isProgram(s.head) {
		return "text/plain"
	}
	return typ
}

// isProgram reports whether what begins with MZ is a program of DOS or Windows: text that
// does so has no zero byte in what would be the program's header.
func isProgram(head []byte) bool {
	return bytes.IndexByte(head[:min(len(head), 64)], 0) >= 0
}

// mediaType is a media type without its parameters, as splitType reads it.
func mediaType(s string) string {
	typ, _ := splitType(s)
	return typ
}
