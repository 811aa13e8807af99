package message_test

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	const attach = "Content-Disposition: attachment; "
	tests := []struct{ name, header, want string }{
		{"token", attach + "filename=a.pdf", "a.pdf"},
		{"quoted", attach + `filename="An invoice, (2); final.pdf"`, "An invoice, (2); final.pdf"},
		{"blanks around the equals sign", attach + `filename = "a.pdf"`, "a.pdf"},
		{"escaped quotes", attach + `filename="a\"b\".pdf"`, `a"b".pdf`},
		{"path of Windows", attach + `filename="C:\temp\a.pdf"`, `C:\temp\a.pdf`},
		{"path", attach + `filename="../../etc/passwd"`, "../../etc/passwd"},
		{"share", attach + `filename="\\\\server\\share\\a.pdf"`, `\\server\share\a.pdf`},
		{"single quotes", attach + `filename='a b.pdf'`, "'a b.pdf'"},
		{"empty", attach + `filename=""`, ""},
		{"empty, other field", attach + "filename=\"\"\nContent-Type: a/b; name=b.pdf", "b.pdf"},
		{"disposition before type", "Content-Type: a/b; name=b.pdf\n" + attach + "filename=a.pdf", "a.pdf"},
		{"type alone", "Content-Type: a/b; name=b.pdf\nContent-Disposition: attachment", "b.pdf"},
		{"name in the disposition", attach + "name=a.pdf", "a.pdf"},
		{"control characters", attach + "filename=\"a\tb\x01\x7f.pdf\"", "a\tb\x01\x7f.pdf"},
		{"NUL", attach + "filename=\"a\x00.pdf\"", "a\x00.pdf"},
		{"folded", attach + "filename=\"a\n b.pdf\"", "a b.pdf"},
		{"twice", attach + "filename=a.pdf; filename=b.pdf", "a.pdf"},

		{"quote not closed", attach + `filename="a.pdf`, "a.pdf"},
		{"quote not closed, more behind", attach + `filename="a.pdf; size=10`, "a.pdf"},
		{"quote not opened", attach + `filename=a.pdf"; size=10`, "a.pdf"},
		{"quotes inside", attach + `filename="a "b" c.pdf"`, `a "b" c.pdf`},
		{"quotes inside, more behind", attach + `filename="a "b" c.pdf"; size=1`, `a "b" c.pdf`},
		{"text behind the quote", attach + `filename="a".pdf`, "a.pdf"},
		{"blanks, no quotes", attach + "filename=a b c.pdf", "a b c.pdf"},
		{"blanks, no quotes, more behind", attach + "filename=a b c.pdf; size=1", "a b c.pdf"},
		{"no semicolon", attach + `filename="a.pdf" size=1`, "a.pdf"},
		{"no semicolon in front", `Content-Disposition: attachment filename="a.pdf"`, "a.pdf"},
		{"no disposition", `Content-Disposition: filename="a.pdf"`, "a.pdf"},
		{"semicolons in a row", attach + `;; filename="a.pdf";;`, "a.pdf"},
		{"characters beyond tokens", attach + "filename=a@b[1].pdf", "a@b[1].pdf"},

		{"word, Q", attach + `filename="=?utf-8?Q?Gr=C3=BC=C3=9Fe_1.pdf?="`, "Grüße 1.pdf"},
		{"word, B", attach + `filename="=?utf-8?B?R3LDvMOfZS5wZGY=?="`, "Grüße.pdf"},
		{"word, no quotes", attach + `filename==?utf-8?Q?Gr=C3=BC=C3=9Fe.pdf?=`, "Grüße.pdf"},
		{"words, no quotes", attach + `filename==?utf-8?Q?Gr=C3=BC?= =?utf-8?Q?=C3=9Fe.pdf?=`, "Grüße.pdf"},
		{"words, folded", attach + "filename=\"=?utf-8?Q?Gr=C3=BC?=\n\t=?utf-8?Q?=C3=9Fe.pdf?=\"", "Grüße.pdf"},
		{"word and text", attach + `filename="=?iso-8859-1?Q?J=F6rg?= (2).pdf"`, "Jörg (2).pdf"},
		{"text and word", attach + `filename="Re: =?iso-8859-1?Q?J=F6rg?=.pdf"`, "Re: Jörg.pdf"},
		{"blanks in a word", attach + `filename="=?utf-8?Q?Gr=C3=BC=C3=9Fe an dich.pdf?="`, "Grüße an dich.pdf"},
		{"semicolon in a word", attach + `filename="=?utf-8?Q?a;b.pdf?="`, "a;b.pdf"},
		{"question mark in a word", attach + `filename="=?utf-8?Q?why?.pdf?="`, "why?.pdf"},
		{"lower case", attach + `filename="=?UTF-8?q?gr=c3=bc.pdf?="`, "grü.pdf"},
		{"character over two words", attach + `filename="=?utf-8?B?R3LD?= =?utf-8?B?vMOfZS5wZGY=?="`, "Grüße.pdf"},
		{"base64 group over two words", attach + `filename="=?utf-8?B?R3LDv?= =?utf-8?B?MOfZS5wZGY=?="`, "Grüße.pdf"},
		{"bad padding", attach + `filename="=?utf-8?B?R3LDvMOfZQ?=.pdf"`, "Grüße.pdf"},
		{"blank in base64", attach + `filename="=?utf-8?B?R3LDvM OfZQ==?=.pdf"`, "Grüße.pdf"},
		{"word over segments", attach + `filename*0="=?utf-8?Q?Gr=C3=BC"; filename*1="=C3=9Fe.pdf?="`, "Grüße.pdf"},
		{"word in RFC 2231", attach + `filename*=utf-8''=?utf-8?Q?Gr=C3=BC.pdf?=`, "Grü.pdf"},
		{"word in a word", attach + `filename="=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?="`, "=?utf-8?Q?a?="},
		{"word not closed", attach + `filename="=?utf-8?Q?Gr=C3=BC.pdf"`, "=?utf-8?Q?Gr=C3=BC.pdf"},
		{"ISO-2022-JP", attach + `filename="=?iso-2022-jp?B?GyRCRnxLXBsoQi50eHQ=?="`, "日本.txt"},
		{"ISO-2022-JP that is Shift-JIS", attach + `filename="=?iso-2022-jp?B?k/qWe4zqLnR4dA==?="`, "日本語.txt"},
		{"GB2312 with GBK", attach + `filename="=?gb2312?Q?=E9F.txt?="`, "镕.txt"},
		{"KOI8-R", attach + `filename="=?koi8-r?B?8NLJLnR4dA==?="`, "При.txt"},
		{"Windows-1251", attach + `filename="=?windows-1251?B?z/DoLnR4dA==?="`, "При.txt"},
		{"UTF-7", attach + `filename="=?utf-7?Q?+ZeVnLIqe-.txt?="`, "日本語.txt"},
		{"us-ascii that is UTF-8", attach + `filename="=?us-ascii?Q?Gr=C3=BC.txt?="`, "Grü.txt"},
		{"utf-8 that is Latin-1", attach + `filename="=?utf-8?Q?Gr=FC=DFe.txt?="`, "Grüße.txt"},
		{"ISO-8859-1 that is Windows-1252", attach + `filename="=?iso-8859-1?Q?5=80=96.txt?="`, "5€–.txt"},
		{"unknown charset", attach + `filename="=?x-unknown?Q?Gr=FC.txt?="`, "Grü.txt"},
		{"another charset behind", attach + `filename="=?utf-8?Q?=C3=BC?= =?koi8-r?Q?=F0?="`, "üП"},

		{"RFC 2231", attach + `filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf`, "Grüße.pdf"},
		{"lower-case digits", attach + `filename*=utf-8''Gr%c3%bc%c3%9fe.pdf`, "Grüße.pdf"},
		{"language", attach + `filename*=UTF-8'de-DE'Gr%C3%BC.pdf`, "Grü.pdf"},
		{"in quotes", attach + `filename*="utf-8''Gr%C3%BC e.pdf"`, "Grü e.pdf"},
		{"blanks inside", attach + `filename*=utf-8''Gr%C3%BC e.pdf; size=1`, "Grü e.pdf"},
		{"no charset", attach + `filename*=''Gr%C3%BC.pdf`, "Grü.pdf"},
		{"no apostrophes", attach + `filename*=Gr%C3%BC.pdf`, "Grü.pdf"},
		{"apostrophes in the name", attach + `filename*=utf-8''it's%20Jim's.pdf`, "it's Jim's.pdf"},
		{"no escapes", attach + `filename*=utf-8''50%.pdf`, "50%.pdf"},
		{"raw UTF-8 inside", attach + `filename*=utf-8''Grü.pdf`, "Grü.pdf"},
		{"raw UTF-8 inside, labelled as another", attach + `filename*0*=iso-8859-1''Gr%FC; filename*1="ß.pdf"`, "Grüß.pdf"},
		{"empty value", attach + `filename*=utf-8''; filename=a.pdf`, "a.pdf"},
		{"no value", attach + `filename*=; filename=a.pdf`, "a.pdf"},
		{"beside a plain one", attach + `filename="Gr__e.pdf"; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf`, "Grüße.pdf"},
		{"before a plain one", attach + `filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf; filename="Gr__e.pdf"`, "Grüße.pdf"},
		{"beside a word", attach + `filename="=?utf-8?Q?a.pdf?="; filename*=utf-8''b.pdf`, "b.pdf"},
		{"in the type", "Content-Type: a/b; name*=koi8-r''%F0%D2%C9.txt", "При.txt"},
		{"ISO-2022-JP, RFC 2231", attach + `filename*=iso-2022-jp''%1B%24BF%7CK%5C%1B%28B.txt`, "日本.txt"},
		{"Shift-JIS, RFC 2231", attach + `filename*=shift_jis''%93%FA%96%7B.txt`, "日本.txt"},
		{"unknown charset, RFC 2231", attach + `filename*=x-none''Gr%FC.txt`, "Grü.txt"},
		{"blanks beside the charset", attach + `filename*= utf-8 ''Gr%C3%BC.txt`, "Grü.txt"},
		{"percent signs, not RFC 2231", attach + `filename="Gr%C3%BC.pdf"`, "Gr%C3%BC.pdf"},

		{"segments", attach + `filename*0="one "; filename*1="two.pdf"`, "one two.pdf"},
		{"segments in another order", attach + `filename*1="two.pdf"; filename*0="one "`, "one two.pdf"},
		{"ten segments and more", attach + segments(12), "abcdefghijkl"},
		{"segments from 1", attach + `filename*1="one "; filename*2="two.pdf"`, "one two.pdf"},
		{"a segment missing", attach + `filename*0="one "; filename*2="two.pdf"`, "one two.pdf"},
		{"a segment twice", attach + `filename*0="one "; filename*1="two.pdf"; filename*1="three.pdf"`, "one two.pdf"},
		{"leading zeros", attach + `filename*00="one "; filename*01="two.pdf"`, "one two.pdf"},
		{"no number", attach + `filename*x="one"; filename=a.pdf`, "a.pdf"},
		{"negative", attach + `filename*-1="one"; filename=a.pdf`, "a.pdf"},
		{"segments encoded", attach + `filename*0*=utf-8''Gr%C3%BC; filename*1*=%C3%9Fe.pdf`, "Grüße.pdf"},
		{"character over two segments", attach + `filename*0*=utf-8''Gr%C3; filename*1*=%BC.pdf`, "Grü.pdf"},
		{"segments mixed", attach + `filename*0*=utf-8''Gr%C3%BC; filename*1="%C3.pdf"`, "Grü%C3.pdf"},
		{"segments mixed, the first is not encoded", attach + `filename*0="a"; filename*1*=%C3%BC.pdf`, "aü.pdf"},
		{"charset in each segment", attach + `filename*0*=utf-8''Gr%C3%BC; filename*1*=utf-8''%C3%9Fe.pdf`, "Grüße.pdf"},
		{"empty first segment", attach + `filename*0*=utf-8''; filename*1*=%C3%BC.pdf`, "ü.pdf"},
		{"empty segments", attach + `filename*0=; filename*1=; filename=a.pdf`, "a.pdf"},
		{"segments beside a plain one", attach + `filename=b.pdf; filename*0=a; filename*1=.pdf`, "a.pdf"},

		{"raw UTF-8", attach + `filename="Grüße.pdf"`, "Grüße.pdf"},
		{"raw UTF-8, cut off inside a character", attach + "filename=\"Grüße \xc3\"", "Grüße \uFFFD"},
		{"raw Latin-1 that ends as UTF-8 would go on", attach + "filename=\"caf\xe9\"", "café"},
		{"raw UTF-8, no quotes", attach + `filename=Grüße 1.pdf`, "Grüße 1.pdf"},
		{"raw Latin-1", attach + "filename=\"Gr\xfc\xdfe.pdf\"", "Grüße.pdf"},
		{"raw Windows-1252", attach + "filename=\"5\x80 \x96.pdf\"", "5€ –.pdf"},
		{"raw, in the charset of the part", "Content-Type: text/plain; charset=koi8-r; name=\"\xf0\xd2\xc9.txt\"", "При.txt"},
		{"raw, in the charset of the part's other field", "Content-Type: text/plain; charset=koi8-r\n" + attach + "filename=\xf0\xd2\xc9.txt", "При.txt"},
		{"raw Shift-JIS, with backslashes", "Content-Type: text/plain; charset=shift_jis\n" + attach + "filename=\"\x83\\\x83t\x83g.txt\"", "ソフト.txt"},
		{"raw UTF-8 against the charset of the part", "Content-Type: text/plain; charset=koi8-r\n" + attach + "filename=ü.txt", "ü.txt"},
		{"raw, charset UTF-8", "Content-Type: text/plain; charset=utf-8\n" + attach + "filename=\xfc.txt", "ü.txt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, raw := range []string{tt.header, crlf(tt.header)} {
				m := parse(t, "Content-Type: multipart/mixed; boundary=B\n\n--B\n"+raw+"\n\nx\n--B--\n")
				if got := m.Parts[0].Name; got != tt.want {
					t.Errorf("%q: got %q, want %q", raw, got, tt.want)
				}
			}
		})
	}
}

// segments is a file name in n segments, in no order.
func segments(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i*5%n] = "filename*" + string("0123456789"[i%10]) + "=" + string(rune('a'+i))
		if i >= 10 {
			list[i*5%n] = "filename*1" + string("0123456789"[i%10]) + "=" + string(rune('a'+i))
		}
	}
	return strings.Join(list, "; ")
}
