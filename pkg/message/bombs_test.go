package message_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// bomb is a kind of message that makes other parsers slow: head, then unit as often as
// the size asks for. %d in it is its number.
type bomb struct{ name, head, unit string }

// bombs are those of every kind that we know of.
func bombs() []bomb {
	const (
		mixed  = "Content-Type: multipart/mixed; boundary=B\n\n--B\n"
		base64 = "Content-Transfer-Encoding: base64\n\n"
		quoted = "Content-Transfer-Encoding: quoted-printable\n\n"
		uu     = "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n"
	)
	part := func(field string) string { return field + "\n\n--B\n" }
	params := make([]string, 90)
	for i := range params {
		params[i] = fmt.Sprintf("p%d=\"%s\"", i, strings.Repeat("\\x", 40))
	}
	many := strings.Join(params, "; ")
	// word repeats an encoded word to the length up to which enmime reads a field.
	words := func(word string) string { return strings.Repeat(word+" ", 7500/(len(word)+1)) }
	return []bomb{
		{"multiparts not closed, nested", "", "Content-Type: multipart/mixed; boundary=B\n\n--B\n"},
		{"multiparts not closed, and lines like delimiters", unclosed(49), "--B\n--none\n"},
		{"multiparts closed, nested", mixed, nested(48) + "--B\n"},
		{"tiny parts", mixed, "\n--B\n"},
		{"tiny parts of HTML beside a picture", picture, "\n--B\nContent-Type: text/html\n\nx"},
		{"pictures", mixed, part("Content-Type: image/png\nContent-ID: <a>")},
		{"header line", "X: ", "aaaaaaaa"},
		{"lines without a colon", "", "aaaaaaa\n"},
		{"fields", "", "X-A: b\n"},
		{"folded field", "To: a@example.org", ",\n a@example.org"},
		{"encoded words", "Subject: ", "=?utf-8?Q?a?=\n "},
		{"parameters", "Content-Type: a/b", "; p%d=a b"},
		{"parameters of parts", mixed, part("Content-Type: a/b; " + many + "\nContent-Disposition: c; " + many)},
		{"encoded words in names", mixed, part("Content-Type: a/b; name=\"" + words("=?iso-8859-2?Q?a?=") + "\"")},
		{"encoded words without an end in names", mixed, part("Content-Type: a/b; name*0=\"" + strings.Repeat("=?a?Q?", 1350) + "\"")},
		{"encoded words of an odd charset in names", mixed, part("Content-Type: a/b; name*0=\"" + words("=?cp850?Q?a?=") + "\"")},
		{"encoded words of two charsets in names", mixed, part("Content-Type: a/b; name*0=\"" + words("=?gbk?Q?a?= =?big5?Q?a?=") + "\"")},
		{"names in pieces", mixed, part("Content-Type: a/b; " + words("name*1*=%41;"))},
		{"long boundary", "Content-Type: multipart/mixed; boundary=", "BBBBBBBB"},
		{"preamble", mixed, "aaaaaaaa"},
		{"line of dashes", mixed, "--------"},
		{"CR in the header", "A: b\n", "\r\r\r\r\r\r\r\r"},
		{"CR in the body", mixed + "\n", "\r\r\r\r\r\r\r\r"},
		{"LF in the body", mixed + "\n", "\n\n\n\n\n\n\n\n"},
		{"blanks behind a delimiter", mixed + "\n\n--B", "        "},
		{"junk for base64", base64, "!!!!!!!!"},
		{"padding for base64", base64, "AA=="},
		{"lines of padding for base64", base64, "AA==\n"},
		{"lines of one character of base64", base64, "A\n"},
		{"footers behind base64", base64 + "AA==\n", "a footer\n"},
		{"words behind base64", base64 + "AA==\n", "word\n"},
		{"damage in every block of base64", base64, strings.Repeat("QUFB", 8000) + "!\n"},
		{"equals signs for quoted-printable", quoted, "========"},
		{"blanks for quoted-printable", quoted, "        "},
		{"soft breaks for quoted-printable", quoted, "=\n"},
		{"uuencode", uu, "M\n"},
		{"deep HTML beside a picture", picture, "<div><!--x-->"},
		{"references to no picture", picture, `<img src="cid:b%20c">`},
		{"beginnings of uuencode", "\n", "begin 644 a\n#04%!\n"},
		{"beginnings of yEnc", "\n", "=ybegin line=1 size=1 name=a\na\n"},
		{"uuencoded files", "\n", lineOf},
		{"parts with a uuencoded file", mixed, "\n" + lineOf + "--B\n"},
		{"tiny TNEF", mixed, tnef(winmail(named{"a", "b"})) + "--B\n"},
		{"tiny S/MIME", mixed, pkcs7(signed(startOf+"x")) + "--B\n"},
		{"tiny AppleSingle", mixed, apple(appleFile(0x00051600, "a", "b")) + "--B\n"},
		{"attached messages", mixed, "Content-Type: message/rfc822\n\nSubject: x\n\ny\n--B\n"},
		{"S/MIME in tiny pieces", "Content-Type: application/pkcs7-mime\n\n" + streamedStart + der(0x04, startOf+"\n"), "\x04\x01x"},
		{"S/MIME in empty pieces", "Content-Type: application/pkcs7-mime\n\n" + streamedStart + der(0x04, startOf+"\n"), "\x04\x00"},
	}
}

