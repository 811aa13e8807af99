package message_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"mailchute/pkg/message"
)

// decodeText decodes the text of part i, and checks what is said of it.
func decodeText(t *testing.T, m *message.Message, i int) (string, message.Content) {
	t.Helper()
	var out bytes.Buffer
	c, err := m.DecodeText(t.Context(), i, &out)
	if err != nil {
		t.Fatalf("DecodeText: %v", err)
	}
	if c.Size != int64(out.Len()) || c.Digest.String() != digest(out.Bytes()) || !utf8.Valid(out.Bytes()) {
		t.Errorf("DecodeText: %+v of %d bytes, UTF-8: %v", c, out.Len(), utf8.Valid(out.Bytes()))
	}
	return out.String(), c
}

func TestDecodeText(t *testing.T) {
	t.Parallel()
	const bom = "\uFEFF"
	tests := []struct{ name, typ, body, want, damaged string }{
		{name: "nothing", typ: "text/plain; charset=utf-16"},
		{name: "ASCII", typ: "text/plain", body: "a\r\nb\n", want: "a\r\nb\n"},
		{name: "UTF-8", typ: "text/plain; charset=utf-8", body: "ü\r\n\uFFFD", want: "ü\r\n\uFFFD"},
		{name: "UTF-8 with a mark", typ: "text/plain; charset=utf-8", body: bom + "ü", want: "ü"},
		{name: "Latin-1", typ: "text/plain; charset=ISO-8859-1", body: "\xfc\r\nb\n", want: "ü\r\nb\n"},
		{name: "no label, UTF-8", typ: "text/plain", body: "ü", want: "ü"},
		{name: "no label, not UTF-8", typ: "text/plain", body: "\x80 \xfc", want: "€ ü"},
		{name: "unknown label", typ: "text/plain; charset=x-none", body: "\xfc", want: "ü"},
		{name: "mark before label", typ: "text/plain; charset=iso-8859-1", body: bom + "ü", want: "ü"},
		{name: "UTF-16 mark before label", typ: "text/plain; charset=utf-8", body: "\xff\xfea\x00\xfc\x00", want: "aü"},
		{name: "UTF-16BE", typ: "text/plain; charset=utf-16", body: "\xfe\xff\x00a\x00\xfc", want: "aü"},
		{name: "UTF-16, cut off", typ: "text/plain; charset=utf-16", body: "\xfe\xff\x00a\x00", want: "a\uFFFD", damaged: "1 characters not valid in its charset replaced"},
		{
			name: "UTF-8 with broken characters", typ: "text/plain; charset=utf-8", body: "üüü \xff \xe2\x82", want: "üüü \uFFFD \uFFFD",
			damaged: "2 characters not valid in its charset replaced",
		},
		{
			name: "UTF-8 with one of its own", typ: "text/plain; charset=utf-8", body: "\uFFFDü\xff", want: "\uFFFDü\uFFFD",
			damaged: "1 characters not valid in its charset replaced",
		},
		{name: "UTF-8 that is Latin-1", typ: "text/plain; charset=utf-8", body: "Gr\xfc\xdfe", want: "Grüße"},
		{name: "Greek with what it lacks", typ: "text/plain; charset=windows-1253", body: "\xe1\xaa", want: "α\uFFFD", damaged: "1 characters not valid in its charset replaced"},

		{name: "HTML in ASCII", typ: "text/html; charset=iso-8859-1", body: "<p>a", want: "<p>a"},
		{name: "HTML in UTF-8", typ: "text/html; charset=utf-8", body: "<p>ü", want: "<p>ü"},
		{name: "HTML in UTF-8 with a mark", typ: "text/html; charset=iso-8859-1", body: bom + "<p>ü", want: bom + "<p>ü"},
		{name: "HTML in Latin-1", typ: "text/html; charset=iso-8859-1", body: "<p>\xfc", want: bom + "<p>ü"},
		{name: "HTML in UTF-16", typ: "text/html", body: "\xff\xfe<\x00p\x00", want: bom + "<p"},
		{name: "HTML in ISO-2022-JP", typ: "text/html; charset=iso-2022-jp", body: "<p>\x1b$BF|K\\\x1b(B", want: bom + "<p>日本"},
		{name: "HTML in ISO-2022-JP, ASCII only", typ: "text/html; charset=iso-2022-jp", body: "<p>+~", want: "<p>+~"},
		{name: "HTML that names its charset", typ: "text/html", body: `<meta charset="koi8-r"><p>` + "\xf0\xd2\xc9", want: bom + `<meta charset="koi8-r"><p>При`},
		{
			name: "HTML that names its charset as a type", typ: "text/html; charset=us-ascii",
			body: `<META content="text/html; charset=Shift_JIS" http-equiv=x><p>` + "\x93\xfa\x96{\x8c\xea", want: bom + `<META content="text/html; charset=Shift_JIS" http-equiv=x><p>日本語`,
		},
		{name: "HTML that names another charset than its label", typ: "text/html; charset=iso-8859-2", body: "<meta charset=koi8-r>\xb3", want: bom + "<meta charset=koi8-r>ł"},
		{name: "HTML that names UTF-16", typ: "text/html", body: "<meta charset=utf-16>\xfc", want: bom + "<meta charset=utf-16>ü"},
		{name: "HTML in UTF-8 that names another", typ: "text/html; charset=utf-8", body: "<meta charset=iso-8859-1>ü", want: "<meta charset=iso-8859-1>ü"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, "Content-Type: "+tt.typ+"\nContent-Transfer-Encoding: 8bit\n\n"+tt.body)
			got, c := decodeText(t, m, 0)
			if got != tt.want || c.Damaged != tt.damaged {
				t.Errorf("got %q, damaged %q; want %q, damaged %q", got, c.Damaged, tt.want, tt.damaged)
			}
		})
	}
}

