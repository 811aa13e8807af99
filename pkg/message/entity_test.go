package message_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

func TestEntity(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fields string
		want         message.Part
	}{
		{"nothing", "X: y", message.Part{Type: "text/plain"}},
		{
			"all of it",
			"Content-Type: Application/PDF; name=\"n.pdf\"; Charset=UTF-8\nContent-Disposition: Attachment; filename=\"f.pdf\"\n" +
				"Content-Transfer-Encoding: Base64\nContent-ID: <a@b>",
			message.Part{Type: "application/pdf", Charset: "utf-8", Disposition: "attachment", Name: "f.pdf", ContentID: "a@b", Encoding: "base64"},
		},
		{"name of the type", "Content-Type: a/b; name=n.pdf\nContent-Disposition: inline", message.Part{Type: "a/b", Disposition: "inline", Name: "n.pdf"}},
		{"first of two", "Content-Type: a/b\nContent-Type: c/d", message.Part{Type: "a/b"}},
		{"calendar", "Content-Type: text/calendar; method=request", message.Part{Type: "text/calendar", Method: "REQUEST"}},

		{"no type, a name", "Content-Disposition: inline; filename=f.pdf", message.Part{Type: "application/octet-stream", Disposition: "inline", Name: "f.pdf"}},
		{"no type, attachment", "Content-Disposition: attachment", message.Part{Type: "application/octet-stream", Disposition: "attachment"}},
		{"no type, inline", "Content-Disposition: inline", message.Part{Type: "text/plain", Disposition: "inline"}},
		{"empty type", "Content-Type:", message.Part{Type: "text/plain"}},
		{"only parameters", "Content-Type: name=f.pdf", message.Part{Type: "application/octet-stream", Name: "f.pdf"}},
		{"blank in the type", "Content-Type: application/p df; name=f.pdf", message.Part{Type: "application/octet-stream", Name: "f.pdf"}},
		{"type in quotes", `Content-Type: "application/pdf"; name=f.pdf`, message.Part{Type: "application/pdf", Name: "f.pdf"}},
		{"comment", "Content-Type: text/html (really); charset=utf-8", message.Part{Type: "text/html", Charset: "utf-8"}},
		{"half a type", "Content-Type: text", message.Part{Type: "text/plain"}},
		{"three halves", "Content-Type: a/b/c", message.Part{Type: "a/b"}},
		{"no semicolon in the type", "Content-Type: text/html charset=utf-8", message.Part{Type: "text/html", Charset: "utf-8"}},
		{"no semicolon", "Content-Type: a/b\nContent-Disposition: attachment filename=x.pdf", message.Part{Type: "a/b", Disposition: "attachment", Name: "x.pdf"}},
		{"no disposition", "Content-Type: a/b\nContent-Disposition: filename=x.pdf", message.Part{Type: "a/b", Name: "x.pdf"}},
		{"encoding with more behind it", "Content-Transfer-Encoding: base64; x (y)", message.Part{Type: "text/plain", Encoding: "base64"}},
		{
			"parameter not indented", "Content-Type: a/b;\nname=\"f.pdf\"\nContent-ID: <x>",
			message.Part{Type: "a/b", Name: "f.pdf", ContentID: "x"},
		},
		{"blank before the colon", "Content-Type : a/b", message.Part{Type: "a/b"}},

		{"name with blanks, not quoted", "Content-Type: a/b; name=my file.pdf", message.Part{Type: "a/b", Name: "my file.pdf"}},
		{"name with a path", `Content-Type: a/b; name="../../etc/passwd"`, message.Part{Type: "a/b", Name: "../../etc/passwd"}},
		{"folded before the quote", "Content-Type: a/b; name=\n\t\"f.pdf\"", message.Part{Type: "a/b", Name: "f.pdf"}},
		{"raw UTF-8", "Content-Type: a/b; name=\"Grüße.pdf\"", message.Part{Type: "a/b", Name: "Grüße.pdf"}},
		{"raw Latin-1", "Content-Type: a/b; name=\"Gr\xfc\xdfe.pdf\"", message.Part{Type: "a/b", Name: "Grüße.pdf"}},
		{"RFC 2231", "Content-Type: a/b; name*=UTF-8'de'Gr%C3%BC%C3%9Fe.pdf", message.Part{Type: "a/b", Name: "Grüße.pdf"}},
		{"RFC 2231 in pieces", "Content-Type: a/b; name*1*=%9Fe; name*0*=UTF-8''Gr%C3%BC%C3; name*2=.pdf", message.Part{Type: "a/b", Name: "Grüße.pdf"}},
		{"RFC 2231 in Latin-1", "Content-Type: a/b; name*=iso-8859-1''Gr%FC%DFe.pdf", message.Part{Type: "a/b", Name: "Grüße.pdf"}},
		{"RFC 2231 in ISO-2022-JP", "Content-Type: a/b; name*=iso-2022-jp''%1B%24B%46%7C%1B%28B.pdf", message.Part{Type: "a/b", Name: "日.pdf"}},
		{"RFC 2231 in GB2312", "Content-Type: a/b; name*=gb2312''%B2%E2%CA%D4.pdf", message.Part{Type: "a/b", Name: "测试.pdf"}},
		{"extended before plain", "Content-Type: a/b; name=x.pdf; name*=utf-8''y.pdf", message.Part{Type: "a/b", Name: "y.pdf"}},
		{"encoded word in quotes", `Content-Type: a/b; name="=?utf-8?Q?Gr=C3=BC=C3=9Fe?=.pdf"`, message.Part{Type: "a/b", Name: "Grüße.pdf"}},
		{"character over two words", `Content-Type: a/b; name="=?utf-8?Q?Gr=C3=BC=C3?= =?utf-8?Q?=9Fe=2Epdf?="`, message.Part{Type: "a/b", Name: "Grüße.pdf"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, crlf(tc.fields+"\n\nbody"))
			tc.want.ID = "1"
			if diff := cmp.Diff([]message.Part{tc.want}, m.Parts, cmp.FilterPath(hidden, cmp.Ignore())); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

// hidden selects the unexported fields.
func hidden(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && strings.ToLower(f.Name()[:1]) == f.Name()[:1]
}

// Fields that would cost enmime minutes and gigabytes get a minimal reading, and the
// part keeps its type, its name and its place in the structure.
func TestUnread(t *testing.T) {
	t.Parallel()
	var many, pieces strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&many, "; p%d=%d", i, i)
		fmt.Fprintf(&pieces, ";\n name*%d*=%s%%41", i, map[bool]string{true: "utf-8''"}[i == 0])
	}
	const a = "AAAAAAAAAAAAAAAA"
	tests := []struct{ name, field, want string }{
		{"10,000 parameters", "a/b; name=x.pdf" + many.String(), "x.pdf"},
		{"101 short parameters", "a/b; name=x.pdf" + strings.Repeat("; p=1", 101), "x.pdf"},
		{"10,000 pieces", "a/b" + pieces.String(), strings.Repeat("A", 1024)},
		{"long name", "a/b; name=\"" + strings.Repeat("x", 1<<19) + "\"", strings.Repeat("x", 1024)},
		{"long value before the name", "a/b; p=\"" + strings.Repeat(`\"`, 1<<18) + "\"; name=x.pdf", "x.pdf"},
		{"long encoded word", "a/b; name*=utf-8''ok.pdf; p=\"=?utf-8?B?" + strings.Repeat(a, 1<<15) + "?=\"", "ok.pdf"},
		{"long type", strings.Repeat("a", 1<<19) + "/b; name=x.pdf", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, "Content-Type: "+tc.field+"\n\nbody")
			p := m.Parts[0]
			if tc.want == "" {
				if p.Type != "application/octet-stream" {
					t.Errorf("type: got %d bytes", len(p.Type))
				}
				return
			}
			if !p.Unread || p.Type != "a/b" || p.Name != tc.want {
				t.Errorf("got unread %v, type %q, name %.40q… (%d bytes), want true, a/b, %.40q", p.Unread, p.Type, p.Name, len(p.Name), tc.want)
			}
		})
	}
}

