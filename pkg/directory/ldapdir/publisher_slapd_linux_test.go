package ldapdir_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

func writer(s *directorytest.Slapd) ldapdir.Options {
	return as(reader(s), directorytest.WriterDN, s.WriterPassword)
}

// TestSchemaWithoutExchange publishes where only what every AD has is there.
func TestSchemaWithoutExchange(t *testing.T) {
	t.Parallel()
	w := directorytest.People()
	w.Plain = true
	s := directorytest.StartSlapd(t, w, directorytest.SlapdOptions{})
	p := publisher(t, writer(s), published(newID()))
	caps, err := p.Preflight(t.Context())
	if diff := cmp.Diff([]directory.Mode{directory.ModePlain}, caps.Modes); err != nil || diff != "" {
		t.Errorf("%v, modes (-want +got):\n%s", err, diff)
	}
	if !slices.ContainsFunc(caps.Facts, func(f directory.Fact) bool { return strings.Contains(f.Text, "mailNickname") }) {
		t.Errorf("got %+v, want that mailNickname is missing", caps.Facts)
	}
	o := object(directory.KindContact, "team")
	a := attributes(o)
	a["mailNickname"] = []string{o.Alias}
	if _, err := p.Create(t.Context(), o, a); !errors.Is(err, directory.ErrUnsupported) {
		t.Errorf("create: got %v, want %v", err, directory.ErrUnsupported)
	}
	made := create(t, p, o)
	if made.Attributes["sn"] == nil {
		t.Errorf("got %v, want a surname: the schema demands it", made.Attributes)
	}
	if _, err := p.Modify(t.Context(), made, set("mailNickname", o.Alias)); !errors.Is(err, directory.ErrUnsupported) {
		t.Errorf("modify: got %v, want %v", err, directory.ErrUnsupported)
	}
	changes := slices.Concat(set("mailNickname"), set("sn"), set("displayName", ""), set("mail", "", "a@docs.example.com"))
	now, err := p.Modify(t.Context(), made, changes)
	want := directory.Attributes{"sn": {o.Alias}, "mail": {"a@docs.example.com"}, "proxyAddresses": {"SMTP:" + o.Addresses[0]}}
	if diff := cmp.Diff(want, now.Attributes); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, name := range []string{"member", "cn", "objectClass", "groupType", "sAMAccountName", "adminDescription", "userPassword", "a)(b"} {
		if _, err := p.Modify(t.Context(), made, set(name, "x")); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, fault.ErrInvalid)
		}
	}
}

// TestSchemaOfAnother asks where groups are of a class that cannot have what they need.
func TestSchemaOfAnother(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.World{}, directorytest.SlapdOptions{})
	for class, missing := range map[string]string{"groupOfNames": "that does not demand member", "nothing": "the class nothing", "organizationalRole": "mail in the class"} {
		po := published(newID())
		po.GroupClass = class
		p := publisher(t, writer(s), po)
		caps, err := p.Preflight(t.Context())
		if !errors.Is(err, directory.ErrUnsupported) || len(caps.Modes) > 0 || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: got %+v, %v; want that no mode is possible", class, caps, err)
		}
		o := object(directory.KindGroup, "team")
		if _, err := p.Create(t.Context(), o, attributes(o)); !errors.Is(err, directory.ErrUnsupported) {
			t.Errorf("%s: got %v, want %v", class, err, directory.ErrUnsupported)
		}
	}
}

// TestOtherMarkerAttribute keeps the marker where people do not look, and where they do.
func TestOtherMarkerAttribute(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.World{}, directorytest.SlapdOptions{})
	o := published(newID())
	o.MarkerAttribute = "info"
	p := publisher(t, writer(s), o)
	made := create(t, p, object(directory.KindGroup, "team"))
	if _, err := publisher(t, writer(s), published(o.Installation)).Modify(t.Context(), made, set("displayName", "changed")); !errors.Is(err, directory.ErrNotOwned) {
		t.Errorf("got %v, want %v", err, directory.ErrNotOwned)
	}
	seen := 0
	err := p.Each(t.Context(), func(a directory.Actual) error {
		seen++
		return p.Delete(t.Context(), a)
	})
	if err != nil || seen != 1 {
		t.Errorf("got %d, %v", seen, err)
	}
}

// TestDeleteLeavesWhatIsBelow has somebody put an entry below one of ours.
func TestDeleteLeavesWhatIsBelow(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.World{}, directorytest.SlapdOptions{})
	p := publisher(t, writer(s), published(newID()))
	made := create(t, p, object(directory.KindContact, "team"))
	admin := administrator(t, s)
	below := "CN=below," + made.Where
	add := ldap.NewAddRequest(below, nil)
	add.Attribute("objectClass", []string{"contact"})
	add.Attribute("sn", []string{"below"})
	if err := admin.Add(add); err != nil {
		t.Fatal(err)
	}
	if err := p.Delete(t.Context(), made); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("got %v, want %v", err, fault.ErrConflict)
	}
	if err := admin.Del(ldap.NewDelRequest(below, nil)); err != nil {
		t.Errorf("what is below: %v", err)
	}
	if err := p.Delete(t.Context(), made); err != nil {
		t.Error(err)
	}
}

