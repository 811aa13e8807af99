package drop_test

import (
	"strings"
	"testing"

	"mailchute/pkg/drop"
)

func TestLooksWhole(t *testing.T) {
	t.Parallel()
	const mixed = "X-Sender: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n"
	long := strings.Repeat("x", 100_000)
	for _, row := range []struct {
		name, content string
		want          bool
	}{
		{"empty", "", false},
		{"header", "Subject: x\n", false},
		{"header, and half a line end", "Subject: x\r\n\r", false},
		{"no body", "Subject: x\r\n\r\n", true},
		{"text", "Subject: x\n\nte", true},
		{"long header", "Subject: " + long + "\n\nx", false},
		{"multipart", mixed + "--b\n\nx\n--b--\n", true},
		{"multipart without a line end", mixed + "--b\n\nx\n--b--", true},
		{"multipart, long", mixed + "--b\n\n" + long + "\n--b--\n\nthe end\n", true},
		{"multipart, blanks", mixed + "--b\n\nx\n--b-- \t\r\n", true},
		{"multipart, nothing yet", mixed, false},
		{"multipart, cut in a part", mixed + "--b\n\nx", false},
		{"multipart, cut in the boundary", mixed + "--b\n\nx\n--b-", false},
		{"multipart, cut before the last part", mixed + "--b\n\nx\n--b", false},
		{"multipart, boundary of another", mixed + "--b\n\nx\n--b--c--\n", false},
		{"multipart, boundary of another before", mixed + "--b\n\nx\n--b--c--\n--b--\n", true},
		{"multipart, boundary inside a line", mixed + "--b\n\nx --b--\n", false},
		{"multipart, much behind it", mixed + "--b\n\nx\n--b--\n" + long, false},
		{"no boundary", "Content-Type: multipart/mixed\n\n--b--\n", false},
		{"odd parameters", "Content-Type: multipart/mixed; boundary=b; =\n\n\n--b--\n", false},
		{"folded, quoted, other letters", "CONTENT-TYPE : Multipart/Mixed;\r\n\tboundary=\"b c\"\r\n\r\n--b c\r\n\r\nx\r\n--b c--\r\n", true},
		{"part of another field", "X: y\n Content-Type: multipart/mixed; boundary=b\n\nx", true},
		{"type in the body", "Subject: x\n\nContent-Type: multipart/mixed; boundary=b\n\nx", true},
		{"text that says so", "Content-Type: text/plain; boundary=b\n\nx", true},
	} {
		if got := drop.LooksWhole(row.content); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

// multipart returns a drop file of about n bytes with one attachment.
func multipart(n int) string {
	return strings.ReplaceAll(strings.TrimSuffix(eml, "\n\nbody\n")+"\nContent-Type: multipart/mixed;\n boundary=\"=_1\"\n\n"+
		"--=_1\n\ntext\n--=_1\nContent-Type: a/b\n\n"+strings.Repeat("line\n", n/5)+"--=_1--\n", "\n", "\r\n")
}

// A multipart that was cut anywhere does not look whole.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 100, 10_000} {
		content := multipart(n)
		whole := strings.LastIndex(content, "--") + len("--")
		for cut := range len(content) + 1 {
			if got := drop.LooksWhole(content[:cut]); got != (cut >= whole) {
				t.Fatalf("cut at %d of %d: got %v, whole from %d on", cut, len(content), got, whole)
			}
		}
	}
}
