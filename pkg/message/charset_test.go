package message_test

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"mailchute/pkg/message"
)

// byEnmimeText is text of a charset as enmime converts it.
func byEnmimeText(t *testing.T, charset string, text []byte) string {
	t.Helper()
	word := "=?" + charset + "?B?" + base64.StdEncoding.EncodeToString(text) + "?="
	env, err := enmime.ReadEnvelope(strings.NewReader("Subject: " + word + "\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return env.GetHeader("Subject")
}

// Text that is what its label says comes out as enmime converts it.
func TestConvert(t *testing.T) {
	t.Parallel()
	charsets := []string{
		"latin1", "l1", "windows-1252", "cp1252", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-8-i", "iso-8859-9",
		"iso-8859-15", "iso-8859-16", "windows-1250", "windows-1251", "windows-1257", "koi8-r", "koi8-u", "ibm866", "macintosh", "tis-620",
		"big5", "big5-hkscs", "iso-2022-jp", "shift_jis", "euc-jp", "euc-kr", "ks_c_5601-1987", "cp850", "8859-15",
	}
	r := rand.New(rand.NewPCG(1, 0))
	for _, charset := range charsets {
		compared := 0
		for i := range 400 {
			text := []byte{byte(i)}
			if i >= 256 {
				text = make([]byte, 1+r.IntN(12))
				for k := range text {
					text[k] = byte(r.Uint32()) >> (i % 2) // any, or ASCII only
				}
			}
			want := byEnmimeText(t, charset, text)
			if strings.Contains(want, "\uFFFD") {
				continue
			}
			compared++
			if got := message.Convert(charset, text); got != want {
				t.Errorf("%s: %q becomes %q, by enmime %q", charset, text, got, want)
			}
		}
		if compared < 100 {
			t.Errorf("%s: only %d compared", charset, compared)
		}
	}
}

// Labels and bytes as they are sent, also where the two do not fit.
func TestCharsets(t *testing.T) {
	t.Parallel()
	tests := []struct{ charset, text, want string }{
		{"", "Gr\xc3\xbc\xc3\x9fe", "Grüße"},
		{"", "Gr\xfc\xdfe", "Grüße"},
		{"", "10 \x80 \x96 ok", "10 € – ok"},
		{"us-ascii", "Gr\xc3\xbc\xc3\x9fe", "Grüße"},
		{"us-ascii", "Gr\xfc\xdfe", "Grüße"},
		{"ansi_x3.4-1968", "Gr\xc3\xbc\xc3\x9fe", "Grüße"},
		{"unknown-8bit", "Gr\xc3\xbc\xc3\x9fe", "Grüße"},
		{"x-unknown", "Gr\xfc\xdfe", "Grüße"},
		{"x-none", "Gr\xfc\xdfe", "Grüße"},
		{"utf8", "\xc3\xbc", "ü"},
		{"utf-8", "Gr\xfc\xdfe", "Grüße"},
		{"utf-8", "Gr\xc3\xbc\xc3\x9fe, cut off: \xe2\x82", "Grüße, cut off: \uFFFD"},
		{"utf_8", "\xc3\xbc", "ü"},
		{"utf8mb4", "\xf0\x9f\x93\x8e", "📎"},
		{"cp65001", "\xc3\xbc", "ü"},
		{"iso-8859-1", "10 \x80 \x96 \xfc", "10 € – ü"},
		{"iso-8859-1", "\xc3\xbc", "Ã¼"},
		{"latin-1", "\xfc", "ü"},
		{"8859-1", "\xfc", "ü"},
		{"iso 8859-1", "\xfc", "ü"},
		{"windows1251", "\xcf\xf0\xe8", "При"},
		{"cp-1251", "\xcf\xf0\xe8", "При"},
		{"win-1251", "\xcf\xf0\xe8", "При"},
		{"koi8-r", "\xf0\xd2\xc9", "При"},
		{"koi8r", "\xf0\xd2\xc9", "При"},
		{"koi8-u", "\xa6", "і"},
		{"iso-8859-5", "\xbf\xe0\xd8", "При"},
		{"cp866", "\x8f\xe0\xa8", "При"},
		{"x-mac-cyrillic", "\x8f\xf0\xe8", "При"},
		{"cp437", "\x81\xe1", "üß"},
		{"ibm850", "\x81\xb5", "üÁ"},
		{"cp-850", "\x81\xb5", "üÁ"},
		{"cp858", "\xd5", "€"},
		{"macintosh", "\x9f\xa7", "üß"},
		{"iso-8859-15", "\xa4", "€"},
		{"gb2312", "\xb2\xe2\xca\xd4", "测试"},
		{"gb2312", "\xe9F", "镕"},
		{"gb2312", "\x94\x39\xde\x30", "📎"},
		{"gb2312", "\xe6\xb5\x8b\xe8\xaf\x95\xe6\x96\x87", "测试文"},
		{"cp936", "\xb2\xe2", "测"},
		{"gb18030", "\xb2\xe2\xca\xd4", "测试"},
		{"hz-gb-2312", "~{2bJT~}", "测试"},
		{"big5", "\xb4\xfa\xb8\xd5", "測試"},
		{"cp950", "\xb4\xfa\xb8\xd5", "測試"},
		{"euc-kr", "\xc7\xd1\xb1\xdb", "한글"},
		{"ks_c_5601-1987", "\xc7\xd1\xb1\xdb", "한글"},
		{"cp949", "\xc7\xd1\xb1\xdb", "한글"},
		{"iso-2022-jp", "\x1b$BF|K\\\x1b(B.txt", "日本.txt"},
		{"iso-2022-jp-ms", "\x1b$BF|K\\\x1b(B", "日本"},
		{"iso-2022-jp", "\x93\xfa\x96{\x8c\xea", "日本語"},
		{"iso-2022-jp", "\xc6\xfc\xcb\xdc\xb8\xec", "日本語"},
		{"iso-2022-jp", "\xe6\x97\xa5\xe6\x9c\xac", "日本"},
		{"shift_jis", "\x93\xfa\x96{", "日本"},
		{"shift-jis", "\x83\\\x83t\x83g", "ソフト"},
		{"cp932", "\x87\x40", "①"},
		{"euc-jp", "\xc6\xfc\xcb\xdc", "日本"},
		{"euc-jp", "\x93\xfa\x96{\x8c\xea", "日本語"},
		{"utf-7", "Gr+APwA3w-e +- +2D3czg-", "Grüße + 📎"},
		{"unicode-1-1-utf-7", "a +ZeVnLIqe.txt", "a 日本語.txt"},
		{"utf-7", "1 + 1 +", "1 + 1 +"},
		{"utf-7", "Gr\xc3\xbc\xc3\x9fe", "Grüße"},
		{"utf-16", "\xfe\xff\x00a\x00\xfc", "aü"},
		{"utf-16", "\xff\xfea\x00\xfc\x00", "aü"},
		{"utf-16", "\x00a\x00b\x00\xfc", "abü"},
		{"utf-16", "a\x00b\x00\xfc\x00", "abü"},
		{"utf-16le", "\x2d\x4e\x87\x65", "中文"},
		{"utf-16", "not UTF-16 in any way, whatever is said", "not UTF-16 in any way, whatever is said"},
		{"iso-8859-1", "\xef\xbb\xbf\xc3\xbc", "ü"},
		{"replacement", "\xc3\xbc", "ü"},
		{"iso-2022-kr", "abc", "abc"},
	}
	for _, tt := range tests {
		if got := message.Convert(tt.charset, []byte(tt.text)); got != tt.want {
			t.Errorf("%s: %q becomes %q, want %q", tt.charset, tt.text, got, tt.want)
		}
	}
}
