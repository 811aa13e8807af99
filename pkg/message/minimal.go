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
		var name, v string
		name, v, s = nextParam(s)
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
		extended[name] = p.join(list)
	}
	return plain, extended
}

// nextParam takes the first parameter off.
func nextParam(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t;")
	i := strings.IndexAny(s, "=;")
	if i < 0 || s[i] == ';' {
		_, rest, _ = strings.Cut(s, ";")
		return "", "", rest
	}
	name = strings.ToLower(strings.TrimSpace(s[:i]))
	s = strings.TrimLeft(s[i+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimRight(value, " \t"), rest
	}
	value, rest = quotedString(s[1:])
	_, rest, _ = strings.Cut(rest, ";")
	return name, value, rest
}

// quotedString reads up to the closing quote. A backslash quotes quotes and itself
// only: the others are those of paths.
func quotedString(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
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

// join puts the segments together and decodes them.
func (p *Parser) join(list []piece) string {
	slices.SortStableFunc(list, func(a, b piece) int { return cmp.Compare(a.n, b.n) })
	var b []byte
	charset := "utf-8"
	for i, part := range list {
		v := part.value
		if !part.encoded {
			b = append(b, v...)
			continue
		}
		if fields := strings.SplitN(v, "'", 3); i == 0 && len(fields) == 3 {
			charset, v = cmp.Or(strings.ToLower(fields[0]), charset), fields[2]
		}
		b = append(b, unescape(v, '%')...)
	}
	return p.convert(charset, []byte(cut(string(b), maxField)))
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
