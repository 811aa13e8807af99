package message

import (
	"bytes"
	"context"
	"errors"
	"html"
	"strings"
)

// maxHTML is how much HTML of a message is searched for references to its pictures.
const maxHTML = 4 << 20

// maxReference is longer than any Content-ID in use (RFC 5322 §2.1.1 has 998).
const maxReference = 1 << 10

// errEnough stops the search in a text.
var errEnough = errors.New("enough HTML searched")

// refer marks the pictures that HTML texts of the message show. It costs nothing where
// there is none that could be shown.
func (m *Message) refer(ctx context.Context) error {
	var pictures map[string][]int
	for i, p := range m.Parts {
		if p.ContentID != "" && p.Disposition != "attachment" && strings.HasPrefix(p.Type, "image/") {
			if pictures == nil {
				pictures = make(map[string][]int)
			}
			pictures[p.ContentID] = append(pictures[p.ContentID], i)
		}
	}
	if len(pictures) == 0 {
		return nil
	}
	s := cidScanner{left: maxHTML}
	s.found = func(id []byte) {
		for _, i := range pictures[string(id)] {
			m.Parts[i].Referenced = true
		}
		if delete(pictures, string(id)); len(pictures) == 0 {
			s.left = 0
		}
	}
	for i, p := range m.Parts {
		if p.Type != "text/html" || p.Disposition == "attachment" {
			continue
		}
		s.reset()
		if _, err := m.decode(ctx, i, m.sink(counted{&m.clock, &s})); err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	return nil
}

// cidScanner finds the cid: URLs (RFC 2392) in HTML that is written to it: those where
// an attribute or a style may have a URL, outside comments.
type cidScanner struct {
	found func(id []byte)
	left  int // bytes that may still be searched

	recent  uint64 // the last eight bytes, ASCII letters in lower case
	comment bool
	inURL   bool
	opener  byte // what the URL in hand stands behind
	url     []byte
}

// reset prepares for another text.
func (s *cidScanner) reset() {
	*s = cidScanner{found: s.found, left: s.left, url: s.url[:0]}
}

// Write searches p, which may end anywhere.
func (s *cidScanner) Write(p []byte) (int, error) {
	for i, c := range p {
		if s.left == 0 {
			return i, errEnough
		}
		s.left--
		s.next(c)
	}
	return len(p), nil
}

func (s *cidScanner) next(c byte) {
	if s.inURL {
		s.inURL = !s.closes(c)
		if s.inURL {
			s.url = append(s.url, c)
			return
		}
		s.found(unescapeCID(s.url))
	}
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	s.recent = s.recent<<8 | uint64(c)
	switch {
	case c == '-' && s.ends("<!--"):
		s.comment = true
	case c == '>' && s.ends("-->"):
		s.comment = false
	case c == ':' && !s.comment && s.ends("cid:"):
		s.opener = byte(s.recent >> 32)
		s.inURL = strings.IndexByte("\"'(=;", s.opener) >= 0
		s.url = s.url[:0]
	}
}

// ends reports whether the bytes so far end with the text, of at most eight bytes.
func (s *cidScanner) ends(text string) bool {
	for i := range len(text) {
		if byte(s.recent>>(8*i)) != text[len(text)-1-i] {
			return false
		}
	}
	return true
}

// closes reports whether c ends the URL in hand.
func (s *cidScanner) closes(c byte) bool {
	switch {
	case len(s.url) >= maxReference, c == '>', c == '<':
		return true
	case s.opener == '"' || s.opener == '\'':
		return c == s.opener
	}
	return strings.IndexByte("\"') \t\r\n", c) >= 0
}

// unescapeCID undoes what HTML and URLs do to a Content-ID.
func unescapeCID(url []byte) []byte {
	if bytes.ContainsAny(url, "&%") {
		url = unescape(html.UnescapeString(string(url)), '%')
	}
	return bytes.TrimRight(url, " \t\r\n\"'")
}
