package directorytest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
)

// ldapAdmin is the administrator of a server with LDAP.
type ldapAdmin struct {
	conn *ldap.Conn
	isAD bool
}

// logIn returns a connection of an account, which is closed with the test.
func logIn(t *testing.T, url, authority, dn, password string) *ldap.Conn {
	t.Helper()
	text, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	conn, err := ldap.DialURL(url, ldap.DialWithTLSConfig(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.Bind(dn, password); err != nil {
		t.Fatal(err)
	}
	return conn
}

// read returns the entries of a search, none where there is no such base.
func (a *ldapAdmin) read(t *testing.T, base string, scope int, filter string, attributes ...string) []*ldap.Entry {
	t.Helper()
	found, err := a.conn.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil))
	if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
		return nil
	}
	if err != nil {
		t.Fatalf("search below %q: %v", base, err)
	}
	return found.Entries
}

// find returns the entry of an ID, nil where there is none.
func (a *ldapAdmin) find(t *testing.T, id string) *ldap.Entry {
	t.Helper()
	var found []*ldap.Entry
	if a.isAD {
		found = a.read(t, "<GUID="+id+">", ldap.ScopeBaseObject, "(objectClass=*)", "*")
	} else {
		found = a.read(t, BaseDN, ldap.ScopeWholeSubtree, "(entryUUID="+ldap.EscapeFilter(id)+")", "*", "+")
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func (a *ldapAdmin) mustFind(t *testing.T, id string) *ldap.Entry {
	t.Helper()
	e := a.find(t, id)
	if e == nil {
		t.Fatalf("there is no entry %s", id)
	}
	return e
}

// Entry is Administrator's.
func (a *ldapAdmin) Entry(t *testing.T, id string) directory.Attributes {
	t.Helper()
	e := a.find(t, id)
	if e == nil {
		return nil
	}
	all := directory.Attributes{"dn": {e.DN}}
	for _, attribute := range e.Attributes {
		all[attribute.Name] = slices.Sorted(slices.Values(attribute.Values))
	}
	return all
}

// Add is Administrator's.
func (a *ldapAdmin) Add(t *testing.T, kind directory.Kind, alias string, attributes directory.Attributes) string {
	t.Helper()
	dn := cnOf(alias) + "," + ContainerDN
	request := ldap.NewAddRequest(dn, nil)
	if kind == directory.KindGroup {
		request.Attribute("objectClass", []string{groupClass})
		request.Attribute("groupType", []string{"8"}) // universal, for mail only (MS-ADTS §2.2.12)
		request.Attribute("sAMAccountName", []string{"by-hand-" + alias})
	} else {
		request.Attribute("objectClass", []string{"person", "organizationalPerson", contactClass})
	}
	if kind == directory.KindContact && len(attributes["sn"]) == 0 {
		request.Attribute("sn", []string{alias})
	}
	for name, values := range attributes {
		request.Attribute(name, values)
	}
	if err := a.conn.Add(request); err != nil {
		t.Fatalf("add %q: %v", dn, err)
	}
	return a.id(t, dn)
}

func (a *ldapAdmin) id(t *testing.T, dn string) string {
	t.Helper()
	found := a.read(t, dn, ldap.ScopeBaseObject, "(objectClass=*)", "objectGUID", "entryUUID")
	if len(found) != 1 {
		t.Fatalf("there is no %q", dn)
	}
	if guid := found[0].GetRawAttributeValue("objectGUID"); len(guid) == 16 {
		return guidOf(guid)
	}
	return found[0].GetAttributeValue("entryUUID")
}

// guidOf writes 16 bytes as AD writes them itself (MS-DTYP §2.3.4.2).
func guidOf(b []byte) string {
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:])
}

// Copy is Administrator's.
func (a *ldapAdmin) Copy(t *testing.T, id, alias string) string {
	t.Helper()
	e := a.mustFind(t, id)
	kind, class := directory.KindContact, contactClass
	if slices.Contains(e.GetEqualFoldAttributeValues("objectClass"), groupClass) {
		kind, class = directory.KindGroup, groupClass
	}
	attributes := directory.Attributes{}
	for _, name := range (World{}).writable(class) {
		if values := e.GetEqualFoldAttributeValues(name); len(values) > 0 && name != "cn" && name != "sAMAccountName" {
			attributes[name] = values
		}
	}
	return a.Add(t, kind, alias, attributes)
}

// Set is Administrator's.
func (a *ldapAdmin) Set(t *testing.T, id, attribute string, values ...string) {
	t.Helper()
	request := ldap.NewModifyRequest(a.mustFind(t, id).DN, nil)
	request.Replace(attribute, values)
	if err := a.conn.Modify(request); err != nil {
		t.Fatalf("set %s: %v", attribute, err)
	}
}

func (a *ldapAdmin) modifyDN(t *testing.T, dn, rdn, parent string) {
	t.Helper()
	if err := a.conn.ModifyDN(ldap.NewModifyDNRequest(dn, rdn, true, parent)); err != nil {
		t.Fatalf("rename %q: %v", dn, err)
	}
}

// Rename is Administrator's.
func (a *ldapAdmin) Rename(t *testing.T, id, alias string) {
	t.Helper()
	a.modifyDN(t, a.mustFind(t, id).DN, cnOf(alias), "")
}

// Move is Administrator's.
func (a *ldapAdmin) Move(t *testing.T, id string, to Place) {
	t.Helper()
	e := a.mustFind(t, id)
	parents := map[Place]string{InContainer: ContainerDN, BelowContainer: below, Elsewhere: people}
	a.modifyDN(t, e.DN, cnOf(e.GetAttributeValue("cn")), parents[to])
}

// Delete is Administrator's.
func (a *ldapAdmin) Delete(t *testing.T, id string) {
	t.Helper()
	if err := a.conn.Del(ldap.NewDelRequest(a.mustFind(t, id).DN, nil)); err != nil {
		t.Fatalf("delete: %v", err)
	}
}

// Writes is Administrator's. Only those that AD carries out count there.
func (a *ldapAdmin) Writes(t *testing.T) (all int) {
	t.Helper()
	if a.isAD {
		root := a.read(t, "", ldap.ScopeBaseObject, "(objectClass=*)", "highestCommittedUSN")
		return number(t, root[0].GetAttributeValue("highestCommittedUSN"))
	}
	for _, operation := range []string{"Add", "Modify", "Modrdn", "Delete"} {
		dn := "cn=" + operation + ",cn=Operations,cn=Monitor"
		for _, e := range a.read(t, dn, ldap.ScopeBaseObject, "(objectClass=*)", "monitorOpInitiated") {
			all += number(t, e.GetAttributeValue("monitorOpInitiated"))
		}
	}
	return all
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// nameOf returns the value of the first part of a distinguished name of ours.
func nameOf(dn string) string {
	first, _, _ := strings.Cut(dn, ",")
	_, name, _ := strings.Cut(first, "=")
	return name
}