// Damage of both encodings is told.
func TestDecodeTextDamage(t *testing.T) {
	t.Parallel()
	m := parse(t, "Content-Type: text/plain; charset=windows-1253\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte("\xe1\xaaa"))+"!\n")
	got, c := decodeText(t, m, 0)
	want := "1 characters outside the base64 alphabet ignored; 1 characters not valid in its charset replaced"
	if got != "α\uFFFDa" || c.Damaged != want {
		t.Errorf("got %q, damaged %q; want %q", got, c.Damaged, want)
	}
	if _, again := decode(t, m, 0); again.Size != 3 {
		t.Errorf("decoded without conversion: %d bytes, want 3", again.Size)
	}
}

// errFull is what fullWriter fails with.
var errFull = errors.New("full")

type fullWriter struct{ free int }

func (w *fullWriter) Write(p []byte) (int, error) {
	if w.free -= len(p); w.free < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// The writer's error comes back, wherever it happens.
func TestDecodeTextFails(t *testing.T) {
	t.Parallel()
	m := parse(t, "Content-Type: text/plain; charset=iso-8859-1\n\n"+strings.Repeat("\xfc", 1<<20))
	for _, free := range []int{0, 1 << 20, 2<<20 - 1} {
		if _, err := m.DecodeText(t.Context(), 0, &fullWriter{free}); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: got %v, want %v", free, err, errFull)
		}
	}
	if _, err := m.DecodeText(t.Context(), 0, &fullWriter{2 << 20}); err != nil {
		t.Error(err)
	}
}

// encodings are those whose text can be made here.
func encodings() map[string]encoding.Encoding {
	return map[string]encoding.Encoding{
		"utf-8": unicode.UTF8, "utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "utf-16be": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"iso-8859-2": charmap.ISO8859_2, "windows-1251": charmap.Windows1251, "koi8-u": charmap.KOI8U, "cp850": charmap.CodePage850, "macintosh": charmap.Macintosh,
		"iso-2022-jp": japanese.ISO2022JP, "shift_jis": japanese.ShiftJIS, "euc-jp": japanese.EUCJP, "hz-gb-2312": simplifiedchinese.HZGB2312,
		"gbk": simplifiedchinese.GBK, "gb18030": simplifiedchinese.GB18030, "big5": traditionalchinese.Big5, "euc-kr": korean.EUCKR,
	}
}

// FuzzText: text in any charset that has all of it comes back, however it is encoded for
// transfer; whatever else the bytes are, the result is UTF-8.
func FuzzText(f *testing.F) {
	f.Add("Grüße, Größe\r\n", "windows-1252", "plain")
	f.Add("日本語のテキスト\n", "iso-2022-jp", "plain")
	f.Add("Привет <meta charset=utf-8>", "koi8-u", "html")
	f.Add("a\x00\xff\uFEFFb", "utf-7", "html")
	f.Fuzz(func(t *testing.T, text, label, sub string) {
		head := func(charset string) string {
			return fmt.Sprintf("Content-Type: text/%s; charset=%q\nContent-Transfer-Encoding: base64\n\n", sub, charset)
		}
		decodeText(t, parse(t, head(label)+folded([]byte(text))), 0)
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\uFFFD\x1b~\x0e\x0f\uFEFF") {
			return
		}
		for charset, enc := range encodings() {
			raw, err := enc.NewEncoder().Bytes([]byte(text))
			if err != nil {
				continue
			}
			if back, err := enc.NewDecoder().Bytes(raw); err != nil || string(back) != text {
				continue
			}
			m := parse(t, head(charset)+folded(raw))
			got, c := decodeText(t, m, 0)
			if strings.TrimPrefix(got, "\uFEFF") != text || c.Damaged != "" {
				t.Errorf("%s: got %q, damaged %q, want %q", charset, got, c.Damaged, text)
			}
		}
	})
}

