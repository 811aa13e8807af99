package message_test

import (
	"math/rand/v2"
	"testing"

	"mailchute/pkg/message"
)

// What we convert ourselves comes out as enmime converts it.
func TestConvert(t *testing.T) {
	t.Parallel()
	charsets := []string{
		"iso-8859-1", "iso8859-1", "latin1", "l1", "windows-1252", "cp1252", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-8-i", "iso-8859-9",
		"iso-8859-15", "iso-8859-16", "windows-1250", "windows-1251", "windows-1257", "koi8-r", "koi8-u", "ibm866", "macintosh", "tis-620",
		"gb2312", "gbk", "gb18030", "big5", "big5-hkscs", "hz-gb-2312", "iso-2022-jp", "shift_jis", "euc-jp", "euc-kr", "ks_c_5601-1987", "iso-2022-kr",
		"utf-16", "utf-16be", "utf-16le", "utf-7", "x-user-defined", "cp850", "cp936", "8859-1", "x-none",
	}
	p := message.NewParser(message.Limits{})
	r := rand.New(rand.NewPCG(1, 0))
	for _, charset := range charsets {
		for i := range 400 {
			text := []byte{byte(i)}
			if i >= 256 {
				text = make([]byte, 1+r.IntN(20))
				for k := range text {
					text[k] = byte(r.Uint32()) >> (i % 2) // any, or ASCII only
				}
			}
			if got, want := message.Convert(p, charset, text), message.ConvertOdd(p, charset, text); got != want {
				t.Fatalf("%s: %q becomes %q, by enmime %q", charset, text, got, want)
			}
		}
	}
}
