package ldapdir

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
)

// Attributes, with the capitals of the schemas that define them.
const (
	objectClass       = "objectClass"
	objectGUID        = "objectGUID" // AD: 16 bytes
	entryUUID         = "entryUUID"  // RFC 4530: text
	sAMAccountName    = "sAMAccountName"
	uid               = "uid"
	cn                = "cn"
	displayName       = "displayName"
	mail              = "mail"
	proxyAddresses    = "proxyAddresses"
	userPrincipalName = "userPrincipalName"

	// What says that an account is disabled: in AD, in 389 Directory Server and FreeIPA,
	// in OpenLDAP (slapo-ppolicy).
	userAccountControl   = "userAccountControl"
	nsAccountLock        = "nsAccountLock"
	pwdAccountLockedTime = "pwdAccountLockedTime"
)

// smtp stands before the mail addresses among the proxyAddresses: in capitals before the
// main one.
const smtp = "smtp:"

// hasClass reports whether an entry is of a class of these.
func hasClass(e *ldap.Entry, names ...string) bool {
	return slices.ContainsFunc(e.GetEqualFoldAttributeValues(objectClass), func(class string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(class, name) })
	})
}

func isGroup(e *ldap.Entry) bool { return hasClass(e, groupClasses()...) }

func groupClasses() []string {
	return []string{groupClass, "groupOfNames", "groupOfUniqueNames", "groupOfMembers", "posixGroup"}
}

// isUser reports whether an entry is an account that people use. A contact is a person,
// too, and a computer of AD a user.
func isUser(e *ldap.Entry) bool {
	return !hasClass(e, contactClass, "computer") &&
		hasClass(e, "user", "person", "inetOrgPerson", "account", "posixAccount")
}

// isDisabled reports whether the administrator has disabled an account.
func (c *conn) isDisabled(e *ldap.Entry) (bool, error) {
	const disabled = 2 // UF_ACCOUNT_DISABLE, MS-ADTS §2.2.16
	control := e.GetEqualFoldAttributeValue(userAccountControl)
	flags, err := strconv.ParseInt(control, 10, 64)
	switch {
	case control == "" && !c.ad:
	case err != nil:
		return false, fmt.Errorf("%s of %q: %q is no number: may it be read?", userAccountControl, e.DN, control)
	case flags&disabled != 0:
		return true, nil
	}
	const forGood = "000001010000Z" // slapo-ppolicy(5); other values are times that pass
	return strings.EqualFold(e.GetEqualFoldAttributeValue(nsAccountLock), "TRUE") ||
		e.GetEqualFoldAttributeValue(pwdAccountLockedTime) == forGood, nil
}

// id returns the UUID of an entry.
func (c *conn) id(e *ldap.Entry) (string, error) {
	if c.ad {
		if guid := e.GetEqualFoldRawAttributeValue(objectGUID); len(guid) == 16 {
			return guidText(guid), nil
		}
		return "", fmt.Errorf("%q has no %s: may it be read?", e.DN, objectGUID)
	}
	if id := strings.ToLower(e.GetEqualFoldAttributeValue(entryUUID)); isID(id) {
		return id, nil
	}
	return "", fmt.Errorf("%q has no %s: may it be read?", e.DN, entryUUID)
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func isID(s string) bool { return uuid.MatchString(s) }

// guidText writes 16 bytes of AD as it writes them itself: the first three fields are
// little-endian (MS-DTYP §2.3.4.2).
func guidText(b []byte) string {
	b = []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
	s := hex.EncodeToString(b)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// guidBytes returns the bytes that guidText wrote. The id must be one, see isID.
func guidBytes(id string) []byte {
	b, _ := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// logins returns the attributes that have a login.
func (d *Directory) logins(c *conn) []string {
	switch {
	case d.options.Login != "":
		return []string{d.options.Login}
	case c.ad:
		return []string{sAMAccountName}
	}
	return []string{uid, sAMAccountName}
}

// personAttributes are those that person reads.
func (d *Directory) personAttributes(c *conn) []string {
	return slices.Concat([]string{
		objectClass, objectGUID, entryUUID, displayName, cn, userPrincipalName,
		userAccountControl, nsAccountLock, pwdAccountLockedTime,
	}, d.logins(c), d.options.Addresses)
}

// person returns the user that an entry is; false where it is none, or a disabled one. An
// account without a login is none.
func (d *Directory) person(c *conn, e *ldap.Entry) (p directory.Person, ok bool, err error) {
	for _, name := range d.logins(c) {
		p.Login = cmp.Or(p.Login, e.GetEqualFoldAttributeValue(name))
	}
	if p.Login == "" || !isUser(e) {
		return p, false, nil
	}
	if disabled, err := c.isDisabled(e); disabled || err != nil {
		return p, false, err
	}
	if p.ID, err = c.id(e); err != nil {
		return p, false, err
	}
	p.Name = cmp.Or(e.GetEqualFoldAttributeValue(displayName), e.GetEqualFoldAttributeValue(cn), p.Login)
	for _, name := range d.options.Addresses {
		if strings.EqualFold(name, userPrincipalName) {
			continue // a login that looks like an address
		}
		for _, a := range addressesIn(e, name) {
			if !slices.ContainsFunc(p.Addresses, func(has string) bool { return same(has, a) }) {
				p.Addresses = append(p.Addresses, a)
			}
		}
	}
	return p, true, nil
}

// addressesIn returns the mail addresses in an attribute, as they are written.
func addressesIn(e *ldap.Entry, attribute string) (all []string) {
	for _, v := range e.GetEqualFoldAttributeValues(attribute) {
		if strings.EqualFold(attribute, proxyAddresses) {
			if len(v) < len(smtp) || !strings.EqualFold(v[:len(smtp)], smtp) {
				continue
			}
			v = v[len(smtp):]
		}
		all = append(all, v)
	}
	return all
}

// groupAttributes are those that group reads.
func groupAttributes() []string {
	return []string{objectClass, objectGUID, entryUUID, cn, sAMAccountName}
}

func (c *conn) group(e *ldap.Entry) (directory.Group, error) {
	id, err := c.id(e)
	return directory.Group{ID: id, Name: cmp.Or(e.GetEqualFoldAttributeValue(cn), e.GetEqualFoldAttributeValue(sAMAccountName))}, err
}
