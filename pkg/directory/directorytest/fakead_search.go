package directorytest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// The scopes and the filters of a search (RFC 4511 §4.5.1), by their tags.
const (
	scopeBase, scopeOne                                      = 0, 1
	filterAnd, filterOr, filterNot, filterEqual, filterParts = ber.Tag(0), ber.Tag(1), ber.Tag(2), ber.Tag(3), ber.Tag(4)
	filterPresent                                            = ber.Tag(7)
)

const (
	schemaDN = "CN=Aggregate,CN=Schema,CN=Configuration," + BaseDN
	adOID    = "1.2.840.113556.1.4.800" // MS-ADTS §3.1.1.3.4.3.1
)

// search returns entries as they go over the line, the code of the result, and where to go
// on; the cookie is a number of entries.
func (f *FakeAD) search(message *ber.Packet, bound bool) (found []byte, code int, control *ber.Packet) {
	op := message.Children[1]
	all, code := f.matches(op, bound)
	size, cookie := paging(message)
	from, to := 0, len(all)
	if cookie != "" {
		n, err := strconv.Atoi(cookie)
		if err != nil || n > len(all) {
			return nil, ldap.LDAPResultUnwillingToPerform, nil
		}
		from = n
	}
	most := f.options.Entries
	if size > 0 {
		most = min(size, most)
	}
	if to-from > most {
		to = from + most
	}
	for _, e := range all[from:to] {
		found = append(found, envelope(message, f.show(e, valuesOf(child(op, 7))), nil)...)
	}
	if f.options.Referral != "" && f.key(text(op, 0)) == f.key(BaseDN) && to == len(all) {
		reference := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
		reference.AppendChild(octets(f.options.Referral))
		found = append(found, envelope(message, reference, nil)...)
	}
	switch {
	case size > 0:
		next := ldap.NewControlPaging(0)
		if to < len(all) {
			next.SetCookie([]byte(strconv.Itoa(to)))
		}
		control = next.Encode()
	case to < len(all):
		code = ldap.LDAPResultSizeLimitExceeded
	}
	return found, code, control
}

// matches returns the entries that a search asks for, in the order of their names.
func (f *FakeAD) matches(op *ber.Packet, bound bool) (all []*fakeEntry, code int) {
	base := text(op, 0)
	scope, _ := child(op, 1).Value.(int64)
	if base == "" && scope == scopeBase {
		return []*fakeEntry{f.root()}, ldap.LDAPResultSuccess
	}
	if !bound {
		return nil, ldap.LDAPResultOperationsError
	}
	if f.key(base) == f.key(schemaDN) {
		return []*fakeEntry{f.schema()}, ldap.LDAPResultSuccess
	}
	top := f.find(base)
	if top == nil {
		return nil, ldap.LDAPResultNoSuchObject
	}
	under := "," + f.key(top.dn)
	for _, name := range slices.Sorted(maps.Keys(f.entries)) {
		e := f.entries[name]
		in := e == top
		switch scope {
		case scopeBase:
		case scopeOne:
			in = strings.HasSuffix(name, under) && f.key(parent(name)) == under[1:]
		default:
			in = in || strings.HasSuffix(name, under)
		}
		if in && f.fits(e, child(op, 6)) {
			all = append(all, e)
		}
	}
	return all, ldap.LDAPResultSuccess
}

// root returns what the server says of itself.
func (f *FakeAD) root() *fakeEntry {
	return &fakeEntry{"", "", map[string][]string{
		"supportedCapabilities": {adOID}, "supportedControl": {ldap.ControlTypePaging}, "supportedLDAPVersion": {"3"},
		"defaultNamingContext": {BaseDN}, "rootDomainNamingContext": {BaseDN}, "subschemaSubentry": {schemaDN}, "dnsHostName": {"dc1.corp.example"},
		"highestCommittedUSN": {strconv.Itoa(f.writes)},
	}}
}

func (f *FakeAD) schema() *fakeEntry {
	names := slices.Concat([]string{"objectClass", "groupType", "userPrincipalName", "userAccountControl"},
		f.world.writable(contactClass), f.world.writable(groupClass))
	slices.Sort(names)
	e := &fakeEntry{schemaDN, "", map[string][]string{}}
	for i, name := range slices.Compact(names) {
		e.values["attributeTypes"] = append(e.values["attributeTypes"],
			fmt.Sprintf("( 1.3.6.1.4.1.32473.7025.4.%d NAME '%s' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' )", i+1, name))
	}
	for i, name := range []string{"user", contactClass, groupClass} {
		e.values["objectClasses"] = append(e.values["objectClasses"],
			fmt.Sprintf("( 1.3.6.1.4.1.32473.7025.5.%d NAME '%s' SUP top STRUCTURAL MUST cn )", i+1, name))
	}
	return e
}

