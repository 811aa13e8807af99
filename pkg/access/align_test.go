package access_test

import (
	"strings"
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
)

func TestAlign(t *testing.T) {
	t.Parallel()
	pass := func(method, domain string) access.Result {
		return access.Result{Method: method, Value: "pass", Domain: domain, Where: "here"}
	}
	all := access.AlignMethods()
	relaxed, strict := access.Alignment{Methods: all}, access.Alignment{Methods: all, Strict: true}
	tests := []struct {
		name    string
		how     access.Alignment
		from    string
		results []access.Result
		why     string // "" is aligned
	}{
		{"dmarc", relaxed, "a@example.com", []access.Result{pass("dmarc", "example.com")}, ""},
		{"dmarc, case and trailing dot", relaxed, "a@EXAMPLE.com", []access.Result{pass("dmarc", "Example.COM.")}, ""},
		{"dmarc of the organization", relaxed, "a@mail.example.com", []access.Result{pass("dmarc", "example.com")}, "not aligned"},
		{"dmarc of the organization, strictly", strict, "a@mail.example.com", []access.Result{pass("dmarc", "example.com")}, "not aligned"},
		{"dmarc of another", relaxed, "a@example.com", []access.Result{pass("dmarc", "example.org")}, "not aligned"},
		{"dmarc fails", relaxed, "a@example.com", []access.Result{{Method: "dmarc", Value: "fail", Domain: "example.com"}}, "does not pass"},
		{
			"dmarc passes and fails", relaxed, "a@example.com",
			[]access.Result{pass("dmarc", "example.com"), {Method: "dmarc", Value: "fail", Domain: "example.com"}},
			"does not pass",
		},
		{
			"dkim passes, dmarc passes and fails", relaxed, "a@example.com",
			[]access.Result{pass("dkim", "example.com"), {Method: "dmarc", Value: "none"}, pass("dmarc", "example.com")},
			"does not pass",
		},
		{
			"dmarc fails, and a domain below signs", relaxed, "a@example.com",
			[]access.Result{{Method: "dmarc", Value: "fail", Domain: "example.com"}, pass("dkim", "customer.example.com")},
			"does not pass",
		},
		{"dmarc fails for another domain", relaxed, "a@example.com", []access.Result{{Method: "dmarc", Value: "fail", Domain: "example.org"}, pass("dkim", "example.com")}, ""},
		{"dmarc says none", relaxed, "a@example.com", []access.Result{{Method: "dmarc", Value: "none", Domain: "example.com"}, pass("dkim", "example.com")}, ""},
		{"dkim", relaxed, "a@example.com", []access.Result{pass("dkim", "example.com")}, ""},
		{"dkim of a domain below", relaxed, "a@example.com", []access.Result{pass("dkim", "mail.example.com")}, ""},
		{"dkim of a domain below, strictly", strict, "a@example.com", []access.Result{pass("dkim", "mail.example.com")}, "not aligned"},
		{
			"dkim of the sender's provider, then its own", relaxed, "a@example.com",
			[]access.Result{pass("dkim", "provider.example"), pass("dkim", "example.com")},
			"",
		},
		{"spf", relaxed, "a@example.com", []access.Result{pass("spf", "bounces.example.com")}, ""},
		{"spf of another", relaxed, "a@example.com", []access.Result{pass("spf", "example.com.attacker.example")}, "not aligned"},
		{"softfail", relaxed, "a@example.com", []access.Result{{Method: "spf", Value: "softfail", Domain: "example.com"}}, "no result"},
		{"a method that proves no From", relaxed, "a@example.com", []access.Result{pass("iprev", "example.com")}, "no result"},
		{
			"a method that does not count",
			access.Alignment{Methods: []string{"dmarc"}},
			"a@example.com",
			[]access.Result{pass("spf", "example.com")},
			"no result",
		},
		{"a public suffix", relaxed, "a@victim.co.uk", []access.Result{pass("dkim", "attacker.co.uk")}, "not aligned"},
		{"the public suffix itself", relaxed, "a@victim.co.uk", []access.Result{pass("dkim", "co.uk")}, "not aligned"},
		{"a private suffix", relaxed, "a@victim.github.io", []access.Result{pass("dkim", "attacker.github.io")}, "not aligned"},
		{"a suffix of letters", relaxed, "a@example.com", []access.Result{pass("dkim", "badexample.com")}, "not aligned"},
		{"no method counts", access.Alignment{}, "a@example.com", []access.Result{pass("dmarc", "example.com")}, "no result"},
		{"no results", relaxed, "a@example.com", nil, "no result"},
		{"no domain", relaxed, "a@example.com", []access.Result{pass("dmarc", "")}, "not aligned"},
		{"a literal", relaxed, "a@[192.0.2.1]", []access.Result{pass("spf", "[192.0.2.1]")}, "not aligned"},
		{"shared", access.Alignment{Methods: all, Shared: []string{"Example.com"}}, "a@example.com", []access.Result{pass("dmarc", "example.com")}, "shared_domains"},
		{"below a shared one", access.Alignment{Methods: all, Shared: []string{"example.com"}}, "a@users.example.com", []access.Result{pass("dmarc", "users.example.com")}, "shared_domains"},
		{"not below it", access.Alignment{Methods: all, Shared: []string{"example.com"}}, "a@myexample.com", []access.Result{pass("dmarc", "myexample.com")}, ""},
		{"an IDN and its A-label", relaxed, "a@exämple.com", []access.Result{pass("dmarc", "xn--exmple-cua.com")}, ""},
		{"a homograph", relaxed, "a@example.com", []access.Result{pass("dmarc", "ехаmple.com")}, "not aligned"},
	}
	for _, tt := range tests {
		from, err := address.ParseMailbox(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		evidence, why := tt.how.Align(from, tt.results)
		if (evidence == "") == (tt.why == "") || !strings.Contains(why, tt.why) {
			t.Errorf("%s: got evidence %q, why not %q, want why not %q", tt.name, evidence, why, tt.why)
		}
	}
}
