package ldapdir_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/address"
	"mailchute/pkg/directory/directorytest"
)

// plain is a directory without anything of AD, as many have it on Unix.
const plain = `dn: OU=Unix,DC=corp,DC=example
objectClass: organizationalUnit
ou: Unix

dn: OU=Other,DC=corp,DC=example
objectClass: organizationalUnit
ou: Other

dn: uid=hans,OU=Unix,DC=corp,DC=example
objectClass: inetOrgPerson
uid: hans
cn: Hans
sn: Hans
mail: hans@corp.example
mail: hans.h@corp.example

dn: uid=locked,OU=Unix,DC=corp,DC=example
objectClass: inetOrgPerson
uid: locked
cn: locked
sn: locked
mail: locked@corp.example
pwdAccountLockedTime: 000001010000Z

dn: uid=waits,OU=Unix,DC=corp,DC=example
objectClass: inetOrgPerson
uid: waits
cn: waits
sn: waits
mail: waits@corp.example
pwdAccountLockedTime: 20260101000000Z

dn: cn=ds,OU=Unix,DC=corp,DC=example
objectClass: user
sAMAccountName: ds
cn: ds
sn: ds
mail: ds@corp.example
nsAccountLock: true

dn: cn=card,OU=Unix,DC=corp,DC=example
objectClass: inetOrgPerson
cn: card
sn: card
mail: card@corp.example

dn: cn=uids,OU=Unix,DC=corp,DC=example
objectClass: groupOfUniqueNames
cn: uids
uniqueMember: uid=hans,OU=Unix,DC=corp,DC=example

dn: cn=names,OU=Unix,DC=corp,DC=example
objectClass: groupOfNames
cn: names
member: cn=uids,OU=Unix,DC=corp,DC=example

dn: cn=posix,OU=Unix,DC=corp,DC=example
objectClass: posixGroup
cn: posix
gidNumber: 1000
memberUid: hans

dn: cn=role,OU=Unix,DC=corp,DC=example
objectClass: organizationalRole
objectClass: extensibleObject
cn: role
member: uid=hans,OU=Unix,DC=corp,DC=example

dn: cn=names,OU=Other,DC=corp,DC=example
objectClass: groupOfNames
cn: names
member: cn=role,OU=Unix,DC=corp,DC=example

`

func TestPlainOpenLDAP(t *testing.T) {
	t.Parallel()
	o := reader(directorytest.StartSlapd(t, directorytest.World{}, directorytest.SlapdOptions{LDIF: plain}))
	d := open(t, o)
	got := map[string]string{}
	for _, local := range []string{"hans", "hans.h", "locked", "waits", "ds", "card"} {
		p, err := d.ByAddress(t.Context(), address.Address{Local: local, Domain: "corp.example"})
		got[local] = answer(p.Login, err)
	}
	want := map[string]string{"hans": "hans", "hans.h": "hans", "locked": nobody, "waits": "waits", "ds": nobody, "card": nobody}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who has an address (-want +got):\n%s", diff)
	}

	hans, err := d.ByLogin(t.Context(), "hans")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := d.GroupsOf(t.Context(), hans)
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]bool{}
	for _, g := range groups {
		in[g.Name] = true
	}
	if diff := cmp.Diff(map[string]bool{"uids": true, "names": true, "posix": true}, in); diff != "" || len(groups) != 3 {
		t.Errorf("groups of hans (-want +got):\n%s", diff)
	}

	o.Base = "OU=Unix," + o.Base
	below := open(t, o)
	got = map[string]string{}
	for _, name := range []string{"names", "cn=names,OU=Other,DC=corp,DC=example", "CN=Names, ou=unix, dc=corp,dc=example", "cn=role,OU=Unix,DC=corp,DC=example"} {
		g, err := d.Group(t.Context(), name)
		got["all: "+name] = answer(g.Name, err)
		g, err = below.Group(t.Context(), name)
		got["below: "+name] = answer(g.Name, err)
	}
	want = map[string]string{
		"all: names": ambiguous, "below: names": "names",
		"all: cn=names,OU=Other,DC=corp,DC=example": "names", "below: cn=names,OU=Other,DC=corp,DC=example": nobody,
		"all: CN=Names, ou=unix, dc=corp,dc=example": "names", "below: CN=Names, ou=unix, dc=corp,dc=example": "names",
		"all: cn=role,OU=Unix,DC=corp,DC=example": nobody, "below: cn=role,OU=Unix,DC=corp,DC=example": nobody,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}

	o.UserFilter, o.Login = "(!(mail=hans.h@corp.example))", "cn"
	filtered := open(t, o)
	got = map[string]string{}
	for _, local := range []string{"hans", "waits", "card"} {
		p, err := filtered.ByAddress(t.Context(), address.Address{Local: local, Domain: "corp.example"})
		got[local] = answer(p.Login, err)
	}
	if diff := cmp.Diff(map[string]string{"hans": nobody, "waits": "waits", "card": "card"}, got); diff != "" {
		t.Errorf("with a filter, and cn as login (-want +got):\n%s", diff)
	}
}
