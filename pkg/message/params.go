package message

import (
	"errors"
	"maps"
	"regexp"
	"strings"

	"github.com/jhillyerd/enmime/v2/mediatype"
)

// Up to these sizes enmime reads a field: its cost is quadratic in the parameters. It
// never gets more than eight fields of an entity.
const (
	maxField  = 8 << 10 // bytes
	maxParams = 100
)

var errLong = errors.New("parameters over the limits of the full parser")

// params reads a field's parameters. Plain ones are read here; others are enmime's to
// read, or where that would be too costly or fails, a minimal reading of our own does;
// then the field counts as unread. The map may be into.
func (p *Parser) params(s string, into map[string]string) (params map[string]string, unread bool) {
	clear(into)
	if plainParams(s, into) {
		return into, false
	}
	return p.oddParams(s)
}

// plainParams reads parameters as nearly all mail has them: each name once, the values
// tokens, or in quotes without anything that has a meaning. There is only one reading of
// those, which is enmime's as well. It is not ok where there is more to it.
func plainParams(s string, into map[string]string) (ok bool) {
	if len(s) > maxField {
		return false
	}
	for rest := s; ; {
		if rest = strings.TrimLeft(rest, " \t;"); rest == "" {
			return true
		}
		start := len(s) - len(rest)
		n := leading(rest, isPlain)
		if n == 0 || n == len(rest) || rest[n] != '=' || strings.Contains(s[:start], rest[:n+1]) {
			return false
		}
		name := strings.ToLower(rest[:n])
		var value string
		if value, rest, ok = plainValue(rest[n+1:]); !ok {
			return false
		}
		if _, twice := into[name]; twice || len(into) == maxParams {
			return false
		}
		into[name] = value
	}
}

// plainValue takes a plain value off, which ends the text or stands before a semicolon.
func plainValue(s string) (value, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		s = s[1:]
		n := leading(s, isPlainQuoted)
		if n == 0 || n == len(s) || s[n] != '"' || s[0] == ' ' || s[n-1] == ' ' {
			return "", "", false
		}
		value, rest = s[:n], s[n+1:]
	} else {
		n := leading(s, isPlain)
		if n == 0 {
			return "", "", false
		}
		value, rest = s[:n], s[n:]
	}
	return value, rest, rest == "" || strings.HasPrefix(strings.TrimLeft(rest, " \t"), ";")
}

// leading is how many bytes at the start of s are of a kind.
func leading(s string, is func(byte) bool) int {
	for i := range len(s) {
		if !is(s[i]) {
			return i
		}
	}
	return len(s)
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

func isPlainQuoted(c byte) bool {
	return ' ' <= c && c < 0x7f && strings.IndexByte(`"\?<>;`, c) < 0
}

// gap is white space that enmime would take for part of the quoted value behind it.
var gap = regexp.MustCompile(`=[ \t]+"`)

// oddParams reads parameters of any kind. Names are ours to read where they are encoded
// or badly quoted, and all values of RFC 2231: enmime decodes by the label alone, and in
// RFC 2231 nothing but UTF-8.
func (p *Parser) oddParams(s string) (params map[string]string, unread bool) {
	err := errLong
	if n := strings.Count(s, ";"); len(s) <= maxField && n <= maxParams && take(&p.left.enmime, costOf(s, n)) {
		_, params, _, err = mediatype.Parse("x/x;" + gap.ReplaceAllString(s, `="`))
	}
	if err == nil && !strings.Contains(s, "*") && !strings.Contains(s, "=?") && wellQuoted(s) {
		return params, false
	}
	if !take(&p.left.minimal, len(s)) {
		return params, true
	}
	plain, extended := p.minimalParams(s)
	if err != nil {
		params = plain
	}
	for _, name := range nameParams {
		if v, ok := plain[name]; ok {
			params[name] = v
		}
	}
	maps.Copy(params, extended)
	return params, err != nil
}

// nameParams are the parameters that may hold a file name.
var nameParams = []string{"filename", "name", "file"}

// wellQuoted reports whether every quote that opens stands behind an equals sign, and is
// closed before a semicolon or the end.
func wellQuoted(s string) bool {
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return true
		}
		if !strings.HasSuffix(strings.TrimRight(s[:i], " \t"), "=") {
			return false
		}
		s = s[i+1:]
		for i = 0; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' {
				i++
			}
		}
		if i >= len(s) {
			return false
		}
		if s = strings.TrimLeft(s[i+1:], " \t"); s != "" && s[0] != ';' {
			return false
		}
	}
}
