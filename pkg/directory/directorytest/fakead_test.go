package directorytest_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory/directorytest"
)

// fake starts a server, and logs in.
func fake(t *testing.T, w directorytest.World, o directorytest.FakeADOptions) (*directorytest.FakeAD, *ldap.Conn) {
	t.Helper()
	f := directorytest.StartFakeAD(t, w, o)
	return f, writer(t, f.LDAPS, f.Certificate, f.Password)
}

func find(c *ldap.Conn, base string, scope int, filter string, attributes ...string) ([]*ldap.Entry, error) {
	found, err := c.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil))
	if found == nil {
		return nil, err
	}
	return found.Entries, err
}

// found returns the names of what a search finds.
func found(t *testing.T, c *ldap.Conn, base string, scope int, filter string) (names []string) {
	t.Helper()
	entries, err := find(c, base, scope, filter, "cn", "ou")
	if err != nil {
		t.Fatalf("%s: %v", filter, err)
	}
	for _, e := range entries {
		names = append(names, e.GetAttributeValue("cn")+e.GetAttributeValue("ou"))
	}
	return names
}

func TestFakeADFinds(t *testing.T) {
	t.Parallel()
	_, c := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	for _, tt := range []struct {
		base   string
		scope  int
		filter string
		want   []string
	}{
		{directorytest.ContainerDN, ldap.ScopeBaseObject, "(objectClass=*)", []string{"mailchute"}},
		{strings.ToLower(directorytest.ContainerDN), ldap.ScopeSingleLevel, "(objectClass=*)", []string{"manual", "below"}},
		{directorytest.BaseDN, ldap.ScopeWholeSubtree, "(proxyAddresses=SMTP:MANUAL@corp.example)", []string{"manual"}},
		{directorytest.BaseDN, ldap.ScopeWholeSubtree, "(&(cn=alice a*r)(!(mail=x)))", []string{"Alice Archer"}},
		{directorytest.BaseDN, ldap.ScopeWholeSubtree, "(|(cn=*uno)(cn=tw*in*o))", []string{"Twin Two", "Una Uno"}},
		{directorytest.BaseDN, ldap.ScopeWholeSubtree, "(member=cn=Carol Cook, OU=People,dc=corp,dc=example)", []string{"itself", "loop-a"}},
		{directorytest.BaseDN, ldap.ScopeWholeSubtree, "(&(targetAddress=*)(!(cn=*b*)))", []string{"manual"}},
		{directorytest.BaseDN, ldap.ScopeWholeSubtree, "(cn=nobody)", nil},
	} {
		if diff := gocmp.Diff(tt.want, found(t, c, tt.base, tt.scope, tt.filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.filter, diff)
		}
	}
	root, err := find(c, "", ldap.ScopeBaseObject, "(objectClass=*)")
	if err != nil || root[0].GetAttributeValue("supportedCapabilities") != "1.2.840.113556.1.4.800" {
		t.Errorf("got %v, %v; want what AD says of itself", root, err)
	}
	schema, err := find(c, root[0].GetAttributeValue("subschemaSubentry"), ldap.ScopeBaseObject, "(objectClass=*)", "attributeTypes")
	if err != nil || !strings.Contains(strings.Join(schema[0].GetAttributeValues("attributeTypes"), "\n"), "'targetAddress'") {
		t.Errorf("got %v, %v; want a schema", schema, err)
	}
}

