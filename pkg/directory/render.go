package directory

import (
	"slices"
	"strings"
	"unicode/utf16"

	"mailchute/pkg/text"
)

// The ranges of Active Directory's schema, in characters as it counts them: units of UTF-16.
const (
	maxDisplayName = 256
	maxName        = 64 // givenName, sn
	maxDescription = 1024
)

// The Boolean values of a directory are spelled like this (RFC 4517 §3.3.3).
const (
	valueTrue  = "TRUE"
	valueFalse = "FALSE"
)

// internetEncoding is what SharePoint wrote: mail to the contact may be MIME with HTML.
const internetEncoding = "1310720"

// attribute says what an object has in one attribute, in which modes.
type attribute struct {
	name           string
	kind           Kind // "": both
	plain, handing bool // whether modes other than ModeExchange have it
	values         func(o Object, manager Ref) []string
}

// attributes returns all that is written, by name. The rest of an object (its classes,
// names, marker, the type of a group) is the back end's.
func attributes() []attribute {
	return []attribute{
		{"description", KindGroup, true, true, func(o Object, _ Ref) []string { return single(o.Description, maxDescription) }},
		{"displayName", "", true, true, func(o Object, _ Ref) []string { return []string{o.displayName()} }},
		{"givenName", KindContact, true, true, func(o Object, _ Ref) []string { return single(o.GivenName, maxName) }},
		{"internetEncoding", KindContact, false, false, func(Object, Ref) []string { return []string{internetEncoding} }},
		{"mAPIRecipient", KindContact, false, false, func(Object, Ref) []string { return []string{valueFalse} }},
		{AttrMail, "", true, true, func(o Object, _ Ref) []string { return o.main() }},
		{"mailNickname", "", false, true, func(o Object, _ Ref) []string { return []string{o.Alias} }},
		{AttrManagedBy, KindGroup, true, true, func(_ Object, manager Ref) []string { return single(manager.Name, len(manager.Name)) }},
		{"msExchHideFromAddressLists", "", false, true, func(o Object, _ Ref) []string { return flag(o.Hidden) }},
		{"msExchRequireAuthToSendTo", "", false, true, func(o Object, _ Ref) []string { return flag(o.RequireAuth) }},
		{"oOFReplyToOriginator", KindGroup, false, false, func(Object, Ref) []string { return []string{valueFalse} }},
		{AttrProxyAddresses, "", true, true, func(o Object, _ Ref) []string { return proxies(o.Addresses) }},
		{"reportToOriginator", KindGroup, false, false, func(Object, Ref) []string { return []string{valueTrue} }},
		{"reportToOwner", KindGroup, false, false, func(Object, Ref) []string { return []string{valueFalse} }},
		{"sn", KindContact, true, true, func(o Object, _ Ref) []string { return o.surname() }},
		{"targetAddress", KindContact, false, true, Object.target},
	}
}

func (a attribute) in(k Kind, m Mode) bool {
	return (a.kind == "" || a.kind == k) && (m == ModeExchange || m == ModeHandover && a.handing || a.plain)
}

// Managed returns the names of the attributes that Attributes may give an object of a kind,
// sorted.
func Managed(k Kind, m Mode) []string {
	var names []string
	for _, a := range attributes() {
		if a.in(k, m) {
			names = append(names, a.name)
		}
	}
	slices.Sort(names)
	return names
}

// Attributes returns what is written of o in a mode; manager is o.Manager as the directory
// has it, the zero Ref where it has not. What would be false, as nobody asked for it, or
// empty, is left out, so that what an administrator has set there stays. Text is on one line, without
// control characters and without those that turn or hide text, and cut to what Active
// Directory takes. A displayName ends in the alias whatever the title is, so that nobody can
// pass for somebody else.
func (o Object) Attributes(m Mode, manager Ref) Attributes {
	out := Attributes{}
	for _, a := range attributes() {
		if !a.in(o.Kind, m) {
			continue
		}
		if values := a.values(o, manager); len(values) > 0 {
			out[a.name] = slices.Clone(values)
		}
	}
	return out
}

// displayName is "Title (alias)"; the alias alone where there is no title.
func (o Object) displayName() string {
	tail := " (" + o.Alias + ")"
	title := cut(line(o.Title), maxDisplayName-units(tail))
	if title == "" {
		return o.Alias
	}
	return title + tail
}

// surname is never empty: a person of OpenLDAP must have one (RFC 4519 §3.12).
func (o Object) surname() []string {
	for _, s := range []string{o.Surname, o.Title} {
		if found := single(s, maxName); len(found) > 0 {
			return found
		}
	}
	return []string{o.Alias}
}

// main is the address that is shown.
func (o Object) main() []string {
	if a := primaryOf(proxies(o.Addresses)); a != "" {
		return []string{a}
	}
	return nil
}

// target is the address that Exchange sends on to.
func (o Object) target(Ref) []string {
	if o.Target == "" {
		return nil
	}
	return []string{primaryPrefix + o.Target}
}

// proxies writes addresses as Exchange does: "SMTP:" before the main one, "smtp:" before the
// others, each once.
func proxies(addresses []string) []string {
	var out []string
	known := map[string]bool{}
	for _, a := range addresses {
		key := foldASCII(a)
		if a == "" || known[key] {
			continue
		}
		known[key] = true
		prefix := otherPrefix
		if len(out) == 0 {
			prefix = primaryPrefix
		}
		out = append(out, prefix+a)
	}
	return out
}

// flag is TRUE or nothing: FALSE would override what an administrator has set.
func flag(b bool) []string {
	if b {
		return []string{valueTrue}
	}
	return nil
}

// single returns s as the one value of an attribute, nothing where nothing is left of it.
func single(s string, most int) []string {
	s = cut(line(s), most)
	if s == "" {
		return nil
	}
	return []string{s}
}

// line returns s on one line of valid UTF-8: white space of any kind and length is a blank,
// and what could not be seen, or would turn what stands beside it, is gone.
func line(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	s = strings.Map(func(r rune) rune {
		if !text.Printable(r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// units is the length of s in units of UTF-16.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// cut returns the beginning of s that has most units of UTF-16, without a blank at its end.
func cut(s string, most int) string {
	n := 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > most {
			return strings.TrimRight(s[:i], " ")
		}
	}
	return s
}
