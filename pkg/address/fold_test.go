package address_test

import (
	"slices"
	"strings"
	"testing"

	"mailchute/pkg/address"
)

func TestKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		want   string
		inputs []string
	}{
		{"invoices@drop.test", []string{"invoices@drop.test", "INVOICES@Drop.Test", `"invoices"@drop.test`, `"in\voices"@drop.test.`}},
		{"invoices+q1@drop.test", []string{"invoices+q1@drop.test", "Invoices+Q1@drop.test"}},
		{"../x@drop.test", []string{"../x@drop.test", `"../X"@drop.test`}},
		{"bücher@drop.test", []string{"bücher@drop.test", "BÜCHER@drop.test", "bu\u0308cher@drop.test", "BU\u0308CHER@drop.test"}},
		{"οδοσ@drop.test", []string{"ΟΔΟΣ@drop.test", "οδος@drop.test"}},
		{"straße@drop.test", []string{"straße@drop.test", "STRAẞE@drop.test"}},
		{"strasse@drop.test", []string{"strasse@drop.test", "STRASSE@drop.test"}},
		{"ınfo@drop.test", []string{"ınfo@drop.test"}},
		{"İnfo@drop.test", []string{"İnfo@drop.test", "I\u0307nfo@drop.test"}},
		{"info@drop.test", []string{"info@drop.test", "INFO@drop.test"}},
		{"a@xn--bcher-kva.test", []string{"a@bücher.test", "a@BÜCHER.TEST", "a@bu\u0308cher.test.", "a@xn--bcher-kva.test", "a@XN--bcher-KVA.Test", "a@bücher。test"}},
		{"a@xn--nxasmm1c.test", []string{"a@βόλος.test"}},
		{"a@xn--nxasmq6b.test", []string{"a@βόλοσ.test"}},
		{"a@host_1.test", []string{"a@host_1.test", "a@HOST_1.test"}},
		{"a@[ipv6:2001:db8::1]", []string{"a@[IPv6:2001:DB8::1]"}},
		{"x@a@b.test", []string{`"x@a"@b.test`, `"X\@a"@b.test`}},
		{"x@a＠b.test", []string{"x@a＠b.test"}},
	}
	for _, tt := range tests {
		for _, in := range tt.inputs {
			a, err := address.ParseMailbox(in)
			if err != nil {
				t.Errorf("ParseMailbox(%q): %v", in, err)
				continue
			}
			if got := a.Key(); got != tt.want {
				t.Errorf("key of %q: got %q, want %q", in, got, tt.want)
			}
		}
	}
}

func TestNullPath(t *testing.T) {
	t.Parallel()
	var null address.Address
	if !null.IsNull() || null.Key() != "" || null.String() != "" {
		t.Errorf("null path: IsNull %t, key %q, string %q, want true and two empty texts", null.IsNull(), null.Key(), null.String())
	}
}

func TestCheckLocalPart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want string // part of the error; "" is none
	}{
		{"invoices", ""},
		{"Team.Docs", ""},
		{"invoices+q1", ""},
		{"o'neil_2-x", ""},
		{"info", ""},
		{"bücher", ""},
		{"документы", ""},
		{strings.Repeat("l", 64), ""},
		{strings.Repeat("ü", 32), ""},
		{strings.Repeat("l", 65), "at most 64"},
		{strings.Repeat("ü", 33), "at most 64"},
		{"", "empty"},
		{"invoices@drop.test", "before the @"},
		{".invoices", "a dot"},
		{"invoices.", "a dot"},
		{"in..voices", "a dot"},
		{"in voices", `' '`},
		{`in"voices`, `'"'`},
		{"in\nvoices", `'\n'`},
		{"in/voices", ""},
		{"inv\u202eoices", `'\u202e'`},
		{"inv\u200boices", `'\u200b'`},
		{"in\xffvoices", "UTF-8"},
		{"postmaster", "RFC 2142"},
		{"Abuse", "RFC 2142"},
		{"MAILER-DAEMON", "RFC 2142"},
	}
	for _, tt := range tests {
		err := address.CheckLocalPart(tt.in)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("CheckLocalPart(%q): %v", tt.in, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("CheckLocalPart(%q): got %v, want an error with %q", tt.in, err, tt.want)
		}
	}
}

func TestReserved(t *testing.T) {
	t.Parallel()
	names := address.Reserved()
	if !slices.IsSorted(names) {
		t.Errorf("not in order: %q", names)
	}
	for _, name := range names {
		if address.FoldLocal(name) != name {
			t.Errorf("%q is not folded", name)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, in := range []string{"", "Invoices", "BU\u0308CHER", "οδος", "İıß", "a\u0345", "xn--zz", "a。b.", "\xff", "ｄｒｏｐ.test", "K", "\u04c0", "\u04cf"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if once, twice := address.FoldLocal(in), address.FoldLocal(address.FoldLocal(in)); once != twice {
			t.Errorf("FoldLocal(%q): %q, again %q", in, once, twice)
		}
		if once, twice := address.FoldDomain(in), address.FoldDomain(address.FoldDomain(in)); once != twice {
			t.Errorf("FoldDomain(%q): %q, again %q", in, once, twice)
		}
	})
}
