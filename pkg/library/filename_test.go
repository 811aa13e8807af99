package library_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/pkg/text"
)

func TestSafeName(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"invoice.pdf", "invoice.pdf"},
		{"Rechnung März 2024 (Kopie).pdf", "Rechnung März 2024 (Kopie).pdf"},
		{"請求書.pdf", "請求書.pdf"},
		{"حساب\u200cها.pdf", "حسابها.pdf"},
		{"archive.tar.gz", "archive.tar.gz"},

		// Path parts.
		{"../../etc/passwd", "passwd"},
		{`C:\Users\x\report.doc`, "report.doc"},
		{`\\server\share\..\x.txt`, "x.txt"},
		{"/etc/", "etc"},
		{"C:report.doc", "C_report.doc"},
		{"..", "attachment"},
		{".", "attachment"},
		{"../..", "attachment"},
		{"/", "attachment"},

		// Characters.
		{"", "attachment"},
		{" \t.. ", "attachment"},
		{`~a#b%c&d*e{f}g:h<i>j?k|l"m.txt`, "_a_b_c_d_e_f_g_h_i_j_k_l_m.txt"},
		{"caf\xe9.pdf", "caf_.pdf"},
		{"a\x00b\x1b[2J\x7f.txt", "ab[2J.txt"},
		{"invoice\u202efdp.exe", "invoicefdp.exe"},
		{"pay\u200bpal\ufeff.pdf", "paypal.pdf"},
		{"line\r\n\tone  two\u2028three.txt", "line one two three.txt"},
		{"e\u0301te\u0301.pdf", "\u00e9t\u00e9.pdf"},
		{"e\u200b\u0301.pdf", "\u00e9.pdf"},
		{"x" + strings.Repeat("\u0301", 100) + ".pdf", "x" + strings.Repeat("\u0301", 8) + ".pdf"},

		// Beginnings and endings.
		{".bashrc", "bashrc"},
		{".mailchute", "mailchute"},
		{"-rf", "rf"},
		{" - . x.txt", "x.txt"},
		{"x.exe.", "x.exe"},
		{"x.txt . .", "x.txt"},
		{"a..b...c.txt", "a.b.c.txt"},
		{"a.\u200b.b", "a.b"},
		{"x.{exe}", "x._exe_"},

		// Windows devices.
		{"CON", "CON_"},
		{"con.txt", "con_.txt"},
		{"nul.tar.gz", "nul_.tar.gz"},
		{"Aux .txt", "Aux _.txt"},
		{"com1.log", "com1_.log"},
		{"LPT³", "LPT³_"},
		{"CONIN$", "CONIN$_"},
		{"com10.log", "com10.log"},
		{"console.log", "console.log"},

		// Reserved endings.
		{"page_files", "page-files"},
		{"Page.FILES", "Page-FILES"},
		{"Seite-Dateien", "Seite_Dateien"},
		{"_files", "files"},
		{"report_files.pdf", "report_files.pdf"},
		{"aux.files", "aux_-files"},

		// Length.
		{strings.Repeat("a", 128), strings.Repeat("a", 128)},
		{strings.Repeat("a", 129), strings.Repeat("a", 128)},
		{strings.Repeat("a", 300) + ".pdf", strings.Repeat("a", 124) + ".pdf"},
		{strings.Repeat("請", 100) + ".pdf", strings.Repeat("請", 83) + ".pdf"},
		{strings.Repeat("a", 123) + " " + strings.Repeat("b", 9) + ".pdf", strings.Repeat("a", 123) + ".pdf"},
		{"a." + strings.Repeat("b", 200), "a." + strings.Repeat("b", 126)},
	}
	for _, tt := range tests {
		if got := library.SafeName(tt.in); got != tt.want {
			t.Errorf("SafeName(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSafeFolder(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"Re: Invoice 7/2024", "Re_ Invoice 7_2024"},
		{`a\b/`, "a_b_"},
		{"alice@example.org", "alice@example.org"},
		{"_vti_bin", "vti_bin"},
		{"#7", "7"},
		{"../../x", "x"},
		{"..", "no subject"},
		{"", "no subject"},
		{"///", "no subject"},
		{"\u202e\x1b", "no subject"},
		{"nul", "nul_"},
		{"page_files", "page-files"},
		{strings.Repeat("ü", 200), strings.Repeat("ü", 127)},
	}
	for _, tt := range tests {
		if got := library.SafeFolder(tt.in, "no subject"); got != tt.want {
			t.Errorf("SafeFolder(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestNameFor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		part message.Part
		want string
	}{
		{message.Part{Name: "a.pdf", Type: "application/zip"}, "a.pdf"},
		{message.Part{Name: "scan", Type: "application/pdf"}, "scan"},
		{message.Part{Name: "..", Type: "application/pdf"}, "attachment-3.pdf"},
		{message.Part{Name: " .PDF", Type: "application/octet-stream"}, "attachment-3.pdf"},
		{message.Part{Name: ".htaccess", Type: "text/plain"}, "htaccess"},
		{message.Part{Name: ".eml", Type: "message/rfc822", Subject: "a"}, "a.eml"},
		{message.Part{Type: "image/jpeg"}, "attachment-3.jpg"},
		{message.Part{Type: "message/rfc822"}, "attachment-3.eml"},
		{message.Part{Type: "message/rfc822", Subject: "Re: a/b.pdf"}, "Re_ a_b.pdf.eml"},
		{message.Part{Type: "message/global", Subject: "x.EML"}, "x.EML"},
		{message.Part{Type: "message/rfc822", Name: "b", Subject: "a"}, "b.eml"},
		{message.Part{Type: "message/rfc822", Name: "b.eml", Subject: "a"}, "b.eml"},
		{message.Part{Type: "message/rfc822", Name: "b.msg"}, "b.msg.eml"},
		{message.Part{Type: "message/rfc822", Name: "..", Subject: ".."}, "attachment-3.eml"},
		{message.Part{Type: "message/rfc822", Subject: strings.Repeat("s", 200)}, strings.Repeat("s", 124) + ".eml"},
		{message.Part{Type: "message/rfc822", Subject: "nul"}, "nul_.eml"},
		{message.Part{Type: "message/delivery-status"}, "attachment-3.txt"},
		{message.Part{Type: "text/x-log"}, "attachment-3.txt"},
		{message.Part{Type: "application/octet-stream"}, "attachment-3.bin"},
		{message.Part{Type: "../x"}, "attachment-3.bin"},
	}
	for _, tt := range tests {
		if got := library.NameFor(tt.part, 3); got != tt.want {
			t.Errorf("NameFor(%+v): got %q, want %q", tt.part, got, tt.want)
		}
	}
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		n    int
		want string
	}{
		{"a.pdf", 2, "a (2).pdf"},
		{"a.tar.gz", 10, "a.tar (10).gz"},
		{"README", 3, "README (3)"},
		{"a (2).pdf", 2, "a (2) (2).pdf"},
		{"Nr. 7", 2, "Nr. 7 (2)"},
		{"a .pdf", 2, "a (2).pdf"},
		{strings.Repeat("a", 124) + ".pdf", 1000, strings.Repeat("a", 117) + " (1000).pdf"},
		{strings.Repeat("a", 119) + " aaaa.pdf", 2, strings.Repeat("a", 119) + " (2).pdf"},
	}
	for _, tt := range tests {
		got := library.Numbered(tt.in, tt.n)
		if got != tt.want {
			t.Errorf("Numbered(%q, %d): got %q, want %q", tt.in, tt.n, got, tt.want)
		}
		if safe := library.SafeName(got); safe != got {
			t.Errorf("Numbered(%q, %d): %q is not safe, but %q", tt.in, tt.n, got, safe)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	seeds := []string{
		"", "a.pdf", "../../etc/passwd", "CON.txt", "x_files", "a..b", ".mailchute", "\xff\u202e\x1b", "e\u0301", "_ -.x", "a _files", "con .files",
		strings.Repeat("a", 130) + ".pdf", strings.Repeat("\u0301", 70), "a" + strings.Repeat("\u0345\u0300", 40), strings.Repeat("𐍈", 70) + ".files",
		"ǘ" + strings.Repeat("\u0323", 9), strings.Repeat("\u0301", 28) + "\u1161" + strings.Repeat("\u0301", 31), "a .pdf",
	}
	for _, s := range seeds {
		f.Add(s, 2)
	}
	f.Fuzz(func(t *testing.T, in string, n int) {
		name := library.SafeName(in)
		checkName(t, in, name)
		if again := library.SafeName(name); again != name {
			t.Errorf("SafeName(%q): %q, again %q", in, name, again)
		}
		if numbered := library.Numbered(name, n); numbered == name {
			t.Errorf("Numbered(%q, %d) is the same", name, n)
		} else {
			checkName(t, name, numbered)
			if safe := library.SafeName(numbered); safe != numbered {
				t.Errorf("Numbered(%q, %d): %q is not safe, but %q", name, n, numbered, safe)
			}
		}
		for _, p := range []message.Part{{Type: "message/rfc822", Name: in}, {Type: "message/rfc822", Subject: in}} {
			attached := library.NameFor(p, 1)
			checkName(t, in, attached)
			if !strings.EqualFold(filepath.Ext(attached), ".eml") || library.SafeName(attached) != attached {
				t.Errorf("%+v: %q is no safe name of a message", p, attached)
			}
		}
		folder := library.SafeFolder(in, "none")
		checkName(t, in, folder)
		if again := library.SafeFolder(folder, "none"); again != folder {
			t.Errorf("SafeFolder(%q): %q, again %q", in, folder, again)
		}
	})
}

// checkName fails where name, made from in, could leave its folder or hurt those who see it.
func checkName(t *testing.T, in, name string) {
	t.Helper()
	switch {
	case !filepath.IsLocal(name), name != filepath.Base(name), strings.ContainsAny(name, `~#%&*{}\:<>?/|"`):
		t.Errorf("%q: %q is no plain name", in, name)
	case strings.HasPrefix(name, "."), strings.HasPrefix(name, "-"), strings.HasPrefix(name, " "), strings.Contains(name, ".."):
		t.Errorf("%q: %q begins badly or has doubled dots", in, name)
	case strings.HasSuffix(name, "."), strings.HasSuffix(name, " "):
		t.Errorf("%q: %q ends badly", in, name)
	case !utf8.ValidString(name), len(name) > 255, utf8.RuneCountInString(name) > 128:
		t.Errorf("%q: %q has %d bytes", in, name, len(name))
	}
	if text.Safe(name) != name {
		t.Errorf("%q: %q is not safe to print", in, name)
	}
	if library.Fold(library.Fold(name)) != library.Fold(name) {
		t.Errorf("%q: the key %q is not stable", name, library.Fold(name))
	}
}