// nested is n multiparts, one in the other, all closed.
func nested(n int) string {
	var open, end strings.Builder
	for i := range n {
		fmt.Fprintf(&open, "Content-Type: multipart/mixed; boundary=\"N%d\"\n\n--N%d\n", i, i)
		fmt.Fprintf(&end, "\n--N%d--", n-1-i)
	}
	return open.String() + "\nx" + end.String() + "\n"
}

// of makes the bomb of a size.
func (b bomb) of(size int) string {
	if !strings.Contains(b.unit, "%d") {
		return b.head + strings.Repeat(b.unit, (size-len(b.head))/len(b.unit)+1)
	}
	raw := []byte(b.head)
	for i := 0; len(raw) < size; i++ {
		raw = fmt.Appendf(raw, b.unit, i)
	}
	return string(raw)
}

// BenchmarkBomb reads hostile messages of 8 MB within the limits that hold by default.
// None may take longer than a second and its size at 100 MB/s; those that are refused
// early show a high rate.
func BenchmarkBomb(b *testing.B) {
	for _, bomb := range bombs() {
		b.Run(strings.ReplaceAll(bomb.name, " ", "_"), func(b *testing.B) {
			raw := bomb.of(8 << 20)
			p := message.NewParser(message.Limits{})
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m, err := p.Parse(b.Context(), strings.NewReader(raw), int64(len(raw)))
				if fault.ReasonOf(err) == fault.OverLimits {
					continue
				}
				if err != nil {
					b.Fatal(err)
				}
				for i := range m.Parts {
					if _, err := m.Decode(b.Context(), i, io.Discard); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// TestBombs: work grows with a bomb's size and not with its square, counted in bytes read,
// and in bytes and pieces of memory asked for, even where parts and headers are not
// limited. Not parallel: it counts what the whole process allocates.
func TestBombs(t *testing.T) { //nolint:paralleltest // see above
	lim := message.Limits{Parts: 1 << 24, Header: 1 << 26}
	for _, bomb := range bombs() { //nolint:paralleltest // see above
		t.Run(bomb.name, func(t *testing.T) {
			small, large := workOf(t, lim, bomb.of(1<<19)), workOf(t, lim, bomb.of(8<<19))
			for what, n := range large {
				// A message of any size costs something, and what grows in steps may have
				// grown just now; work by the square would be 64 times as much.
				if most := 3*8*small[what] + base()[what]; n > most {
					t.Errorf("%s: %d for 0.5 MB, %d for 4 MB", what, small[what], n)
				}
			}
		})
	}
}

// base is what any message may cost beyond its size.
func base() map[string]int64 {
	return map[string]int64{"bytes read": 1 << 20, "bytes allocated": 1 << 20, "allocations": 1000}
}

// workOf reads and decodes a message, and counts what that took.
func workOf(t *testing.T, lim message.Limits, raw string) map[string]int64 {
	t.Helper()
	src := &stream{head: raw, fill: " ", size: int64(len(raw))}
	p := message.NewParser(lim)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := p.Parse(t.Context(), src, src.size)
	if err != nil && fault.ReasonOf(err) != fault.OverLimits {
		t.Fatal(err)
	}
	for i := 0; err == nil && i < len(m.Parts); i++ {
		if _, err := m.Decode(t.Context(), i, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	return map[string]int64{
		"bytes read":      src.read,
		"bytes allocated": int64(after.TotalAlloc - before.TotalAlloc),
		"allocations":     int64(after.Mallocs - before.Mallocs),
	}
}
