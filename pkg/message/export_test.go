package message

import (
	"bytes"
	"crypto/sha256"
	"time"
)

// Spend makes the message cost d more than it did.
func Spend(m *Message, d time.Duration) { m.clock.spent += d }

// Span is a range of the source.
type Span struct{ Start, End int64 }

// Spans returns where part i stands.
func Spans(m *Message, i int) (header, body Span) {
	return m.Parts[i].header.export(), m.Parts[i].body.export()
}

func (s span) export() Span { return Span{s.start, s.end} }

// DecodePieces decodes text whose bytes come in pieces: it sees n(i) more of them in its
// i-th step.
func DecodePieces(encoding string, text []byte, n func(i int) int) (data []byte, damage string, err error) {
	t := NewParser(Limits{}).transfer(encoding)
	var w bytes.Buffer
	out := &sink{w: &w, clock: &clock{}, hash: sha256.New(), buf: make([]byte, 0, outSize)}
	used, seen := 0, 0
	for i := 0; ; i++ {
		seen = min(len(text), seen+max(1, n(i)))
		k, err := t.decode(text[used:seen], seen == len(text), out)
		if err != nil {
			return nil, "", err
		}
		if k == 0 && seen-used >= maxLine {
			panic("no progress")
		}
		used += k
		if seen == len(text) {
			break
		}
	}
	if used != len(text) {
		panic("not all was used")
	}
	err = out.flush()
	return w.Bytes(), t.damage(), err
}

// SlowBase64 decodes base64 by the character, never in blocks.
func SlowBase64(text []byte) (data []byte, damage string) {
	var d base64Decoder
	out := sink{buf: make([]byte, 0, len(text))}
	for len(text) > 0 {
		if d.padded {
			text = text[d.skip(text, true):]
			continue
		}
		text = text[d.slow(text, &out):]
	}
	d.finish(&out)
	return out.buf, d.damage()
}

// Convert converts text of a charset into UTF-8.
func Convert(charset string, text []byte) string {
	return (&Parser{left: newAllowance()}).convert(charset, text)
}

// PlainParams reads parameters if they are plain; OddParams reads any.
func PlainParams(s string) (map[string]string, bool) {
	params := make(map[string]string)
	return params, plainParams(s, params)
}

// OddParams is what enmime reads; unread is set where it fails.
func OddParams(s string) (params map[string]string, unread bool) {
	return (&Parser{left: newAllowance()}).oddParams(s)
}

// IndexDashes shows how the walker looks for the next line that may be a delimiter.
func IndexDashes(b []byte) int { return indexDashes(b) }

// DecodeWords decodes the encoded words in a text.
func DecodeWords(s string) string { return (&Parser{left: newAllowance()}).decodeWords(s) }
