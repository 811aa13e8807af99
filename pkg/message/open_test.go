package message_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

const (
	lineOf   = "begin 644 a b.txt\n#04%!\n`\nend\n" // AAA
	startOf  = "Content-Type: text/plain\n\n"
	multiple = "Content-Type: multipart/mixed; boundary=B\n\n--B\n"
)

// contents lists the parts as "ID in Within type "name" as Opened: body".
func contents(t *testing.T, m *message.Message) []string {
	t.Helper()
	var all []string
	for i, p := range m.Parts {
		s := p.ID
		if p.Within != "" {
			s += " in " + p.Within
		}
		s += " " + p.Type
		if p.Name != "" {
			s += fmt.Sprintf(" %q", p.Name)
		}
		body, c := decode(t, m, i)
		switch {
		case p.Opened != "":
			s += " as " + string(p.Opened)
		case p.Encrypted:
			s += " encrypted"
		default:
			s += ": " + body
		}
		if c.Damaged != "" {
			s += "; damaged"
		}
		if p.Broken != "" {
			s += "; broken"
		}
		all = append(all, s)
	}
	return all
}

func TestWrappers(t *testing.T) {
	t.Parallel()
	const html = "Content-Type: text/html\n\n<p>"
	twoForks := strings.Replace(appleFile(0x00051600, "x", "data"), "\x00\x00\x00\x02", "\x00\x00\x00\x01", 1)
	const both = "Content-Type: multipart/mixed; boundary=C\n\n--C\n\none\n--C\nContent-Type: a/b; name=x\n\ntwo\n--C--\n"
	tests := []struct {
		name, raw string
		want      []string
	}{
		{"tnef", tnef(winmail(named{"a.txt", "one"}, named{"b.txt", "two"})), []string{
			`1 application/ms-tnef "winmail.dat" as tnef`, `1/1 in 1 application/octet-stream "a.txt": one`, `1/2 in 1 application/octet-stream "b.txt": two`,
		}},
		{"tnef of another type", strings.Replace(tnef(winmail(named{"a.txt", "one"})), "application/ms-tnef; name=winmail.dat", "application/octet-stream", 1), []string{
			`1 application/octet-stream as tnef`, `1/1 in 1 application/octet-stream "a.txt": one`,
		}},
		{"tnef by its name", strings.Replace(tnef(winmail(named{"a.txt", "one"})), "application/ms-tnef; name=winmail.dat", "a/b; name=WinMail.DAT", 1), []string{
			`1 a/b "WinMail.DAT" as tnef`, `1/1 in 1 application/octet-stream "a.txt": one`,
		}},
		{"tnef in name only", "Content-Type: application/ms-tnef\n\nno TNEF", []string{"1 application/ms-tnef: no TNEF"}},
		{"tnef as it is, and a part behind", multiple + "Content-Type: application/ms-tnef\n\n" + winmail(named{"a", "one"}) + "\n--B\n\nx\n--B--\n", []string{
			"1 application/ms-tnef as tnef", `1/1 in 1 application/octet-stream "a": one`, "2 text/plain: x",
		}},

		{"signed", pkcs7(signed(html)), []string{`1 application/pkcs7-mime "smime.p7m" as signed-data`, "1/1 in 1 text/html: <p>"}},
		{"signed, in pieces", pkcs7(streamed(html, 3)), []string{`1 application/pkcs7-mime "smime.p7m" as signed-data`, "1/1 in 1 text/html: <p>"}},
		{"signed multipart", multiple + pkcs7(streamed(both, 1000)) + "--B--\n", []string{
			`1 application/pkcs7-mime "smime.p7m" as signed-data`, "1/1 in 1 text/plain: one", `1/2 in 1 a/b "x": two`,
		}},
		{"signed, of another type", "Content-Type: application/octet-stream; name=A.P7M\n\n" + signed(html), []string{
			`1 application/octet-stream "A.P7M" as signed-data`, "1/1 in 1 text/html: <p>",
		}},
		{"signed, malformed", pkcs7(signed("Content-Type: multipart/mixed\n\nx")), []string{
			`1 application/pkcs7-mime "smime.p7m" as signed-data; broken`, "1/1 in 1 multipart/mixed: x",
		}},
		{"signed, pieces in pieces", pkcs7(signedData(der(0xa0, der(0x24, der(0x04, startOf), ber(0x24, der(0x04, "o"), der(0x04), der(0x24, der(0x04, "ne"))))))), []string{
			`1 application/pkcs7-mime "smime.p7m" as signed-data`, "1/1 in 1 text/plain: one",
		}},
		{"signed, something else among the pieces", pkcs7(signedData(der(0xa0, der(0x24, der(0x04, startOf+"one"), version)))), []string{
			`1 application/pkcs7-mime "smime.p7m" as signed-data; broken`, "1/1 in 1 text/plain: one",
		}},
		{"signed, damaged on the way", strings.Replace(pkcs7(signed(html)), "\n\nM", "\n\n!M", 1), []string{
			`1 application/pkcs7-mime "smime.p7m" as signed-data; damaged; broken`, "1/1 in 1 text/html: <p>",
		}},
		{"certificates alone", "Content-Type: application/pkcs7-mime\n\n" + signedData(), []string{"1 application/pkcs7-mime: " + signedData()}},
		{"a signed document", "Content-Type: application/pkcs7-mime\n\n" + signed("<xml>"), []string{"1 application/pkcs7-mime: " + signed("<xml>")}},
		{"a signed document with lines like fields", "Content-Type: application/pkcs7-mime\n\n" + signed("a: b\nc: d\n"), []string{"1 application/pkcs7-mime: " + signed("a: b\nc: d\n")}},
		{"enveloped", pkcs7(der(0x30, oidEnveloped)), []string{`1 application/pkcs7-mime "smime.p7m" encrypted`}},
		{"authenticated and enveloped", pkcs7(ber(0x30, oidAuth)), []string{`1 application/pkcs7-mime "smime.p7m" encrypted`}},
		{"enveloped, unreadable", "Content-Type: application/pkcs7-mime; smime-type=Enveloped-Data\n\nx", []string{"1 application/pkcs7-mime encrypted"}},
		{"enveloped within signed", pkcs7(signed(pkcs7(der(0x30, oidEnveloped)))), []string{
			`1 application/pkcs7-mime "smime.p7m" as signed-data`, `1/1 in 1 application/pkcs7-mime "smime.p7m" encrypted`,
		}},

		{"uuencode", startOf + "Hello\nbegin the day\nbegin 1 x\n" + lineOf + "Bye\nbegin 0755 \xfc\n#04)\"\n\nend\n", []string{
			"1 text/plain as uuencode", `1/1 in 1 application/octet-stream "a b.txt": AAA`, `1/2 in 1 application/octet-stream "ü": ABB`,
		}},
		{"uuencode in quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\nG=C3=BCnter:=\n\n" + lineOf, []string{
			"1 text/plain as uuencode", `1/1 in 1 application/octet-stream "a b.txt": AAA`,
		}},
		{"uuencode in base64", "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + folded([]byte("<p>\n"+lineOf)), []string{
			"1 text/html as uuencode", `1/1 in 1 application/octet-stream "a b.txt": AAA`,
		}},
		{"uuencode cut off", startOf + "begin 644 a\n#04%!\n", []string{"1 text/plain: begin 644 a\n#04%!\n"}},
		{"uuencode cut off, another behind", startOf + "begin 644 x\n#04%!\n" + lineOf, []string{
			"1 text/plain as uuencode", `1/1 in 1 application/octet-stream "a b.txt": AAA`,
		}},
		{"prose", startOf + "begin 644 words\nand go on\nend\nbegin 644 x\nend\n", []string{"1 text/plain: begin 644 words\nand go on\nend\nbegin 644 x\nend\n"}},
		{"uuencode as a file", "Content-Type: text/plain; name=a.uu\n\n" + lineOf, []string{`1 text/plain "a.uu": ` + lineOf}},
		{"uuencode attached", "Content-Disposition: attachment\nContent-Type: text/plain\n\n" + lineOf, []string{"1 text/plain: " + lineOf}},

		{"yEnc", startOf + "Hello\n" + yencoded("my file.bin", "\xd6\xe0\xe3\x13abc"), []string{
			"1 text/plain as yenc", `1/1 in 1 application/octet-stream "my file.bin": ` + "\xd6\xe0\xe3\x13abc",
		}},
		{"yEnc, other bytes", startOf + strings.Replace(yencoded("a", "abc"), "\r\n\x8b", "\r\n\x8a", 1), []string{
			"1 text/plain as yenc", `1/1 in 1 application/octet-stream "a": ` + "`bc; damaged",
		}},
		{"yEnc, bytes missing", startOf + strings.Replace(yencoded("a", "abc"), "\r\n\x8b", "\r\n", 1), []string{
			"1 text/plain as yenc", `1/1 in 1 application/octet-stream "a": bc; damaged`,
		}},
		{"yEnc, cut off", startOf + "=ybegin line=64 size=1 name=x\nabc", []string{"1 text/plain: =ybegin line=64 size=1 name=x\nabc"}},
		{
			"yEnc, a part of a file", startOf + "=ybegin part=1 line=64 size=1 name=x\n=ypart begin=1 end=1\nabc\n=yend size=1\n",
			[]string{"1 text/plain: =ybegin part=1 line=64 size=1 name=x\n=ypart begin=1 end=1\nabc\n=yend size=1\n"},
		},

		{"AppleSingle", apple(appleFile(0x00051600, "B\x8er", "data")), []string{
			"1 application/applefile as apple-single", `1/1 in 1 application/octet-stream "Bér": data`,
		}},
		{"AppleSingle without data", apple(appleFile(0x00051600, "x", "")), []string{"1 application/applefile: " + appleFile(0x00051600, "x", "")}},
		{"AppleSingle with two files", apple(twoForks), []string{"1 application/applefile: " + twoForks}},
		{"AppleDouble", "Content-Type: multipart/appledouble; boundary=B\n\n--B\n" + apple(appleFile(0x00051607, "x.doc", "")) + "--B\nContent-Type: a/b\n\ndata\n--B--\n", []string{
			"1 application/applefile: " + appleFile(0x00051607, "x.doc", ""), `2 a/b "x.doc": data`,
		}},
		{"AppleDouble with its name", "Content-Type: multipart/appledouble; boundary=B\n\n--B\nContent-Type: application/applefile; name=y\n\nx\n--B\nContent-Type: a/b\n\ndata\n--B--\n", []string{
			`1 application/applefile "y": x`, `2 a/b "y": data`,
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, contents(t, parse(t, tc.raw))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