func administrator(t *testing.T, s *directorytest.Slapd) *ldap.Conn {
	t.Helper()
	text, err := os.ReadFile(s.Authority)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	c, err := ldap.DialURL(s.LDAPS, ldap.DialWithTLSConfig(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Bind(directorytest.AdminDN, s.AdminPassword); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReaderPublishesNothing has an account that may only look.
func TestReaderPublishesNothing(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.World{}, directorytest.SlapdOptions{})
	po := published(newID())
	made := create(t, publisher(t, writer(s), po), object(directory.KindGroup, "team"))
	p := publisher(t, reader(s), po)
	_, modified := p.Modify(t.Context(), made, set("displayName", "changed"))
	_, renamed := p.Rename(t.Context(), made, "other")
	o := object(directory.KindContact, "new")
	_, created := p.Create(t.Context(), o, attributes(o))
	members := p.ChangeMembers(t.Context(), made, []directory.Ref{{Key: "reader", Name: directorytest.ReaderDN}}, nil)
	for op, err := range map[string]error{"modify": modified, "rename": renamed, "create": created, "members": members, "delete": p.Delete(t.Context(), made)} {
		if !errors.Is(err, directory.ErrAccess) {
			t.Errorf("%s: got %v, want %v", op, err, directory.ErrAccess)
		}
	}
}

// TestWhoMayBeAMember looks for people, and for others.
func TestWhoMayBeAMember(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{LDIF: `dn: cn=printer,OU=People,DC=corp,DC=example
objectClass: device
objectClass: extensibleObject
cn: printer
uid: printer
mail: printer@corp.example

`})
	p := publisher(t, writer(s), published(newID()))
	filtered := writer(s)
	filtered.UserFilter = "(!(cn=Bob Baker))"
	without := publisher(t, filtered, published(newID()))
	team := create(t, p, object(directory.KindGroup, "team"))
	for name, tt := range map[string]struct {
		m    directory.Member
		want string // the beginning of the name; "" is nobody
	}{
		"disabled":                {directory.Member{Addresses: []string{"dave@corp.example"}}, "CN=Dave Disabled"},
		"disabled, by login":      {directory.Member{Login: "dave"}, "CN=Dave Disabled"},
		"one of two disabled":     {directory.Member{Addresses: []string{"was.dave@corp.example"}}, ""},
		"two with their own":      {directory.Member{Addresses: []string{"bob@corp.example"}}, ""},
		"ambiguous, with a login": {directory.Member{Addresses: []string{"twin@corp.example"}, Login: "twin1"}, ""},
		"two addresses of two":    {directory.Member{Addresses: []string{"eve@corp.example", "carol@corp.example"}}, ""},
		"a group":                 {directory.Member{Addresses: []string{"STAFF@corp.example"}}, "CN=staff"},
		"a group by its login":    {directory.Member{Login: "staff"}, ""},
		"a contact":               {directory.Member{Addresses: []string{"ernie@elsewhere.example"}}, `CN=External Ernie`},
		"a printer":               {directory.Member{Addresses: []string{"printer@corp.example"}, Login: "printer"}, ""},
		"an odd name":             {directory.Member{Login: "evil"}, "CN=Evil"},
		"quoted":                  {directory.Member{Addresses: []string{`"odd \"name\""@corp.example`}}, "CN=Quentin"},
		"of ours":                 {directory.Member{ID: team.ID}, "CN=team"},
		"of ours, in capitals":    {directory.Member{ID: strings.ToUpper(team.ID)}, "CN=team"},
		"a user principal name":   {directory.Member{Addresses: []string{"una.uno@corp.example"}}, "CN=Una"},
	} {
		refs, err := p.Resolve(t.Context(), []directory.Member{tt.m})
		if err != nil || tt.want == "" && refs[0] != (directory.Ref{}) || !strings.HasPrefix(strings.ToLower(refs[0].Name), strings.ToLower(tt.want)) {
			t.Errorf("%s: got %+v, %v; want %q", name, refs, err, tt.want)
		}
	}
	refs, err := without.Resolve(t.Context(), []directory.Member{{Login: "bob"}, {Login: "carol"}, {Addresses: []string{"bob@corp.example", "nobody@corp.example"}}})
	if err != nil || refs[0] != (directory.Ref{}) || refs[1] == (directory.Ref{}) || !strings.HasPrefix(refs[2].Name, "cn=External") && !strings.HasPrefix(refs[2].Name, "CN=External") {
		t.Errorf("with a filter: got %+v, %v; want nobody, carol, and the contact", refs, err)
	}
}

// TestServerRestartsMeanwhile has a server go and come back.
func TestServerRestartsMeanwhile(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.World{}, directorytest.SlapdOptions{})
	p := publisher(t, writer(s), published(newID()))
	made := create(t, p, object(directory.KindContact, "team"))
	for i := range 2 {
		s.Stop()
		_, err := p.Modify(t.Context(), made, set("displayName", "changed"))
		unknown(t, err)
		unknown(t, p.Each(t.Context(), func(directory.Actual) error { return nil }))
		s.Start(t)
		p.Elapse()
		title := fmt.Sprint("changed again ", i)
		if now, err := p.Modify(t.Context(), made, set("displayName", title)); err != nil || now.Attributes["displayName"][0] != title {
			t.Errorf("got %+v, %v", now, err)
		}
	}
}
