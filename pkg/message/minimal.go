package message

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// piece is one segment of a parameter that RFC 2231 §3 splits up.
type piece struct {
	n       int
	value   string
	encoded bool
}

// minimalParams reads parameters in time linear in their length, whatever they are; of
// several of one name, the first. The extended ones are those of RFC 2231, in UTF-8.
func (p *Parser) minimalParams(s string) (plain, extended map[string]string) {
	plain, extended = make(map[string]string), make(map[string]string)
	pieces := make(map[string][]piece)
	for s != "" {
		name, v, rest, extra := nextParam(s)
		if !take(&p.left.minimal, extra) {
			break
		}
		s = rest
		base, n, encoded, split := segment(name)
		if split {
			pieces[base] = append(pieces[base], piece{n, v, encoded})
			continue
		}
		if _, ok := plain[name]; !ok && name != "" {
			plain[name] = cut(v, maxField)
		}
	}
	for name, list := range pieces {
		if v := p.join(list); v != "" {
			extended[name] = v
		}
	}
	return plain, extended
}

// nextParam takes the first parameter off. Extra is how many bytes were gone through
// that will be gone through again.
func nextParam(s string) (name, value, rest string, extra int) {
	s = strings.TrimLeft(s, " \t;")
	i := strings.IndexAny(s, "=;")
	if i < 0 || s[i] == ';' {
		_, rest, _ = strings.Cut(s, ";")
		return "", "", rest, 0
	}
	name = strings.ToLower(strings.TrimSpace(s[:i]))
	s = strings.TrimLeft(s[i+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		window := s[1:min(len(s), maxField)]
		if value, n, ok := quotedString(window); ok {
			return name, value, s[1+n:], 0
		}
		s, extra = s[1:], len(window)
	}
	value, rest, _ = strings.Cut(s, ";")
	if strings.Count(value, `"`) == 1 { // its other half is lost
		value = strings.Replace(value, `"`, "", 1)
	}
	return name, strings.TrimRight(value, " \t"), rest, extra
}

// quotedString reads up to the closing quote, and returns how long that is. Another quote
// is one of the value. A backslash quotes quotes and itself only: the others are those
// of paths.
func quotedString(s string) (value string, n int, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' && closes(s[i+1:]):
			return b.String(), i + 1, true
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", 0, false
}

// closes reports whether a quote closes before this: a semicolon follows, or the end, or
// another parameter whose semicolon was forgotten.
func closes(s string) bool {
	rest := strings.TrimLeft(s, " \t")
	if rest == "" || rest[0] == ';' {
		return true
	}
	n := leading(rest, func(c byte) bool { return isPlain(c) || c == '*' })
	return len(rest) < len(s) && 0 < n && n < len(rest) && rest[n] == '='
}

// segment splits a name as RFC 2231 writes it: name*, name*0, name*0*.
func segment(name string) (base string, n int, encoded, ok bool) {
	base, tail, ok := strings.Cut(name, "*")
	if !ok || base == "" {
		return name, 0, false, false
	}
	if tail == "" {
		return base, 0, true, true
	}
	tail, encoded = strings.CutSuffix(tail, "*")
	n, err := strconv.Atoi(tail)
	return base, n, encoded, err == nil && n >= 0
}

// join puts the segments together in the order of their numbers, and decodes them. Gaps
// are passed over; of several with one number the first counts.
func (p *Parser) join(list []piece) string {
	slices.SortStableFunc(list, func(a, b piece) int { return cmp.Compare(a.n, b.n) })
	list = slices.CompactFunc(list, func(a, b piece) bool { return a.n == b.n })
	var out strings.Builder
	var text []byte // still in the charset
	prefix, charset := charsetOf(list[0])
	for _, part := range list {
		switch {
		case part.encoded: // some repeat the charset
			text = append(text, unescape(strings.TrimPrefix(part.value, prefix), '%')...)
		case isASCII(part.value):
			text = append(text, part.value...)
		default:
			out.WriteString(p.convert(charset, text))
			text = text[:0]
			out.WriteString(part.value)
		}
	}
	out.WriteString(p.convert(charset, text))
	return cut(out.String(), maxField)
}

// charsetOf returns the charset that the first segment names, and with what.
func charsetOf(first piece) (prefix, charset string) {
	fields := strings.SplitN(first.value, "'", 3)
	if !first.encoded || len(fields) < 3 {
		return "", "utf-8"
	}
	prefix = first.value[:len(first.value)-len(fields[2])]
	return prefix, cmp.Or(strings.ToLower(strings.Trim(fields[0], " \t")), "utf-8")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unescape replaces the mark and two hexadecimal digits by the byte they stand for; a
// mark that starts no such escape stays.
func unescape(s string, mark byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c, ok := escape(s[i:]); ok && s[i] == mark {
			out = append(out, c)
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

// cut shortens s to at most n bytes, at a character's start. It keeps no longer text
// alive.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	end := n
	for end > n-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end])
}

// validUTF8 returns s in UTF-8: what is not is taken for Windows-1252.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return out
}
