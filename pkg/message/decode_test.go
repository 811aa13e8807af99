package message_test

import (
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	const plain = "QUFB" // AAA
	line := strings.Repeat(plain, 19) + "\n"
	full := strings.Repeat("AAA", 19)
	tests := []struct{ name, encoding, body, want, damaged string }{
		{name: "as it is", encoding: "8bit", body: "a=3D\r\nb\n\xff\x00 \n", want: "a=3D\r\nb\n\xff\x00 \n"},
		{name: "unknown", encoding: "x-none", body: "a=3D", want: "a=3D", damaged: `unknown transfer encoding "x-none": kept as sent`},

		{name: "base64", encoding: "base64", body: line + line + "QUE=\n", want: full + full + "AA"},
		{name: "base64 with CRLF", encoding: "BASE64", body: crlf(line + "QQ==\n"), want: full + "A"},
		{name: "base64, blanks", encoding: "base64", body: " QU FB\t\n\n\nQQ = =\n \n", want: "AAAA"},
		{name: "base64, odd lines", encoding: "base64", body: "Q\nUFBQ\nUF\nB", want: "AAAAAA"},
		{name: "base64, empty", encoding: "base64", body: "", want: ""},
		{
			name: "base64, strange characters", encoding: "base64", body: "QU!FB\nQ\xffU*FB\n", want: "AAAAAA",
			damaged: "3 characters outside the base64 alphabet ignored",
		},
		{
			name: "base64, stray padding", encoding: "base64", body: "QUFB=QUFB\n", want: "AAAAAA",
			damaged: "1 characters outside the base64 alphabet ignored",
		},
		{
			name: "base64, footer", encoding: "base64", body: line + "QQ==\n_____\nUnsubscribe here\ntest\nsee http://a.example/\n", want: full + "A",
			damaged: "46 characters behind the base64 data ignored",
		},
		{
			name: "base64, segments", encoding: "base64", body: "QQ==\n" + line + "QQ==QUE=QQ==\n", want: "A" + full + "AAAA",
			damaged: "padding inside the base64 data",
		},
		{
			name: "base64, footer and a segment", encoding: "base64", body: "QQ==\n--\n" + line, want: "A" + full,
			damaged: "padding inside the base64 data; 2 characters behind the base64 data ignored",
		},
		{name: "base64, no padding", encoding: "base64", body: "QUFBQUE", want: "AAAAA", damaged: "padding missing at the end"},
		{name: "base64, cut off", encoding: "base64", body: "QUFBQ", want: "AAA", damaged: "cut off inside a group of four characters"},
		{
			name: "base64, endless line behind padding", encoding: "base64", body: "QQ==" + strings.Repeat("-", 5000) + "\n", want: "A",
			damaged: "5000 characters behind the base64 data ignored",
		},

		{name: "quoted-printable", encoding: "quoted-printable", body: "Gr=C3=BC=C3=9Fe =3D=\n x\r\ny", want: "Grüße = x\r\ny"},
		{name: "quoted-printable, lower case", encoding: "Quoted-Printable", body: "=c3=bc", want: "ü"},
		{name: "quoted-printable, blanks", encoding: "quoted-printable", body: "a \t\nb=20 \r\nc= \t\nd ", want: "a\nb \r\ncd"},
		{name: "quoted-printable, ends in a soft break", encoding: "quoted-printable", body: "a=\r\n=", want: "a"},
		{
			name: "quoted-printable, not escapes", encoding: "quoted-printable", body: "a=b =C= =ZZ =4", want: "a=b =C= =ZZ =4",
			damaged: "5 invalid quoted-printable escapes kept as sent",
		},
		{
			name: "quoted-printable, a page of blanks", encoding: "quoted-printable",
			body: "a" + strings.Repeat(" ", 5000) + "\nb", want: "a" + strings.Repeat(" ", 5000) + "\nb",
		},

		{
			name: "quoted-printable, more blanks than the window holds", encoding: "quoted-printable",
			body: "a" + strings.Repeat(" ", 256<<10+400) + "\nb", want: "a" + strings.Repeat(" ", 256<<10+400) + "\nb",
		},

		{name: "uuencode", encoding: "x-uuencode", body: "begin 644 a.txt\n#04%!\n`\nend\n", want: "AAA"},
		{name: "uuencode with CRLF", encoding: "uuencode", body: crlf("begin 644 a.txt\n#04%!\n \nend\n"), want: "AAA"},
		{name: "uuencode, lost blanks", encoding: "x-uue", body: "begin 644 a\n#\n`\nend\n", want: "\x00\x00\x00"},
		{name: "uuencode, cut off", encoding: "x-uuencode", body: "begin 644 a\n#04%!\n", want: "AAA", damaged: "cut off before the end line"},
		{
			name: "uuencode, text before and behind", encoding: "x-uuencode", body: "text\n \nbegin 644 a\n#04%!\nend\n-- \nfooter\n", want: "AAA",
			damaged: "12 characters around the uuencoded file ignored",
		},
		{
			name: "uuencode, far behind the start", encoding: "x-uuencode", body: prose(40_000) + "begin 644 a\n#04%!\nend\n", want: prose(40_000) + "begin 644 a\n#04%!\nend\n",
			damaged: "not in x-uuencode as labelled: kept as sent",
		},
		{name: "yEnc, text before and behind", encoding: "x-yenc", body: "text\n" + yencoded("a", "data") + "more\n", want: "data", damaged: "8 characters around the yEncoded file ignored"},
		{name: "uuencode, none", encoding: "x-uuencode", body: "hello\n", want: "hello\n", damaged: "not in x-uuencode as labelled: kept as sent"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, "Content-Transfer-Encoding: "+tc.encoding+"\n\n"+tc.body)
			got, c := decode(t, m, 0)
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if c.Damaged != tc.damaged {
				t.Errorf("Damaged: got %q, want %q", c.Damaged, tc.damaged)
			}
		})
	}
}

// Damage in one place of a big attachment costs that place only.
func TestDamageIsLocal(t *testing.T) {
	t.Parallel()
	body := strings.Repeat(strings.Repeat("QUFB", 19)+"\r\n", 10_000)
	raw := "Content-Transfer-Encoding: base64\n\n" + body[:400_000] + "#" + body[400_000:]
	got, c := decode(t, parse(t, raw), 0)
	if got != strings.Repeat("AAA", 190_000) {
		t.Errorf("got %d bytes, want %d", len(got), 570_000)
	}
	if want := "1 characters outside the base64 alphabet ignored"; c.Damaged != want {
		t.Errorf("Damaged: got %q, want %q", c.Damaged, want)
	}
}

// Blanks that relays took from the ends of uuencoded lines are put back, but a few bytes
// do not become many.
func TestRestoredBlanks(t *testing.T) {
	t.Parallel()
	uu := func(lines int) string {
		return "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n" + strings.Repeat("M\n", lines) + "`\nend\n"
	}
	if got, c := decode(t, parse(t, uu(10_000)), 0); got != strings.Repeat("\x00", 450_000) || c.Damaged != "" {
		t.Errorf("10,000 lines: got %d bytes, damaged %q", len(got), c.Damaged)
	}
	if got, c := decode(t, parse(t, uu(500_000)), 0); len(got) > 4<<20 || !strings.Contains(c.Damaged, "lines cut short") {
		t.Errorf("500,000 lines: got %d bytes, damaged %q", len(got), c.Damaged)
	}
}
