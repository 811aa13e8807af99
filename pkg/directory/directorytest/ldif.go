package directorytest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// The distinguished names of a server that holds a World.
const (
	BaseDN   = "DC=corp,DC=example"
	people   = "OU=People," + BaseDN
	groups   = "OU=Groups," + BaseDN
	ReaderDN = "CN=reader," + people // an account that may read everything but passwords
)

// entry is one of LDIF (RFC 2849): its name, and attributes with their values in turn.
type entry struct {
	dn         string
	attributes []string
}

// String writes every value in base64, so that it does not matter what is in it.
func (e entry) String() string {
	encoded := base64.StdEncoding.EncodeToString
	var b strings.Builder
	fmt.Fprintf(&b, "dn:: %s\n", encoded([]byte(e.dn)))
	for pair := range slices.Chunk(e.attributes, 2) {
		switch {
		case pair[1] == "":
		case pair[0] == "changetype" || pair[0] == "add":
			fmt.Fprintf(&b, "%s: %s\n", pair[0], pair[1])
		default:
			fmt.Fprintf(&b, "%s:: %s\n", pair[0], encoded([]byte(pair[1])))
		}
	}
	return b.String() + "\n"
}

// without returns e without an attribute.
func (e entry) without(name string) entry {
	kept := entry{dn: e.dn}
	for pair := range slices.Chunk(e.attributes, 2) {
		if pair[0] != name {
			kept.attributes = append(kept.attributes, pair...)
		}
	}
	return kept
}

// cnOf returns the first part of an entry's name, with everything escaped that could mean
// something (RFC 4514 §2.4).
func cnOf(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= 0x80 || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == ' ' && i > 0 && i < len(name)-1 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, `\%02X`, c)
	}
	return "CN=" + b.String()
}

// dns returns the distinguished names of a world's entries.
func (w World) dns() map[string]string {
	all := map[string]string{}
	for _, u := range w.Users {
		all[u.Name] = cnOf(u.Name) + "," + people
	}
	for _, c := range w.Contacts {
		all[c.Name] = cnOf(c.Name) + "," + people
	}
	for _, g := range w.Groups {
		all[g.Name] = cnOf(g.Name) + "," + groups
	}
	return all
}

// units are the entries that the others stand below.
func units() (all []entry) {
	for _, dn := range []string{people, groups, ContainerDN, below} {
		all = append(all, entry{dn, []string{"objectClass", "organizationalUnit", "ou", nameOf(dn)}})
	}
	return all
}

// entries returns a world's users, contacts and groups, without the members of these.
func (w World) entries() (all []entry) {
	dns := w.dns()
	for _, u := range w.Users {
		control := "512" // a normal account, MS-ADTS §2.2.16
		if u.Disabled {
			control = "514"
		}
		e := entry{dns[u.Name], []string{
			"objectClass", "person", "objectClass", "organizationalPerson", "objectClass", "user", "cn", u.Name, "sn", u.Name, "displayName", u.Name,
			"sAMAccountName", u.Login, "userPrincipalName", u.UPN, "mail", u.Mail, "userAccountControl", control,
		}}
		if u.Mail != "" && !w.Plain {
			e.attributes = append(e.attributes, "mailNickname", u.Login)
		}
		for _, p := range u.Proxies {
			e.attributes = append(e.attributes, "proxyAddresses", p)
		}
		all = append(all, e)
	}
	for _, c := range w.Contacts {
		all = append(all, contact(dns[c.Name], c.Name, "mail", c.Mail))
	}
	all = append(all, w.manual())
	for _, g := range w.Groups {
		kind := "-2147483640" // universal, for rights (MS-ADTS §2.2.12)
		if g.Distribution {
			kind = "8"
		}
		all = append(all, entry{dns[g.Name], []string{
			"objectClass", "group", "cn", g.Name, "mail", g.Mail, "groupType", kind, "sAMAccountName", accountName(g.Name),
		}})
	}
	return all
}

// contact returns an entry of a contact.
func contact(dn, name string, more ...string) entry {
	return entry{dn, append([]string{
		"objectClass", "person", "objectClass", "organizationalPerson", "objectClass", "contact", "cn", name, "sn", name,
	}, more...)}
}

// account returns an entry of an account that is nobody of the world.
func account(dn, name string) entry {
	return entry{dn, []string{"objectClass", "user", "cn", name, "sAMAccountName", name}}
}

// members returns, for each group that has some, the names of the members.
func (w World) members() map[string][]string {
	dns, all := w.dns(), map[string][]string{}
	for _, g := range w.Groups {
		for _, m := range g.Members {
			all[dns[g.Name]] = append(all[dns[g.Name]], dns[m])
		}
	}
	return all
}

// accountName returns a name without the characters that sAMAccountName cannot have.
func accountName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("\"/\\[]:;|=,+*?<>", r) {
			return '_'
		}
		return r
	}, name)
}
