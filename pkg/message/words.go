package message

import (
	"cmp"
	"strings"
)

// word is an encoded word (RFC 2047 §2), or several of one charset, with the text still
// in that.
type word struct {
	charset string // lower case, without the language of RFC 2231 §5
	text    []byte
	group   string // base64 behind it whose last group the next word may go on with
}

// add joins the word behind this one.
func (w *word) add(next word) {
	if next.text == nil {
		next.group = w.group + next.group
		if isOpen(next.group) {
			w.group = next.group
			return
		}
		next.text = decodeB(next.group)
	} else {
		w.text = append(w.text, decodeB(w.group)...)
	}
	w.text, w.group = append(w.text, next.text...), ""
}

// decodeWords decodes the encoded words in s. It is lenient where senders are wrong: a
// character or a group of base64 split over words of one charset, blanks inside a word, bad padding, no
// blank between words, an unknown charset.
func (p *Parser) decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var b strings.Builder
	var run word // words of one charset that stand together
	flush := func() {
		b.WriteString(p.convert(run.charset, append(run.text, decodeB(run.group)...)))
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
		run.add(w)
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
	kind, rest := rest[0], rest[2:]
	start := len(s) - len(rest)
	if next := strings.Index(rest, "=?"); next >= 0 { // which is the start of another word, or this one's end
		rest = rest[:min(len(rest), next+len("=?="))]
	}
	text, _, ok := strings.Cut(rest, "?=")
	if !ok {
		return word{}, 0
	}
	charset, _, _ = strings.Cut(strings.ToLower(charset), "*")
	w := word{charset: cmp.Or(charset, "us-ascii")}
	switch kind {
	case 'b', 'B':
		w.group = text
	case 'q', 'Q':
		w.text = unescape(strings.ReplaceAll(text, "_", " "), '=')
	default:
		return word{}, 0
	}
	return w, start + len(text) + len("?=")
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

// isOpen reports whether base64 ends inside a group: with bits that belong to a byte to
// come. Padding that was left out leaves none.
func isOpen(s string) bool {
	n, last := 0, byte(0)
	for i := range len(s) {
		if s[i] == '=' {
			return false
		}
		if v := sextets[s[i]]; v <= 0x3f {
			n++
			last = v
		}
	}
	switch n % 4 {
	case 1:
		return true
	case 2:
		return last&0x0f != 0
	case 3:
		return last&0x03 != 0
	}
	return false
}
