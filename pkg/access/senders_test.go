package access_test

import (
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
)

func TestSenders(t *testing.T) {
	t.Parallel()
	list, err := access.ParseSenders("Alice@Example.org, example.net .bücher.example,alice@EXAMPLE.org")
	if err != nil {
		t.Fatal(err)
	}
	if want := "alice@example.org,example.net,.xn--bcher-kva.example"; list.String() != want {
		t.Errorf("got %q, want %q", list, want)
	}
	again, err := access.ParseSenders(list.String())
	if err != nil || again.String() != list.String() {
		t.Errorf("read back %q, %v", again, err)
	}
	for from, want := range map[string]string{
		"ALICE@example.org":              "alice@example.org",
		`"alice"@example.org`:            "alice@example.org",
		"bob@example.org":                "",
		"alice@sub.example.org":          "",
		"anyone@EXAMPLE.net":             "example.net",
		"anyone@example.net.":            "example.net",
		"anyone@sub.example.net":         "",
		"anyone@myexample.net":           "",
		"anyone@a.BÜCHER.example":        ".xn--bcher-kva.example",
		"anyone@bücher.example":          "",
		"anyone@a.xn--bcher-kva.example": ".xn--bcher-kva.example",
	} {
		a, err := address.ParseMailbox(from)
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Match(a); got != want {
			t.Errorf("%s: got %q, want %q", from, got, want)
		}
	}
	if got := list.Match(address.Address{}); got != "" {
		t.Errorf("the null sender: got %q", got)
	}
	if list, err := access.ParseSenders(" , "); err != nil || list != nil {
		t.Errorf("nothing: got %q, %v", list, err)
	}
	for _, bad := range []string{"@example.org", "alice@", "a b@c@d", "..", ".", "<alice@example.org>"} {
		if list, err := access.ParseSenders(bad); err == nil {
			t.Errorf("%q: got %q, want an error", bad, list)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	hosts, err := access.ParseHosts("192.0.2.1, 198.51.100.7/24 2001:db8::/32,::ffff:203.0.113.9")
	if err != nil {
		t.Fatal(err)
	}
	p := access.Policy{SafeHosts: hosts}
	for host, want := range map[string]bool{
		"192.0.2.1": true, "[192.0.2.1]": true, "::ffff:192.0.2.1": true, "192.0.2.2": false,
		"198.51.100.200": true, "198.51.101.1": false, "2001:db8:1::1": true, "2001:db9::1": false,
		"203.0.113.9": true, "": false, "localhost": false, "192.0.2.1, 192.0.2.2": false,
	} {
		if got := p.IsSafe(host); got != want {
			t.Errorf("%q: got safe %t, want %t", host, got, want)
		}
	}
	if !(access.Policy{}).IsSafe("") {
		t.Error("where nothing is asked, a host is not safe")
	}
	for _, bad := range []string{"example.com", "192.0.2.1/33", "192.0.2", "fe80::1%eth0"} {
		if got, err := access.ParseHosts(bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, got)
		}
	}
}
