package emailws

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep elements may be nested. A request needs five; headers may need more.
const maxDepth = 32

// reader reads a document of XML, of which SOAP allows less.
type reader struct {
	decoder *xml.Decoder
	depth   int
}

func newReader(document []byte) (*reader, error) {
	document, wide, err := toUTF8(document)
	if err != nil {
		return nil, err
	}
	d := xml.NewDecoder(bytes.NewReader(document))
	d.CharsetReader = func(declared string, in io.Reader) (io.Reader, error) {
		if wide && strings.EqualFold(declared, "utf-16") {
			return in, nil
		}
		return nil, errors.New("it is not, or not taken: UTF-8 and UTF-16 with a byte order mark are")
	}
	return &reader{decoder: d}, nil
}

// next returns the next token that is no comment. At the document's end it is nil.
func (r *reader) next() (xml.Token, error) {
	for {
		begun := r.decoder.InputOffset() > 0
		token, err := r.decoder.Token()
		if err == io.EOF { //nolint:errorlint // Token returns it as it is
			return nil, nil
		}
		if err != nil {
			return nil, clientFault("%v", err)
		}
		switch t := token.(type) {
		case xml.Comment:
			continue
		case xml.Directive:
			return nil, clientFault("a document type is not allowed in a message")
		case xml.ProcInst:
			if begun || t.Target != "xml" {
				return nil, clientFault("a processing instruction is not allowed in a message")
			}
			continue
		case xml.EndElement:
			r.depth--
		case xml.StartElement:
			if r.depth++; r.depth > maxDepth {
				return nil, clientFault("elements are nested deeper than %d", maxDepth)
			}
			if err := distinct(t); err != nil {
				return nil, err
			}
		}
		return token, nil
	}
}

// distinct refuses an attribute that is there twice, which encoding/xml lets pass.
func distinct(e xml.StartElement) error {
	seen := make(map[xml.Name]bool, len(e.Attr))
	for _, a := range e.Attr {
		if seen[a.Name] {
			return clientFault("%s has the attribute %s twice", e.Name.Local, a.Name.Local)
		}
		seen[a.Name] = true
	}
	return nil
}

// root reads up to the first element.
func (r *reader) root() (xml.StartElement, error) {
	for {
		token, err := r.next()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return t, nil
		case nil:
			return xml.StartElement{}, clientFault("the document has no element")
		}
		if !blank(token) {
			return xml.StartElement{}, clientFault("there is text before the document's element")
		}
	}
}

// end reads to the document's end.
func (r *reader) end() error {
	for {
		token, err := r.next()
		if err != nil || token == nil {
			return err
		}
		if !blank(token) {
			return clientFault("something follows the document's element")
		}
	}
}

// children reads an element that has begun to its end, and hands over each of its children,
// which must be read to its end.
func (r *reader) children(of string, child func(xml.StartElement) error) error {
	for {
		token, err := r.next()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := child(t); err != nil {
				return err
			}
		default:
			if !blank(token) {
				return clientFault("there is text in %s, between its elements", of)
			}
		}
	}
}

// text reads an element that has begun to its end, and returns its text.
func (r *reader) text(of string) (string, error) {
	var b strings.Builder
	for {
		token, err := r.next()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return b.String(), nil
		case xml.CharData:
			b.Write(t)
		case xml.StartElement:
			return "", clientFault("%s has an element %s in it", of, t.Name.Local)
		}
	}
}

// nothing reads an element that has begun to its end; there must be nothing in it.
func (r *reader) nothing(of string) error {
	s, err := r.text(of)
	if err == nil && trim(s) != "" {
		return clientFault("%s is nil, and has a value", of)
	}
	return err
}

// skip reads an element that has begun to its end.
func (r *reader) skip() error {
	for above := r.depth - 1; ; {
		token, err := r.next()
		if err != nil {
			return err
		}
		if _, ended := token.(xml.EndElement); ended && r.depth == above {
			return nil
		}
	}
}

func blank(token xml.Token) bool {
	data, ok := token.(xml.CharData)
	return ok && trim(string(data)) == ""
}

// toUTF8 decodes UTF-16, which its byte order mark shows, and takes a mark of UTF-8 away.
func toUTF8(document []byte) (decoded []byte, wide bool, err error) {
	switch {
	case bytes.HasPrefix(document, []byte{0xff, 0xfe}):
		decoded, err = fromUTF16(document[2:], binary.LittleEndian)
		return decoded, true, err
	case bytes.HasPrefix(document, []byte{0xfe, 0xff}):
		decoded, err = fromUTF16(document[2:], binary.BigEndian)
		return decoded, true, err
	}
	return bytes.TrimPrefix(document, []byte("\ufeff")), false, nil
}

// fromUTF16 decodes UTF-16 of that byte order.
func fromUTF16(b []byte, order binary.ByteOrder) ([]byte, error) {
	if len(b)%2 != 0 {
		return nil, clientFault("the document is no UTF-16: it ends in the middle of a character")
	}
	decoded := make([]byte, 0, len(b))
	for len(b) > 0 {
		c := rune(order.Uint16(b))
		b = b[2:]
		if utf16.IsSurrogate(c) {
			second := rune(0)
			if len(b) > 0 {
				second, b = rune(order.Uint16(b)), b[2:]
			}
			if c = utf16.DecodeRune(c, second); c == utf8.RuneError {
				return nil, clientFault("the document is no UTF-16: it has half a character")
			}
		}
		decoded = utf8.AppendRune(decoded, c)
	}
	return decoded, nil
}
