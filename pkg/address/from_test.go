package address_test

import (
	"strings"
	"testing"

	"mailchute/pkg/address"
)

func TestParseFrom(t *testing.T) {
	t.Parallel()
	tests := []struct{ field, want string }{
		{"alice@example.com", "alice@example.com"},
		{" \talice@example.com\t ", "alice@example.com"},
		{"<alice@example.com>", "alice@example.com"},
		{"Alice Doe <alice@example.com>", "alice@example.com"},
		{"Alice D. Doe <alice@example.com>", "alice@example.com"},
		{`"Doe, Alice" <alice@example.com>`, "alice@example.com"},
		{`"victim@example.org" <alice@example.com>`, "alice@example.com"},
		{`"<victim@example.org>" <alice@example.com>`, "alice@example.com"},
		{"(victim@example.org) alice@example.com", "alice@example.com"},
		{"alice@example.com (Alice (of example))", "alice@example.com"},
		{"Alice (\\)<v@example.org>) <alice@example.com>", "alice@example.com"},
		{"=?utf-8?q?Al=C3=AFce?= <alice@example.com>", "alice@example.com"},
		{"=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?= <alice@example.com>", "alice@example.com"},
		{"=?utf-8?b?broken <alice@example.com>", "alice@example.com"},
		{"Ålice <alice@example.com>", "alice@example.com"},
		{`"al ice"@example.com`, `"al ice"@example.com`},
		{`"alice"@example.com`, "alice@example.com"},
		{"alice+2026@example.com", "alice+2026@example.com"},
		{"alice@[192.0.2.1]", "alice@[192.0.2.1]"},
		{"ålice@exämple.com", "ålice@exämple.com"},
	}
	for _, tt := range tests {
		got, err := address.ParseFrom([]string{tt.field})
		if err != nil || got.String() != tt.want {
			t.Errorf("ParseFrom(%q): got %q, %v, want %q", tt.field, got, err, tt.want)
		}
	}
}

func TestParseFromRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fields []string
		why    string
	}{
		{nil, "no From field"},
		{[]string{"a@example.com", "a@example.com"}, "2 From fields"},
		{[]string{""}, "empty"},
		{[]string{"(nobody)"}, "empty"},
		{[]string{"<>"}, "empty"},
		{[]string{"Alice"}, "no address"},
		{[]string{"<alice>"}, "no domain"},
		{[]string{"a@example.com, b@example.com"}, "several"},
		{[]string{"<a@example.com>, <b@example.com>"}, "several"},
		{[]string{"<a@example.com> <b@example.com>"}, "behind"},
		{[]string{", a@example.com"}, "several"},
		{[]string{"a@example.com,"}, "several"},
		{[]string{"Doe, Alice <alice@example.com>"}, "several"},
		{[]string{"friends: a@example.com;"}, "group"},
		{[]string{"undisclosed-recipients:;"}, "group"},
		{[]string{"victim@example.org <a@example.com>"}, "behind"},
		{[]string{"a@example.com b@example.com"}, "behind"},
		{[]string{"Alice a@example.com"}, ""},
		{[]string{"a@example.com@example.org"}, ""},
		{[]string{"<a@example.com"}, "closing"},
		{[]string{"a@example.com>"}, "behind"},
		{[]string{"<<a@example.com>>"}, ""},
		{[]string{"< a@example.com>"}, ""},
		{[]string{"<a(comment)@example.com>"}, ""},
		{[]string{"a (comment) @example.com"}, ""},
		{[]string{"<@relay.example:a@example.com>"}, "route"},
		{[]string{"=?utf-8?b?dmljdGltQGV4YW1wbGUub3Jn?=@example.com"}, "encoded word"},
		{[]string{"=?utf-8?b?dmljdGltQGV4YW1wbGUub3JnAA==?= <a@example.com>"}, "control"},
		{[]string{"=?utf-8?q?victim=40example.org=0A?= <a@example.com>"}, "control"},
		{[]string{"=?windows-1252?q?victim=40example.org=00?= <a@example.com>"}, "control"},
		{[]string{"a\x00@example.com"}, "control"},
		{[]string{"Alice\r\n <a@example.com>"}, "control"},
		{[]string{"Alice \x1b[31m <a@example.com>"}, "control"},
		{[]string{"\xff <a@example.com>"}, "UTF-8"},
		{[]string{`"Alice <a@example.com>`}, "end"},
		{[]string{"(Alice <a@example.com>"}, "end"},
		{[]string{strings.Repeat("a", 5000) + " <a@example.com>"}, "limit"},
		{[]string{"a@example.com; b@example.com"}, ""},
		{[]string{`a@example.com "x"`}, ""},
		{[]string{`a\@example.com`}, ""},
	}
	for _, tt := range tests {
		got, err := address.ParseFrom(tt.fields)
		if err == nil || !strings.Contains(err.Error(), tt.why) || !got.IsNull() {
			t.Errorf("ParseFrom(%q): got %q, %v, want an error with %q", tt.fields, got, err, tt.why)
		}
	}
}

// What ParseFrom returns is one mailbox with no room for another reading.
func FuzzParseFrom(f *testing.F) {
	for _, s := range []string{"alice@example.com", `"Doe, A." <a@example.com> (x)`, "a: b@c;", "=?utf-8?b?AA==?= <a@b>", "<@a:b@c>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := address.ParseFrom([]string{s})
		if err != nil {
			return
		}
		again, err := address.ParseMailbox(a.String())
		if err != nil || again != a {
			t.Errorf("%q: got %q, which reads as %q, %v", s, a, again, err)
		}
		if bare, err := address.ParseFrom([]string{"<" + a.String() + ">"}); err != nil || bare != a {
			t.Errorf("%q: got %q, in brackets %q, %v", s, a, bare, err)
		}
		if _, err := address.ParseFrom([]string{s + ", b@example.com"}); err == nil {
			t.Errorf("%q: with a second mailbox it was read, too", s)
		}
	})
}