// A name just within enmime's limits is cut before its extension.
func TestLongName(t *testing.T) {
	t.Parallel()
	m := parse(t, "Content-Type: a/b; name=\""+strings.Repeat("ü", 3000)+".pdf\"\n\nbody")
	got := m.Parts[0]
	if got.Unread || len(got.Name) > 1024 || !strings.HasPrefix(got.Name, "üü") || !strings.HasSuffix(got.Name, "ü.pdf") {
		t.Errorf("got unread %v, %d bytes, %.20q…", got.Unread, len(got.Name), got.Name)
	}
}

// Odd names that are costly to read are read in full only up to a point; behind it they
// get the minimal reading, and the part is marked.
func TestAllowance(t *testing.T) {
	t.Parallel()
	part := "--B\nContent-Type: a/b; name=\"" + strings.Repeat("=?utf-8?Q?=C3=BC?= ", 300) + "\"\n\n"
	m := parse(t, "Content-Type: multipart/mixed; boundary=B\n\n"+strings.Repeat(part, 100)+"--B--\n")
	first, last := m.Parts[0], m.Parts[len(m.Parts)-1]
	if first.Unread || !last.Unread {
		t.Errorf("unread: got %v first, %v last, want false, true", first.Unread, last.Unread)
	}
	if want := strings.Repeat("ü", 300); first.Name != want || last.Name != want {
		t.Errorf("names: got %d bytes first, %d last, want %d", len(first.Name), len(last.Name), len(want))
	}
}