// fold returns a value of an attribute in the one way that the server compares it.
func (f *FakeAD) fold(attribute, value string) string {
	switch {
	case strings.EqualFold(attribute, "objectGUID"):
		return value
	case strings.EqualFold(attribute, "member"), strings.EqualFold(attribute, "managedBy"):
		return f.key(value)
	}
	return strings.ToLower(value)
}

func (f *FakeAD) fits(e *fakeEntry, filter *ber.Packet) bool {
	does := func(part *ber.Packet) bool { return f.fits(e, part) }
	switch filter.Tag {
	case filterAnd:
		return !slices.ContainsFunc(filter.Children, func(part *ber.Packet) bool { return !does(part) })
	case filterOr:
		return slices.ContainsFunc(filter.Children, does)
	case filterNot:
		return !does(child(filter, 0))
	case filterPresent:
		return len(e.get(filter.Data.String())) > 0
	case filterEqual:
		want := f.fold(text(filter, 0), text(filter, 1))
		return slices.ContainsFunc(e.get(text(filter, 0)), func(v string) bool { return f.fold(text(filter, 0), v) == want })
	case filterParts:
		return slices.ContainsFunc(e.get(text(filter, 0)), func(v string) bool { return hasParts(v, child(filter, 1).Children) })
	default:
		return false // what it does not know fits nothing
	}
}

// hasParts reports whether a value has the parts of a pattern, in their order.
func hasParts(value string, parts []*ber.Packet) bool {
	rest := strings.ToLower(value)
	for _, p := range parts {
		part := strings.ToLower(p.Data.String())
		i := strings.Index(rest, part)
		switch p.Tag {
		case ldap.FilterSubstringsInitial:
			if i != 0 {
				return false
			}
		case ldap.FilterSubstringsFinal:
			i = len(rest) - len(part)
			if !strings.HasSuffix(rest, part) {
				return false
			}
		default: // anywhere
		}
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

// show returns an entry with the attributes that are asked for.
func (f *FakeAD) show(e *fakeEntry, asked []string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	p.AppendChild(octets(e.dn))
	attributes := ber.NewSequence("")
	put := func(name string, values []string) {
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(octets(v))
		}
		a := ber.NewSequence("")
		a.AppendChild(octets(name))
		a.AppendChild(set)
		attributes.AppendChild(a)
	}
	for _, name := range e.wanted(asked) {
		plain, option, isRange := strings.Cut(name, ";range=")
		values := e.get(plain)
		switch {
		case isRange:
			f.showRange(put, e.name(plain), option, values)
		case len(values) > f.options.Values:
			put(e.name(plain), nil) // as AD does, beside the first of them
			f.showRange(put, e.name(plain), "0-*", values)
		case len(values) > 0:
			put(e.name(plain), values)
		}
	}
	if slices.ContainsFunc(asked, func(a string) bool { return strings.EqualFold(a, "allowedChildClassesEffective") }) {
		put("allowedChildClassesEffective", []string{contactClass, groupClass})
	}
	p.AppendChild(attributes) // it has all now: what is added later is not sent
	return p
}

// wanted returns the names of the attributes that are asked for.
func (e *fakeEntry) wanted(asked []string) (names []string) {
	if len(asked) > 0 && !slices.Contains(asked, "*") {
		return asked
	}
	for name := range e.values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// showRange shows a part of an attribute's values, which is named by its first and last:
// "0-1499", or "1500-*" where the last is the last of all.
func (f *FakeAD) showRange(put func(string, []string), name, option string, values []string) {
	first, last, _ := strings.Cut(option, "-")
	from, err := strconv.Atoi(first)
	if err != nil || from < 0 || from >= len(values) {
		return
	}
	to := from + f.options.Values
	if n, err := strconv.Atoi(last); err == nil {
		to = min(to, n+1)
	}
	if to < from {
		return
	}
	end := "*"
	if to < len(values) {
		end = strconv.Itoa(to - 1)
	}
	put(fmt.Sprintf("%s;range=%d-%s", name, from, end), values[from:min(to, len(values))])
}