func TestFakeADChanges(t *testing.T) {
	t.Parallel()
	f, c := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	dn := "CN=c" + inside
	guarded := func(marker string) func() error {
		r := ldap.NewModifyRequest(dn, nil)
		r.Delete("adminDescription", []string{marker})
		r.Add("adminDescription", []string{"ours"})
		r.Replace("mail", []string{"guarded@corp.example"})
		return func() error { return c.Modify(r) }
	}
	member := func(kind uint, names ...string) func() error {
		r := ldap.NewModifyRequest("CN=g"+inside, nil)
		r.Changes = append(r.Changes, ldap.Change{Operation: kind, Modification: ldap.PartialAttribute{Type: "member", Vals: names}})
		return func() error { return c.Modify(r) }
	}
	for _, tt := range []struct {
		name string
		do   func() error
		want uint16
	}{
		{"add", add(c, dn, "contact", "adminDescription", "ours"), 0},
		{"again", add(c, strings.ToLower(dn), "contact"), ldap.LDAPResultEntryAlreadyExists},
		{"nowhere", add(c, "CN=c,OU=nowhere"+inside, "contact"), ldap.LDAPResultNoSuchObject},
		{"guarded", guarded("ours"), 0},
		{"guarded, and not ours", guarded("theirs"), ldap.LDAPResultNoSuchAttribute},
		{"group", add(c, "CN=g"+inside, "group", "sAMAccountName", "sp-g"), 0},
		{"account name", add(c, "CN=h"+inside, "group", "sAMAccountName", "SP-G"), ldap.LDAPResultEntryAlreadyExists},
		{"member", member(ldap.AddAttribute, dn), 0},
		{"member twice", member(ldap.AddAttribute, strings.ToLower(dn)), ldap.LDAPResultEntryAlreadyExists},
		{"no such member", member(ldap.AddAttribute, "CN=x"+inside), ldap.LDAPResultNoSuchObject},
		{"not a member", member(ldap.DeleteAttribute, "CN=g"+inside), ldap.LDAPResultUnwillingToPerform},
		{"rename", rename(c, dn, "CN=d", ""), 0},
		{"to a name that is taken", rename(c, "CN=d"+inside, "CN=manual", ""), ldap.LDAPResultEntryAlreadyExists},
		{"move", rename(c, "CN=d"+inside, "CN=d", "OU=below"+inside), 0},
		{"with something below it", remove(c, directorytest.ContainerDN), ldap.LDAPResultNotAllowedOnNonLeaf},
		{"what is not there", set(c, dn, "mail", "x"), ldap.LDAPResultNoSuchObject},
	} {
		if got := code(tt.do()); got != tt.want {
			t.Errorf("%s: got code %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := f.Get("CN=g"+inside, "member"); len(got) != 1 || got[0] != "CN=d,OU=below"+inside {
		t.Errorf("got the members %q, want that they follow", got)
	}
	if got := f.Get("CN=d,OU=below"+inside, "mail"); len(got) != 1 || got[0] != "guarded@corp.example" {
		t.Errorf("got the address %q", got)
	}
	e, err := find(c, "CN=d,OU=below"+inside, ldap.ScopeBaseObject, "(objectClass=*)", "objectGUID")
	if err != nil || len(e) != 1 || len(e[0].GetRawAttributeValue("objectGUID")) != 16 {
		t.Fatalf("got %v, %v; want a GUID", e, err)
	}
	if err := remove(c, "CN=d,OU=below"+inside)(); err != nil || len(f.Get("CN=g"+inside, "member")) > 0 || f.Writes() != 7 {
		t.Errorf("got %v, the members %q and %d writes", err, f.Get("CN=g"+inside, "member"), f.Writes())
	}
}

// TestFakeADRanges reads the members of a large group.
func TestFakeADRanges(t *testing.T) {
	t.Parallel()
	const group = "CN=large,OU=Groups," + directorytest.BaseDN
	w := directorytest.World{Contacts: directorytest.CrowdOf(3100), Groups: []directorytest.Group{{Name: "large"}}}
	for _, contact := range w.Contacts {
		w.Groups[0].Members = append(w.Groups[0].Members, contact.Name)
	}
	f, c := fake(t, w, directorytest.FakeADOptions{})
	read := func(attribute string) map[string]int {
		entries, err := find(c, group, ldap.ScopeBaseObject, "(objectClass=*)", attribute)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%s: got %v, %v", attribute, entries, err)
		}
		got := map[string]int{}
		for _, a := range entries[0].Attributes {
			got[a.Name] = len(a.Values)
		}
		return got
	}
	for attribute, want := range map[string]map[string]int{
		"member":                   {"member": 0, "member;range=0-1499": 1500},
		"member;range=0-1499":      {"member;range=0-1499": 1500},
		"member;range=0-*":         {"member;range=0-1499": 1500},
		"member;range=1500-1509":   {"member;range=1500-1509": 10},
		"member;range=1500-*":      {"member;range=1500-2999": 1500},
		"member;range=3000-4499":   {"member;range=3000-*": 100},
		"member;range=4500-5999":   {},
		"member;range=-1-5":        {},
		"displayName;range=0-1499": {},
	} {
		if diff := gocmp.Diff(want, read(attribute)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", attribute, diff)
		}
	}
	f.Set(group, "member", slices.Clip(f.Get(group, "member")[:7])...)
	if diff := gocmp.Diff(map[string]int{"member": 7}, read("member")); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
}

// TestFakeADPages lists more entries than there are in an answer.
func TestFakeADPages(t *testing.T) {
	t.Parallel()
	const referral = "ldaps://elsewhere.example/DC=elsewhere,DC=example"
	f, c := fake(t, directorytest.World{Contacts: directorytest.CrowdOf(2500)}, directorytest.FakeADOptions{Referral: referral})
	request := func() *ldap.SearchRequest {
		return ldap.NewSearchRequest(directorytest.BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(cn=crowd*)", []string{"cn"}, nil)
	}
	part, err := c.Search(request())
	if code(err) != ldap.LDAPResultSizeLimitExceeded || len(part.Entries) != 1000 {
		t.Errorf("without pages: got %d entries, %v", len(part.Entries), err)
	}
	all, err := c.SearchWithPaging(request(), 900)
	if err != nil || len(all.Entries) != 2500 || len(all.Referrals) != 1 || all.Referrals[0] != referral {
		t.Errorf("by pages: got %d entries, %v, %v", len(all.Entries), all.Referrals, err)
	}
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		if r.NextPage {
			return directorytest.Trouble{Code: ldap.LDAPResultUnwillingToPerform}
		}
		return directorytest.Trouble{}
	})
	if _, err := c.SearchWithPaging(request(), 900); code(err) != ldap.LDAPResultUnwillingToPerform {
		t.Errorf("the cookie is lost: got %v", err)
	}
}

