package address_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/address"
)

var long = strings.Repeat("l", 200)

// mailboxes are spellings that MTAs were seen to write, with what they mean and how
// String writes them; want "" is the spelling itself.
var mailboxes = []struct {
	in, local, domain, want string
}{
	{"invoices@drop.test", "invoices", "drop.test", ""},
	{"INVOICES@Drop.Test", "INVOICES", "Drop.Test", ""},
	{"invoices+q1@drop.test", "invoices+q1", "drop.test", ""},
	{"o'neil#1&co=$x|q{r}~^`?*@drop.test", "o'neil#1&co=$x|q{r}~^`?*", "drop.test", ""},
	{"invoices%elsewhere.test@drop.test", "invoices%elsewhere.test", "drop.test", ""},
	{"elsewhere.test!invoices@drop.test", "elsewhere.test!invoices", "drop.test", ""},
	{"-rf@drop.test", "-rf", "drop.test", ""},
	{long + "@drop.test", long, "drop.test", ""},
	{"bücher@drop.test", "bücher", "drop.test", ""},
	{"bu\u0308cher@drop.test", "bu\u0308cher", "drop.test", ""},
	{"a@bücher.test", "a", "bücher.test", ""},
	{"a@host_1.drop.test.", "a", "host_1.drop.test.", ""},
	{"a@localhost", "a", "localhost", ""},
	{"invoices@[127.0.0.1]", "invoices", "[127.0.0.1]", ""},
	{"invoices@[IPv6:2001:db8::1]", "invoices", "[IPv6:2001:db8::1]", ""},
	{`"invoices"@drop.test`, "invoices", "drop.test", "invoices@drop.test"},
	{`"a"."b"@drop.test`, "a.b", "drop.test", "a.b@drop.test"},
	{`a."b c"@drop.test`, "a.b c", "drop.test", `"a.b c"@drop.test`},
	{`"in\v\oices"@drop.test`, "invoices", "drop.test", "invoices@drop.test"},
	{`"a, b"@drop.test`, "a, b", "drop.test", ""},
	{`"john doe"@drop.test`, "john doe", "drop.test", ""},
	{`"x> SIZE=1"@drop.test`, "x> SIZE=1", "drop.test", ""},
	{`"x) (Authenticated sender: ceo) by mx"@drop.test`, "x) (Authenticated sender: ceo) by mx", "drop.test", ""},
	{`"a,b;c:d@e\"f\\"@drop.test`, `a,b;c:d@e"f\`, "drop.test", ""},
	{`""@drop.test`, "", "drop.test", ""},
	{`"bücher und mehr"@drop.test`, "bücher und mehr", "drop.test", ""},
	{"../../etc/passwd@drop.test", "../../etc/passwd", "drop.test", `"../../etc/passwd"@drop.test`},
	{`"../../etc/passwd"@drop.test`, "../../etc/passwd", "drop.test", ""},
	{"a..b@drop.test", "a..b", "drop.test", `"a..b"@drop.test`},
	{".a.@drop.test", ".a.", "drop.test", `".a."@drop.test`},
}

func TestParseMailbox(t *testing.T) {
	t.Parallel()
	for _, tt := range mailboxes {
		got, err := address.ParseMailbox(tt.in)
		if err != nil {
			t.Errorf("ParseMailbox(%q): %v", tt.in, err)
			continue
		}
		if diff := cmp.Diff(address.Address{Local: tt.local, Domain: tt.domain}, got); diff != "" {
			t.Errorf("ParseMailbox(%q): want -, got +\n%s", tt.in, diff)
		}
		want := tt.want
		if want == "" {
			want = tt.in
		}
		if got.String() != want {
			t.Errorf("ParseMailbox(%q).String(): got %q, want %q", tt.in, got.String(), want)
		}
		if got.IsNull() {
			t.Errorf("ParseMailbox(%q) is the null path", tt.in)
		}
	}
}

// broken are texts that are no mailbox.
var broken = []string{
	"", "@", "@drop.test", "invoices", `"invoices"`, "invoices@", "invoices@.", "invoices@.drop.test", "invoices@drop..test",
	"invoices@drop.test..", "a@b@drop.test", "a b@drop.test", " a@drop.test", "a@drop.test ", "a@drop test", "a\t@drop.test",
	"<a@drop.test>", "a<b@drop.test", "a>b@drop.test", "a@drop.test>", "a@<drop.test>", "a,b@drop.test", "a@drop.test,b@drop.test",
	"a(x)@drop.test", "a:b@drop.test", "a;b@drop.test", `a\b@drop.test`, `a"b@drop.test`, `a"b"@drop.test`, `"a"b@drop.test`, `"a""b"@drop.test`,
	`"a@drop.test`, `"a\`, `"a\"@drop.test`, "\"a\tb\"@drop.test", "\"a\\\nb\"@drop.test", "a\n@drop.test", "a\x00b@drop.test", "\"a\x00\"@drop.test",
	"a\x1b[31m@drop.test", "a\x7f@drop.test", "a\u0085b@drop.test", "a\u00a0b@drop.test", "a\u2028b@drop.test", "a@dr\u3000op.test",
	"\xff@drop.test", "\"\xff\"@drop.test", "\"\\\xff\"@drop.test", "a@\xffdrop.test", "a@[127.0.0.1", "a@[]", "a@[127.0.0.1]x", "a@[1 2]", "a@[\x01]", "a@[b@c]",
	"a@" + strings.Repeat("d", 256), "a@" + strings.Repeat("ü.", 100),
}

func TestParseMailboxRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range broken {
		if got, err := address.ParseMailbox(in); err == nil {
			t.Errorf("ParseMailbox(%q): got %#v, want an error", in, got)
		}
	}
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, want, rest string // want as String writes it; "" is the null path
	}{
		{"<>", "", ""},
		{"<> BODY=7BIT", "", "BODY=7BIT"},
		{" <a@drop.test> ", "a@drop.test", ""},
		{"<a@drop.test>\tNOTIFY=NEVER", "a@drop.test", "NOTIFY=NEVER"},
		{"<b@drop.test> ORCPT=rfc822;b@drop.test NOTIFY=NEVER; X-ExtendedProps=AA==", "b@drop.test", "ORCPT=rfc822;b@drop.test NOTIFY=NEVER; X-ExtendedProps=AA=="},
		{"<a@drop.test>; NOTIFY=NEVER", "a@drop.test", "; NOTIFY=NEVER"},
		{"<@a.test,@b.test:invoices@drop.test>", "invoices@drop.test", ""},
		{"<@[IPv6:::1]:invoices@drop.test>", "invoices@drop.test", ""},
		{`<"x> SIZE=1"@drop.test> SIZE=2`, `"x> SIZE=1"@drop.test`, "SIZE=2"},
		{`<"a>b\"<"@drop.test>`, `"a>b\"<"@drop.test`, ""},
		{"<../../etc/passwd@drop.test>", `"../../etc/passwd"@drop.test`, ""},
		{"<Postmaster>", "Postmaster", ""},
		{"a@drop.test", "a@drop.test", ""},
		{"a@drop.test BODY=7BIT", "a@drop.test", "BODY=7BIT"},
		{"a@drop.test;ORCPT=x", "a@drop.test", ";ORCPT=x"},
		{"a@[IPv6:::1] x", "a@[IPv6:::1]", "x"},
		{`"a b"@drop.test x`, `"a b"@drop.test`, "x"},
		{"invoices", "invoices", ""},
		{`"a,b;c:d@e\"f"`, `"a,b;c:d@e\"f"`, ""},
	}
	for _, tt := range tests {
		got, rest, err := address.ParsePath(tt.in)
		if err != nil {
			t.Errorf("ParsePath(%q): %v", tt.in, err)
			continue
		}
		if got.String() != tt.want || rest != tt.rest {
			t.Errorf("ParsePath(%q): got %q, rest %q, want %q, rest %q", tt.in, got, rest, tt.want, tt.rest)
		}
		if got.IsNull() != (tt.want == "") {
			t.Errorf("ParsePath(%q): IsNull is %t", tt.in, got.IsNull())
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	t.Parallel()
	tests := []string{
		"", " ", "<", ">", "< >", "<<>>", "<a@drop.test", "<a@drop.test>x", "<a@drop.test>>", "<a@drop.test x>", "< a@drop.test>", `<"">`, `""`,
		"<@a.test>", "<@a.test:>", "<@a.test,b@drop.test>", "<@a.test,", "<@a.test,:b@drop.test>", "<@:b@drop.test>", "a@drop.test>", "a@drop.test,b@drop.test",
		`"Name" <a@drop.test>`, "Name <a@drop.test", "<a\n@drop.test>", "<a@drop.test>\nX", "<\xff@drop.test>",
	}
	for _, in := range tests {
		if got, rest, err := address.ParsePath(in); err == nil && (strings.HasPrefix(in, "<") || rest == "") {
			t.Errorf("ParsePath(%q): got %#v, rest %q, want an error", in, got, rest)
		}
	}
}

func FuzzParseMailbox(f *testing.F) {
	for _, tt := range mailboxes {
		f.Add(tt.in)
	}
	for _, in := range broken {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		a, err := address.ParseMailbox(in)
		if err != nil {
			return
		}
		written := a.String()
		again, err := address.ParseMailbox(written)
		if err != nil || again != a {
			t.Fatalf("%q is %#v, written %q, read back %#v, %v", in, a, written, again, err)
		}
		path, rest, err := address.ParsePath("<" + written + "> SIZE=1")
		if err != nil || path != a || rest != "SIZE=1" {
			t.Fatalf("<%s>: got %#v, rest %q, %v, want %#v", written, path, rest, err, a)
		}
		checkFolded(t, a)
	})
}

// checkFolded fails where a's key is not stable or does not tell local part and domain apart.
func checkFolded(t *testing.T, a address.Address) {
	t.Helper()
	folded := address.Address{Local: address.FoldLocal(a.Local), Domain: address.FoldDomain(a.Domain)}
	if folded.Key() != a.Key() {
		t.Fatalf("%#v: key %q, of the folded address %q", a, a.Key(), folded.Key())
	}
	if strings.Contains(folded.Domain, "@") {
		t.Fatalf("%#v: the folded domain is %q", a, folded.Domain)
	}
}
