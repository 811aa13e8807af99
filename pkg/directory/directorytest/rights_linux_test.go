package directorytest_test

import (
	"testing"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

const elsewhere = "OU=People," + directorytest.BaseDN

func TestSlapdRights(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"Exchange": false, "plain": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := directorytest.People()
			w.Plain = plain
			s := directorytest.StartSlapd(t, w, directorytest.SlapdOptions{Strict: true})
			rights(t, writer(t, s.LDAPS, s.Certificate, s.WriterPassword), s.Administrator(t), !plain)
		})
	}
}

func TestSambaRights(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSamba(t, directorytest.People())
	rights(t, writer(t, s.LDAPS, s.Certificate, s.WriterPassword), s.Administrator(t), true)
}

// rights does as the account of the writer what it may, and what it may not.
func rights(t *testing.T, c *ldap.Conn, admin directorytest.Administrator, exchange bool) {
	t.Helper()
	foreign := admin.Add(t, directory.KindGroup, "moved", nil)
	admin.Move(t, foreign, directorytest.Elsewhere)
	before := admin.Writes(t)
	done, refused := uint16(ldap.LDAPResultSuccess), uint16(ldap.LDAPResultInsufficientAccessRights)
	withExchange := done
	if !exchange {
		withExchange = ldap.LDAPResultUndefinedAttributeType
	}
	for _, tt := range []struct {
		name string
		do   func() error
		want uint16
	}{
		{"create a contact", add(c, "CN=c"+inside, "contact", "sn", "c", "adminDescription", "ours"), done},
		{"create a group", add(c, "CN=g"+inside, "group", "groupType", "8", "sAMAccountName", "sp-g"), done},
		{"change a contact", set(c, "CN=c"+inside, "mail", "c@corp.example"), done},
		{"for Exchange", set(c, "CN=c"+inside, "targetAddress", "SMTP:c@corp.example"), withExchange},
		{"members", set(c, "CN=g"+inside, "member", "CN=c"+inside), done},
		{"rename", rename(c, "CN=c"+inside, "CN=d", ""), done},
		{"rename a group", rename(c, "CN=g"+inside, "CN=h", ""), done},
		{"to below", rename(c, "CN=d"+inside, "CN=d", "OU=below"+inside), done},
		{"and back", rename(c, "CN=d,OU=below"+inside, "CN=d", directorytest.ContainerDN), done},
		{"the type of a group", set(c, "CN=h"+inside, "groupType", "-2147483640"), refused},
		{"out of the container", rename(c, "CN=d"+inside, "CN=d", elsewhere), refused},
		{"into it", rename(c, "CN=External Ernie,"+elsewhere, "CN=External Ernie", directorytest.ContainerDN), refused},
		{"a user", add(c, "CN=u"+inside, "user", "sn", "u", "sAMAccountName", "u"), refused},
		{"a container", add(c, "OU=o"+inside, "organizationalUnit", "ou", "o"), refused},
		{"elsewhere", add(c, "CN=e,"+elsewhere, "contact", "sn", "e"), refused},
		{"somebody", set(c, "CN=Bob Baker,"+elsewhere, "mail", "c@corp.example"), refused},
		{"another's group", set(c, "CN=moved,"+elsewhere, "member", "CN=d"+inside), refused},
		{"its deletion", remove(c, "CN=moved,"+elsewhere), refused},
		{"itself", set(c, directorytest.WriterDN, "description", "x"), refused},
		{"the container", set(c, directorytest.ContainerDN, "description", "x"), refused},
		{"delete a contact", remove(c, "CN=d"+inside), done},
		{"delete a group", remove(c, "CN=h"+inside), done},
	} {
		if got := code(tt.do()); got != tt.want {
			t.Errorf("%s: got code %d, want %d", tt.name, got, tt.want)
		}
	}
	if after := admin.Writes(t); after-before < 10 {
		t.Errorf("got %d writes, want more", after-before)
	}
}
