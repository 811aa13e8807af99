package message_test

import (
	"fmt"
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"mailchute/pkg/message"
)

// FuzzWords: an encoded word of any charset that has all of a text is the text again; any
// other text stays UTF-8, and bounded.
func FuzzWords(f *testing.F) {
	f.Add("Grüße, Größe", "=?utf-8?Q?a")
	f.Add("日本語のとても長いテキスト、二つの語に分ける必要があるほど長い", "=?utf-8?B?R3LDv?= =?utf-8?B?MOfZS5wZGY=?=")
	f.Add("Привет", "=?iso-2022-jp?B?k/qWe4zqLnR4dA==?= =??Q??= =?utf-7*de?q?+a=")
	f.Fuzz(func(t *testing.T, text, other string) {
		other = strings.ToValidUTF8(other, "?")
		checkText(t, message.DecodeWords(other), 3*len(other)+3)
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\uFFFD\x1b~\x0e\x0f") || strings.Contains(text, "=?") {
			return
		}
		for charset, enc := range encodings() {
			raw, err := enc.NewEncoder().String(text)
			if err != nil || strings.HasPrefix(charset, "utf-16") {
				continue
			}
			if back, err := enc.NewDecoder().String(raw); err != nil || back != text {
				continue
			}
			for _, word := range []mime.WordEncoder{mime.BEncoding, mime.QEncoding} {
				words := word.Encode(charset, raw)
				if got := message.DecodeWords(words); strings.HasPrefix(words, "=?") && got != text {
					t.Errorf("%s: got %q, want %q", words, got, text)
				}
			}
		}
	})
}

// FuzzSegments: a name that is written as RFC 2231 has it comes back, wherever it is
// split, and in whatever order its segments come.
func FuzzSegments(f *testing.F) {
	f.Add("Grüße (2); final.pdf", uint8(3), false)
	f.Add("日本語.txt", uint8(1), true)
	f.Add("it's 50%\x00\".pdf", uint8(200), true)
	f.Fuzz(func(t *testing.T, text string, size uint8, backwards bool) {
		if !utf8.ValidString(text) || len(text) > 500 || strings.Trim(text, " \t") != text || strings.ContainsAny(text, "\uFFFD\uFEFF\x1b~\x0e\x0f") || strings.Contains(text, "=?") {
			return
		}
		for charset, enc := range encodings() {
			raw, err := enc.NewEncoder().String(text)
			if err != nil || strings.HasPrefix(charset, "utf-16") {
				continue
			}
			if back, err := enc.NewDecoder().String(raw); err != nil || back != text {
				continue
			}
			header := "Content-Type: a/b;\r\n " + strings.Join(segmented(raw, charset, int(size), backwards), ";\r\n ")
			if got := parse(t, header+"\r\n\r\n").Parts[0].Name; got != text {
				t.Errorf("%s\ngot %q, want %q", header, got, text)
			}
		}
	})
}

// segmented writes the parameter name in segments of some bytes.
func segmented(raw, charset string, size int, backwards bool) []string {
	var list []string
	prefix := charset + "'en'"
	for first := true; first || raw != ""; first = false {
		n := min(len(raw), size+1)
		s := fmt.Sprintf("name*%d*=%s", len(list), prefix)
		for _, c := range []byte(raw[:n]) {
			s += fmt.Sprintf("%%%02x", c)
		}
		raw, prefix = raw[n:], ""
		if list = append(list, s); backwards {
			copy(list[1:], list)
			list[0] = s
		}
	}
	return list
}

// The costs of names in many pieces are bounded, and so are the names.
func TestManySegments(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "; filename*%d*=%%41", i)
	}
	m := parse(t, "Content-Disposition: attachment"+b.String()+"\n\n")
	if got := m.Parts[0]; got.Name != strings.Repeat("A", 1<<10) || !got.Unread {
		t.Errorf("got %d bytes, unread %v", len(got.Name), got.Unread)
	}
}

// Fields of a header in raw bytes are in the charset of the message.
func TestRawFields(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, raw, want string }{
		{"UTF-8", "Subject: Grüße\n", "Grüße"},
		{"Latin-1", "Subject: Gr\xfc\xdfe\n", "Grüße"},
		{"KOI8-R", "Content-Type: text/plain; charset=koi8-r\nSubject: \xf0\xd2\xc9\n", "При"},
		{"KOI8-R, named behind", "Subject: \xf0\xd2\xc9\nContent-Type: text/plain;\n charset=\"KOI8-R\"\n", "При"},
		{"Shift-JIS in a message of ISO-2022-JP", "Subject: \x93\xfa\x96{\x8c\xea\nContent-Type: text/plain; charset=iso-2022-jp\n", "日本語"},
		{"UTF-7 is not guessed", "Subject: \xfc+ZeVnLIqe-\nContent-Type: text/plain; charset=utf-7\n", "ü+ZeVnLIqe-"},
		{"ISO-2022-JP", "Subject: \x1b$BF|K\\\x1b(B\n", "日本"},
		{"another escape", "Subject: \x1b[31mred\n", "\x1b[31mred"},
		{"words beside raw bytes", "Subject: =?utf-8?Q?=C3=BC?= \xfc\n", "ü ü"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, tt.raw+"\n").Header.Subject; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A name in raw bytes is in the charset of the text before it; nothing of the message
// before this one counts.
func TestRawNameBehindText(t *testing.T) {
	t.Parallel()
	const raw = "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; charset=koi8-r\n\nx\n" +
		"--B\nContent-Disposition: attachment; filename=\"\xf0\xd2\xc9.txt\"\n\nx\n--B--\n"
	p := message.NewParser(message.Limits{})
	for _, tt := range []struct{ raw, want string }{{raw, "При.txt"}, {strings.Replace(raw, "koi8-r", "us-ascii", 1), "ðÒÉ.txt"}} {
		m, err := p.Parse(t.Context(), strings.NewReader(tt.raw), int64(len(tt.raw)))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Parts[1].Name; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