// noAnswer stands for the code of an answer that did not come.
const noAnswer = 0

func TestFakeADTrouble(t *testing.T) {
	t.Parallel()
	f := directorytest.StartFakeAD(t, directorytest.People(), directorytest.FakeADOptions{})
	c := dial(t, f.LDAPS, f.Certificate)
	if _, err := find(c, directorytest.BaseDN, ldap.ScopeBaseObject, "(objectClass=*)"); code(err) != ldap.LDAPResultOperationsError {
		t.Errorf("before the login: got %v", err)
	}
	if err := c.Bind(directorytest.WriterDN, "wrong"); code(err) != ldap.LDAPResultInvalidCredentials {
		t.Errorf("a wrong password: got %v", err)
	}
	for i, tt := range []struct {
		trouble directorytest.Trouble
		code    uint16
		done    bool
	}{
		{directorytest.Trouble{Code: ldap.LDAPResultBusy}, ldap.LDAPResultBusy, false},
		{directorytest.Trouble{Code: ldap.LDAPResultUnavailable, Done: true}, ldap.LDAPResultUnavailable, true},
		{directorytest.Trouble{Close: true}, noAnswer, false},
		{directorytest.Trouble{Close: true, Done: true}, noAnswer, true},
		{directorytest.Trouble{Hang: true}, ldap.ErrorNetwork, false},
		{directorytest.Trouble{Hang: true, Done: true}, ldap.ErrorNetwork, true},
	} {
		f.OnRequest(nil)
		c := writer(t, f.LDAPS, f.Certificate, f.Password)
		c.SetTimeout(100 * time.Millisecond)
		dn := fmt.Sprintf("CN=t%d%s", i, inside)
		f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
			if r.Op == "add" && r.DN == dn {
				return tt.trouble
			}
			return directorytest.Trouble{}
		})
		if err := add(c, dn, "contact", "mail", "x")(); err == nil || code(err) != tt.code {
			t.Errorf("%+v: got %v, want code %d", tt.trouble, err, tt.code)
		}
		if done := len(f.Get(dn, "mail")) > 0; done != tt.done {
			t.Errorf("%+v: done: %v", tt.trouble, done)
		}
	}
	f.Drop()
	if err := c.Bind(directorytest.WriterDN, f.Password); err == nil {
		t.Errorf("after all connections were ended: got %v", err)
	}
}

func TestFakeADExpired(t *testing.T) {
	t.Parallel()
	f := directorytest.StartFakeAD(t, directorytest.World{}, directorytest.FakeADOptions{
		Certificate: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) },
	})
	_, err := ldap.DialURL(f.LDAPS, trusting(t, f.Certificate))
	if err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("got %v, want that the certificate has expired", err)
	}
}
