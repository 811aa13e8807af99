package ldapdir

import (
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// The distinguished names that this package makes (RFC 4514) are made by these functions
// alone.

// rdn returns the first part of the name of an entry with that cn. Servers differ about
// what must be escaped: everything is that could mean something anywhere.
func rdn(name string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.WriteString("CN=")
	for i := range len(name) {
		c := name[i]
		if c >= 0x80 || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' ||
			c == '-' || c == '_' || c == '.' || c == ' ' && i > 0 && i < len(name)-1 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'\\', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

// child returns the name of an entry directly below another.
func child(name, parent string) string { return rdn(name) + "," + parent }

// byGUID returns what AD takes for the name of an object, wherever it is (MS-ADTS
// §3.1.1.3.1.2.4). The id must be one, see isID.
func byGUID(id string) string { return "<GUID=" + id + ">" }

// foldDN returns what two spellings of a name have in common.
func foldDN(name string) string {
	dn, err := ldap.ParseDN(name)
	if err != nil {
		return strings.ToLower(name)
	}
	for _, part := range dn.RDNs {
		for _, a := range part.Attributes {
			a.Type, a.Value = strings.ToLower(a.Type), strings.ToLower(a.Value)
		}
	}
	return dn.String()
}

// standsIn reports whether an entry stands below a container, and whether directly.
func standsIn(container *ldap.DN, name string) (below, directly bool) {
	dn, err := ldap.ParseDN(name)
	if err != nil {
		return false, false
	}
	below = container.AncestorOfFold(dn)
	return below, below && len(dn.RDNs) == len(container.RDNs)+1
}

// aliasOf returns the cn that an entry is named by; false where it is named by something
// else.
func aliasOf(name string) (alias string, ok bool) {
	dn, err := ldap.ParseDN(name)
	if err != nil || len(dn.RDNs) == 0 || len(dn.RDNs[0].Attributes) != 1 || !strings.EqualFold(dn.RDNs[0].Attributes[0].Type, cn) {
		return "", false
	}
	return dn.RDNs[0].Attributes[0].Value, true
}
