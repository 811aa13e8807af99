package remote

import "strings"

// managerOf returns who answers for a group, as the catalog names people. Farms name the
// manager by an address, a login or a name in the directory (DN).
func managerOf(contact string) string {
	contact = line(contact, len(contact))
	if contact == "" || isAddress(contact) {
		return contact
	}
	name, ok := firstName(contact)
	if !ok {
		name = loginOf(contact)
	}
	if name == "" {
		return ""
	}
	return userMember + name
}

// firstName returns the first value of a distinguished name that begins with CN or UID. Of
// escapes it knows those of single characters, as names of people have them.
func firstName(dn string) (string, bool) {
	kind, rest, ok := strings.Cut(dn, "=")
	if kind = strings.TrimSpace(kind); !ok || !strings.EqualFold(kind, "cn") && !strings.EqualFold(kind, "uid") {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(rest) && rest[i] != ',' && rest[i] != '+'; i++ {
		if rest[i] == '\\' {
			i++
		}
		if i < len(rest) {
			b.WriteByte(rest[i])
		}
	}
	return strings.TrimSpace(b.String()), true
}