// Conversion of a big text holds little of it. Not parallel: it counts what the whole
// process allocates.
func TestDecodeTextMemory(t *testing.T) { //nolint:paralleltest // see above
	src := &stream{head: "Content-Type: text/plain; charset=euc-jp\n\n", fill: "\xc6\xfc\xcb\xdc\n", size: 64 << 20}
	m, err := message.NewParser(message.Limits{}).Parse(t.Context(), src, src.size)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := m.DecodeText(t.Context(), 0, &fullWriter{1 << 30}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
		t.Errorf("%d bytes allocated", got)
	}
}

func TestHeaderText(t *testing.T) {
	t.Parallel()
	long := "X: " + strings.Repeat("y", 70<<10) + "\r\n"
	line := "X-Line: " + strings.Repeat("z", 989) + "\r\n"
	tests := []struct{ name, raw, want string }{
		{"as sent", "Received: a\r\n\tb\r\nsubject :  =?utf-8?Q?a?=\n\r\nbody", "Received: a\r\n\tb\r\nsubject :  =?utf-8?Q?a?=\n"},
		{"hidden recipients", "To: a\nBcc: b,\n c\nResent-bcc: d\n\te\nCC: f\nBCC : g\n\n", "To: a\nCC: f\n"},
		{"not indented", "Bcc: b;\nx=y\nTo: a\n\n", "To: a\n"},
		{"behind a CR", "To: a\rBcc: b\n c\nCc: d\re\n\n", "To: a\rCc: d\re\n"},
		{"names that look similar", "X-Bcc: a\nBccs: b\n\n", "X-Bcc: a\nBccs: b\n"},
		{"not UTF-8", "Subject: \xfc\xfd ü\n\n", "Subject: \uFFFD ü\n"},
		{"mbox line", "From a Mon\nTo: b\n\n", "From a Mon\nTo: b\n"},
		{"no body", "To: a", "To: a"},
		{"none", "\nbody", ""},
		{"multipart", "Content-Type: multipart/mixed; boundary=B\n\n--B\nTo: x\n\n--B--", "Content-Type: multipart/mixed; boundary=B\n"},
		{"cut at a line's end", strings.Repeat(line, 100) + "\r\n", strings.Repeat(line, 65)},
		{"cut in a long line", long + "\r\n", long[:64<<10]},
		{"cut before a long line", "To: a\r\n" + long + "Cc: b\r\n\r\n", "To: a\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(t, tt.raw).HeaderText(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
