package message

import (
	"bytes"
	"regexp"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// survey is what a text's bytes say of its charset. A byte order mark is believed first,
// then a label, unless the bytes cannot be in its charset and can be in UTF-8, or another
// charset of Japanese. Where the label says nothing, and where it says UTF-8, text is
// UTF-8 if it has no more broken characters than whole ones beyond ASCII; else what its
// HTML says; else Windows-1252.
type survey struct {
	html   bool
	tried  []encoding.Encoding // the labelled one first; none: the label says nothing
	faults []int               // what each of these would replace

	head    []byte // how the text starts
	begun   []byte // a UTF-8 character that the bytes to come may go on with
	whole   int    // characters beyond ASCII, should it be UTF-8
	broken  int    // bytes that are not UTF-8
	marks   int    // replacement characters in it as sent, should it be UTF-8
	zeros   [2]int // NUL bytes at even and at odd offsets
	size    int
	shift   byte                // starts all but ASCII in the labelled charset; 0: nothing does
	shifted bool                // it is there
	trials  []*transform.Writer // of those tried, where the text comes in pieces
}

// headSize is where HTML must name its charset (HTML, "prescan a byte stream").
const headSize = 1024

// newSurvey prepares for the text of a part, which is written to the survey.
func newSurvey(label string, html bool) *survey {
	s := &survey{html: html, tried: candidates(label)}
	s.faults = make([]int, len(s.tried))
	if len(s.tried) > 0 {
		s.shift = shiftOf(s.tried[0])
	}
	for i, enc := range s.tried {
		s.trials = append(s.trials, transform.NewWriter((*faultCounter)(&s.faults[i]), enc.NewDecoder()))
	}
	return s
}

// escapeJIS starts the escape sequences of ISO-2022-JP.
const escapeJIS = 0x1b

// shiftOf returns the byte that starts what is not ASCII in an encoding of seven bits.
func shiftOf(enc encoding.Encoding) byte {
	switch enc {
	case japanese.ISO2022JP:
		return escapeJIS
	case simplifiedchinese.HZGB2312:
		return '~'
	case utf7{}:
		return '+'
	}
	return 0
}

// faultCounter counts the replacement characters that are written to it.
type faultCounter int

func (f *faultCounter) Write(p []byte) (int, error) {
	*f += faultCounter(bytes.Count(p, []byte(replacement)))
	return len(p), nil
}

// Write implements io.Writer.
func (s *survey) Write(p []byte) (int, error) {
	for _, t := range s.trials {
		if _, err := t.Write(p); err != nil {
			return 0, err
		}
	}
	s.head = append(s.head, p[:min(len(p), headSize-len(s.head))]...)
	s.countZeros(p)
	s.shifted = s.shifted || s.shift != 0 && bytes.IndexByte(p, s.shift) >= 0
	s.size += len(p)
	rest := p
	for len(s.begun) > 0 && len(rest) > 0 {
		s.begun = append(s.begun, rest[0])
		rest = rest[1:]
		if utf8.FullRune(s.begun) {
			s.begun = append(s.begun[:0], s.scan(s.begun)...)
		}
	}
	s.begun = append(s.begun, s.scan(rest)...)
	return len(p), nil
}

// close tells that the text has ended.
func (s *survey) close() error {
	s.broken += len(s.begun)
	for _, t := range s.trials {
		if err := t.Close(); err != nil {
			return err
		}
	}
	return nil
}

// look surveys a whole text at once, but for what those tried would replace.
func (s *survey) look(text []byte) {
	s.head = text[:min(len(text), headSize)]
	s.size = len(text)
	s.countZeros(text)
	s.broken = len(s.scan(text)) + s.broken
}

// countZeros counts the NUL bytes of a piece: half of most UTF-16 is.
func (s *survey) countZeros(p []byte) {
	if !s.wide() {
		return
	}
	for i, c := range p {
		if c == 0 {
			s.zeros[(s.size+i)%2]++
		}
	}
}

// scan reads p as UTF-8, and returns what may be the start of a character at its end.
func (s *survey) scan(p []byte) []byte {
	for len(p) > 0 {
		if p[0] < utf8.RuneSelf {
			p = p[1:]
			continue
		}
		if !utf8.FullRune(p) {
			break
		}
		r, n := utf8.DecodeRune(p)
		switch {
		case r != utf8.RuneError:
			s.whole++
		case n == 1:
			s.broken++
		default:
			s.whole++
			s.marks++
		}
		p = p[n:]
	}
	return p
}

// The two orders of UTF-16, neither with a byte order mark.
var (
	utf16LE = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16BE = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
)

// wide reports whether the text is labelled as UTF-16.
func (s *survey) wide() bool {
	return len(s.tried) > 0 && (s.tried[0] == utf16LE || s.tried[0] == utf16BE)
}

// choose settles the encoding, and how many bytes at the start are a byte order mark.
func (s *survey) choose() (enc encoding.Encoding, bom int) {
	switch {
	case bytes.HasPrefix(s.head, []byte("\xef\xbb\xbf")):
		return unicode.UTF8, 3
	case bytes.HasPrefix(s.head, []byte("\xff\xfe")):
		return utf16LE, 2
	case bytes.HasPrefix(s.head, []byte("\xfe\xff")):
		return utf16BE, 2
	case s.wide():
		return s.chooseWide(), 0
	case len(s.tried) > 0:
		return s.tried[slices.Index(s.faults, slices.Min(s.faults))], 0
	case s.broken <= s.whole:
		return unicode.UTF8, 0
	}
	if s.html {
		if enc := s.named(); enc != nil {
			return enc, 0
		}
	}
	return charmap.Windows1252, 0
}

// chooseWide tells by the NUL bytes of what there is of ASCII in which order UTF-16 is,
// and whether it is any.
func (s *survey) chooseWide() encoding.Encoding {
	const enough = 32 // bytes, of which some were NUL
	switch {
	case s.zeros[0] > s.zeros[1]:
		return utf16BE
	case s.zeros[1] > s.zeros[0]:
		return utf16LE
	case s.zeros[0] == 0 && s.broken == 0 && s.size >= enough:
		return unicode.UTF8
	}
	return s.tried[0]
}

// metaCharset is what names the charset in HTML: in an attribute of its own, or at the
// end of a Content-Type.
var metaCharset = regexp.MustCompile(`(?i)<meta\s[^>]*charset\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// named is the encoding that the text's HTML names; nil where it names none, or one that
// a text in which its name can be read does not have.
func (s *survey) named() encoding.Encoding {
	found := metaCharset.FindSubmatch(s.head)
	if found == nil {
		return nil
	}
	enc := encodingOf(string(found[1]))
	if enc == utf16LE || enc == utf16BE || enc == unicode.UTF8 {
		return nil
	}
	return enc
}
