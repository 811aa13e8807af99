package text_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mailchute/pkg/text"
)

func TestSafe(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"", ""},
		{"Rechnung Nr. 7 (März) – 100 €", "Rechnung Nr. 7 (März) – 100 €"},
		{"請求書　七月", "請求書　七月"},
		{"חשבון 12", "חשבון 12"},
		{"e\u0301 ❤\ufe0f", "e\u0301 ❤\ufe0f"},
		{`C:\new\x1b`, `C:\new\x1b`},
		{"one\r\n\ttwo", `one\r\n\ttwo`},
		{"\x1b]0;title\x07\x1b[2J", `\x1b]0;title\x07\x1b[2J`},
		{"\x00\x7f", `\x00\x7f`},
		{"\u0085\u009b31m", `\u0085\u009b31m`},
		{"a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"invoice\u202efdp.exe", `invoice\u202efdp.exe`},
		{"\u2066a\u2069\u200e\u200f\u061c", `\u2066a\u2069\u200e\u200f\u061c`},
		{"pay\u200bpal\ufeff\u00ad\u2060", `pay\u200bpal\ufeff\u00ad\u2060`},
		{"\u3164\u115f\u034f", `\u3164\u115f\u034f`},
		{"\ue000\U000e0041\U0010ffff", `\ue000\U000e0041\U0010ffff`},
		{"caf\xe9 \xed\xa0\x80", `caf\xe9 \xed\xa0\x80`},
		{"\ufffd", "\ufffd"},
	}
	for _, tt := range tests {
		if got := text.Safe(tt.in); got != tt.want {
			t.Errorf("Safe(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		n    int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"請求書七月", 4, "請求書…"},
		{"a\x1bb", 6, `a\x1bb`},
		{"a\x1bb", 5, "a…"},
		{"a\x1b", 5, `a\x1b`},
		{"a\x1b", 4, "a…"},
		{"abc", 1, "…"},
		{"a", 1, "a"},
		{"\x1b", 1, "…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{"", 0, ""},
	}
	for _, tt := range tests {
		if got := text.Cut(tt.in, tt.n); got != tt.want {
			t.Errorf("Cut(%q, %d): got %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		same bool
	}{
		{"Report.PDF", "report.pdf", true},
		{"Ärger", "A\u0308RGER", true},
		{"ΟΔΟΣ", "οδος", true},
		{"\u212a", "k", true}, // the Kelvin sign is canonically a K
		{"straße", "STRASSE", false},
		{"straße", "STRAẞE", true},
		{"ı", "i", false},
		{"İ", "i", false},
		{"ﬁ", "fi", false},
		{"a", "b", false},
	}
	for _, tt := range tests {
		if got := text.Fold(tt.a) == text.Fold(tt.b); got != tt.same {
			t.Errorf("%q and %q: folded alike is %t, want %t", tt.a, tt.b, got, tt.same)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, in := range []string{"", "plain", "a\x1b[2Jb", "\u202e\u2028\xff", "\U000e0041\\n", "👨\u200d👩"} {
		f.Add(in, 5)
	}
	f.Fuzz(func(t *testing.T, in string, n int) {
		safe := text.Safe(in)
		checkSafe(t, safe)
		if again := text.Safe(safe); again != safe {
			t.Errorf("Safe(%q): %q, again %q", in, safe, again)
		}
		cut := text.Cut(in, n)
		checkSafe(t, cut)
		if got := utf8.RuneCountInString(cut); got > max(n, 0) {
			t.Errorf("Cut(%q, %d): %q has %d characters", in, n, cut, got)
		}
		if cut != safe && n > 0 && !strings.HasPrefix(safe, strings.TrimSuffix(cut, "…")) {
			t.Errorf("Cut(%q, %d): %q is no beginning of %q", in, n, cut, safe)
		}
		if once, twice := text.Fold(in), text.Fold(text.Fold(in)); once != twice {
			t.Errorf("Fold(%q): %q, again %q", in, once, twice)
		}
	})
}

func checkSafe(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%q is not UTF-8", s)
	}
	for _, r := range s {
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			t.Errorf("%q holds %U", s, r)
		}
	}
}

func TestFoldFull(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "Größe": "grösse", "GRÖSSE": "grösse", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "Σίσυφος": "σίσυφοσ", "ﬁx": "fix"} {
		if got := text.FoldFull(in); got != want {
			t.Errorf("FoldFull(%q): got %q, want %q", in, got, want)
		}
		if again := text.FoldFull(want); again != want {
			t.Errorf("FoldFull(%q): got %q, want the same", want, again)
		}
	}
}
