package message

import (
	"cmp"
	"strings"
)

// word is an encoded word (RFC 2047 §2) with its text still in its charset.
type word struct {
	charset string // lower case, without the language of RFC 2231 §5
	text    []byte
}

// decodeWords decodes the encoded words in s. It is lenient where senders are wrong: a
// character split over words of one charset, blanks inside a word, bad padding, no
// blank between words, an unknown charset.
func (p *Parser) decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var b strings.Builder
	var run word // words of one charset that stand together
	flush := func() {
		b.WriteString(p.convert(run.charset, run.text))
		run = word{}
	}
	for {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n := readWord(s[i:])
		if n == 0 {
			flush()
			b.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		if run.charset != w.charset || strings.Trim(s[:i], " \t") != "" {
			joined := run.charset != "" && strings.Trim(s[:i], " \t") == ""
			flush()
			if !joined { // blanks between encoded words are none of the text
				b.WriteString(s[:i])
			}
			run.charset = w.charset
		}
		run.text = append(run.text, w.text...)
		s = s[i+n:]
	}
	flush()
	b.WriteString(s)
	return b.String()
}

// readWord reads the encoded word at the start of s, and its length, 0 when there is none.
func readWord(s string) (word, int) {
	charset, rest, ok := strings.Cut(s[len("=?"):], "?")
	if !ok || len(rest) < 2 || rest[1] != '?' || !isToken(charset) {
		return word{}, 0
	}
	text, after, ok := strings.Cut(rest[2:], "?=")
	if !ok || strings.Contains(text, "=?") {
		return word{}, 0
	}
	charset, _, _ = strings.Cut(strings.ToLower(charset), "*")
	w := word{charset: cmp.Or(charset, "us-ascii")}
	switch rest[0] {
	case 'b', 'B':
		w.text = decodeB(text)
	case 'q', 'Q':
		w.text = unescape(strings.ReplaceAll(text, "_", " "), '=')
	default:
		return word{}, 0
	}
	return w, len(s) - len(after)
}

// decodeB decodes what base64 there is in s.
func decodeB(s string) []byte {
	var d base64Decoder
	out := sink{buf: make([]byte, 0, len(s))}
	for rest := []byte(s); len(rest) > 0; {
		rest = rest[d.slow(rest, &out):]
	}
	d.flush(&out)
	return out.buf
}
