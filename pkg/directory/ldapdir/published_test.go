package ldapdir_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
)

// newID returns a UUID.
func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// as returns how an account asks.
func as(o ldapdir.Options, dn, password string) ldapdir.Options {
	o.BindDN, o.Password = dn, func() (string, error) { return password, nil }
	return o
}

func publisher(t *testing.T, o ldapdir.Options, p ldapdir.PublisherOptions) *ldapdir.Publisher {
	t.Helper()
	d, err := ldapdir.OpenPublisher(o, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func published(installation string) ldapdir.PublisherOptions {
	return ldapdir.PublisherOptions{Container: directorytest.ContainerDN, Installation: installation}
}

func object(kind directory.Kind, alias string) directory.Object {
	return directory.Object{Key: newID(), Kind: kind, Of: "library " + alias, Alias: alias, Title: alias, Addresses: []string{alias + "@docs.example.com"}}
}

func attributes(o directory.Object) directory.Attributes {
	return directory.Attributes{"displayName": {o.Title}, "mail": {o.Addresses[0]}, "proxyAddresses": {"SMTP:" + o.Addresses[0]}}
}

func create(t *testing.T, p *ldapdir.Publisher, o directory.Object) directory.Actual {
	t.Helper()
	a, err := p.Create(t.Context(), o, attributes(o))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func set(name string, values ...string) []directory.Change {
	return []directory.Change{{Attribute: name, After: values}}
}

func TestOpenPublisherRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ldapdir.Options, *ldapdir.PublisherOptions){
		"no container": func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.Container = "" },
		"no name":      func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.Container = "mailchute" },
		"not below the base": func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) {
			p.Container = "OU=mailchute,DC=other,DC=example"
		},
		"the base itself":        func(o *ldapdir.Options, p *ldapdir.PublisherOptions) { p.Container = o.Base },
		"no installation":        func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.Installation = "" },
		"an installation's name": func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.Installation = "mine" },
		"capitals in it": func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) {
			p.Installation = "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA"
		},
		"an odd attribute":         func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.MarkerAttribute = "info)(a" },
		"the marker in mail":       func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.MarkerAttribute = "Mail" },
		"the marker in the name":   func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.MarkerAttribute = "cn" },
		"an odd class":             func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.GroupClass = "a b" },
		"an odd account":           func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.AccountPrefix = "sp/" },
		"a long account":           func(_ *ldapdir.Options, p *ldapdir.PublisherOptions) { p.AccountPrefix = strings.Repeat("a", 200) },
		"no address of the server": func(o *ldapdir.Options, _ *ldapdir.PublisherOptions) { o.URL = "" },
		"in the clear":             func(o *ldapdir.Options, _ *ldapdir.PublisherOptions) { o.URL = "ldap://dc1.corp.example" },
	} {
		o, p := asked("ldaps://dc1.corp.example"), published(newID())
		change(&o, &p)
		if d, err := ldapdir.OpenPublisher(o, p); d != nil || err == nil {
			t.Errorf("%s: got %v, %v; want an error", name, d, err)
		}
	}
	if _, err := ldapdir.OpenPublisher(asked("ldaps://dc1.corp.example"), published(newID())); err != nil {
		t.Error(err)
	}
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string][]string{
		"( 2.5.4.3 NAME 'cn' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )": {"OID": {"2.5.4.3"}, "NAME": {"cn"}},
		"( 1.2.3 NAME ( 'cn' 'commonName' ) DESC 'RFC4519: NAME of ( things' SUP name )": {
			"OID": {"1.2.3"}, "NAME": {"cn", "commonName"}, "SUP": {"name"},
		},
		"(1.2 NAME 'group'\n\tSUP top STRUCTURAL MUST (cn$ groupType) MAY ( member $ mail) AUX a )": {
			"OID": {"1.2"}, "NAME": {"group"}, "SUP": {"top"}, "MUST": {"cn", "groupType"}, "MAY": {"member", "mail"}, "AUX": {"a"},
		},
		"( 1.2 DESC 'MUST' NAME 'x' MAY y )": {"OID": {"1.2"}, "NAME": {"x"}, "MAY": {"y"}},
		"( 1.2 NAME ( 'a'":                   {"OID": {"1.2"}, "NAME": {"a"}},
		"( 1.2 NAME":                         {"OID": {"1.2"}},
		"( 1.2 NAME 'a":                      {"OID": {"1.2"}, "NAME": {"a"}},
		"":                                   {},
	} {
		oid, lists := ldapdir.Define(text)
		got := map[string][]string{}
		if oid != "" {
			got["OID"] = []string{oid}
		}
		for name, list := range lists {
			if len(list) > 0 {
				got[name] = list
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestParts reads answers with a part of a group's members.
func TestParts(t *testing.T) {
	t.Parallel()
	type part struct {
		values []string
		last   bool
	}
	for name, tt := range map[string]struct {
		low  int
		e    map[string][]string
		want *part // nil: an error
	}{
		"none":                        {0, nil, &part{nil, true}},
		"all":                         {0, map[string][]string{"member": {"a", "b"}}, &part{[]string{"a", "b"}, true}},
		"all, in capitals":            {0, map[string][]string{"MEMBER": {"a"}}, &part{[]string{"a"}, true}},
		"the first":                   {0, map[string][]string{"member": {}, "member;range=0-1": {"a", "b"}}, &part{[]string{"a", "b"}, false}},
		"the last":                    {2, map[string][]string{"member": {}, "member;Range=2-*": {"c"}}, &part{[]string{"c"}, true}},
		"the only":                    {0, map[string][]string{"member;range=0-*": {"a"}}, &part{[]string{"a"}, true}},
		"fewer than were asked for":   {0, map[string][]string{"member;range=0-0": {"a"}}, &part{[]string{"a"}, false}},
		"something else":              {0, map[string][]string{"memberOf": {"a"}, "members;range=0-*": {"b"}}, &part{nil, true}},
		"nothing more":                {2, nil, nil},
		"all of it, later":            {2, map[string][]string{"member": {"a"}}, nil},
		"another part":                {2, map[string][]string{"member;range=0-1": {"a", "b"}}, nil},
		"a part too far":              {2, map[string][]string{"member;range=3-*": {"a"}}, nil},
		"fewer than it says":          {0, map[string][]string{"member;range=0-2": {"a", "b"}}, nil},
		"more than it says":           {0, map[string][]string{"member;range=0-0": {"a", "b"}}, nil},
		"a part with nothing in it":   {0, map[string][]string{"member;range=0--1": {}}, nil},
		"no number":                   {0, map[string][]string{"member;range=x-*": {"a"}}, nil},
		"no number at the end":        {0, map[string][]string{"member;range=0-x": {"a"}}, nil},
		"no range":                    {0, map[string][]string{"member;range=": {"a"}}, nil},
		"a number that is too long":   {0, map[string][]string{"member;range=0-99999999999999999999": {"a"}}, nil},
		"a number of another writing": {0, map[string][]string{"member;range=00-*": {"a"}}, nil},
	} {
		values, last, err := ldapdir.PartOf(ldap.NewEntry("CN=team", tt.e), "member", tt.low)
		switch {
		case tt.want == nil && err == nil:
			t.Errorf("%s: got %q, %v; want an error", name, values, last)
		case tt.want != nil && (err != nil || last != tt.want.last || !slices.Equal(values, tt.want.values)):
			t.Errorf("%s: got %q, %v, %v; want %+v", name, values, last, err, *tt.want)
		}
	}
}

func TestGUIDBytes(t *testing.T) {
	t.Parallel()
	for range 100 {
		id := newID()
		if got := ldapdir.GUIDText(ldapdir.GUIDBytes(id)); got != id {
			t.Errorf("got %s, want %s", got, id)
		}
	}
}

// FuzzRDN holds that a name is one part of a distinguished name, whatever is in it, and that
// its capitals do not matter.
func FuzzRDN(f *testing.F) {
	for _, s := range []string{"alice", "a,b", "a+b=c", ` a `, "#1", "é", `a\b`, `"q"`, "a;b<c>", "x\x00y", "a\nb", "CN=a,OU=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || !utf8.ValidString(name) {
			return
		}
		const above = ",OU=mailchute,DC=corp,DC=example"
		dn, err := ldap.ParseDN(ldapdir.RDN(name) + above)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if len(dn.RDNs) != 4 || len(dn.RDNs[0].Attributes) != 1 || dn.RDNs[0].Attributes[0].Value != name {
			t.Fatalf("%q became %q", name, dn)
		}
		folded := ldapdir.FoldDN(ldapdir.RDN(name) + above)
		if other := ldapdir.FoldDN(strings.ToLower(ldapdir.RDN(name)) + strings.ToUpper(above)); ldapdir.FoldDN(folded) != folded || name == strings.ToLower(name) && other != folded {
			t.Errorf("%q: got %q and %q", name, folded, other)
		}
	})
}
