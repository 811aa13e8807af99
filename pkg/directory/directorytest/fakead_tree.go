package directorytest

import (
	"crypto/rand"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// fakeEntry is an entry of FakeAD.
type fakeEntry struct {
	dn, id string
	values map[string][]string // by the names of attributes as they were written
}

// name returns how an attribute is written in e.
func (e *fakeEntry) name(attribute string) string {
	if _, ok := e.values[attribute]; ok {
		return attribute
	}
	for name := range e.values {
		if strings.EqualFold(name, attribute) {
			return name
		}
	}
	return attribute
}

func (e *fakeEntry) get(attribute string) []string { return e.values[e.name(attribute)] }

func (e *fakeEntry) clone() *fakeEntry {
	copied := &fakeEntry{e.dn, e.id, map[string][]string{}}
	for name, values := range e.values {
		copied.values[name] = slices.Clone(values)
	}
	return copied
}

// fill gives the server what a world has.
func (f *FakeAD) fill() {
	for _, e := range slices.Concat([]entry{{BaseDN, []string{"objectClass", "domainDNS"}}}, units(),
		[]entry{account(ReaderDN, "reader"), account(WriterDN, "writer"), account(AdminDN, "Administrator")}, f.world.entries()) {
		made := &fakeEntry{e.dn, "", map[string][]string{}}
		for pair := range slices.Chunk(e.attributes, 2) {
			if pair[1] != "" {
				made.values[pair[0]] = append(made.values[pair[0]], pair[1])
			}
		}
		f.put(made)
	}
	for dn, members := range f.world.members() {
		f.entries[f.key(dn)].values["member"] = members
	}
}

func (f *FakeAD) put(e *fakeEntry) {
	guid := make([]byte, 16)
	_, _ = rand.Read(guid) // it never fails
	e.id, e.values["objectGUID"] = guidOf(guid), []string{string(guid)}
	f.entries[f.key(e.dn)] = e
}

// Set gives an attribute of an entry these values; without any, it is removed.
func (f *FakeAD) Set(dn, attribute string, values ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.entries[f.key(dn)]
	if len(values) == 0 {
		delete(e.values, e.name(attribute))
		return
	}
	e.values[e.name(attribute)] = values
}

// Get returns the values of an attribute of an entry, none where there is no such.
func (f *FakeAD) Get(dn, attribute string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.entries[f.key(dn)]
	if e == nil {
		return nil
	}
	return slices.Clone(e.get(attribute))
}

// find returns the entry of a distinguished name, or of <GUID=…>.
func (f *FakeAD) find(dn string) *fakeEntry {
	id, isGUID := strings.CutPrefix(strings.ToLower(dn), "<guid=")
	if !isGUID {
		return f.entries[f.key(dn)]
	}
	for _, e := range f.entries {
		if e.id+">" == id {
			return e
		}
	}
	return nil
}

// parent returns the name that stands above another.
func parent(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil || len(parsed.RDNs) == 0 {
		return ""
	}
	return (&ldap.DN{RDNs: parsed.RDNs[1:]}).String()
}

func (f *FakeAD) add(op *ber.Packet, dn string) int {
	switch {
	case f.entries[f.key(dn)] != nil:
		return ldap.LDAPResultEntryAlreadyExists
	case f.entries[f.key(parent(dn))] == nil:
		return ldap.LDAPResultNoSuchObject
	}
	e := &fakeEntry{dn, "", map[string][]string{}}
	for _, a := range child(op, 1).Children {
		if code := f.change(e, ldap.AddAttribute, text(a, 0), valuesOf(child(a, 1))); code != ldap.LDAPResultSuccess {
			return code
		}
	}
	first, _ := ldap.ParseDN(dn)
	e.values[e.name("cn")] = []string{first.RDNs[0].Attributes[0].Value}
	if f.accountTaken(e) {
		return ldap.LDAPResultEntryAlreadyExists
	}
	f.put(e)
	return ldap.LDAPResultSuccess
}

func (f *FakeAD) accountTaken(e *fakeEntry) bool {
	name := e.get("sAMAccountName")
	for _, other := range f.entries {
		if has := other.get("sAMAccountName"); other.dn != e.dn && len(name) > 0 && len(has) > 0 && strings.EqualFold(has[0], name[0]) {
			return true
		}
	}
	return false
}

func valuesOf(set *ber.Packet) (all []string) {
	for _, v := range set.Children {
		all = append(all, v.Data.String())
	}
	return all
}

// modify changes an entry, all or nothing.
func (f *FakeAD) modify(op *ber.Packet, dn string) int {
	e := f.find(dn)
	if e == nil {
		return ldap.LDAPResultNoSuchObject
	}
	changed := e.clone()
	for _, c := range child(op, 1).Children {
		kind, _ := child(c, 0).Value.(int64)
		attribute := child(c, 1)
		if code := f.change(changed, uint(kind), text(attribute, 0), valuesOf(child(attribute, 1))); code != ldap.LDAPResultSuccess { //nolint:gosec // it is small
			return code
		}
	}
	if f.accountTaken(changed) {
		return ldap.LDAPResultEntryAlreadyExists
	}
	e.values = changed.values
	return ldap.LDAPResultSuccess
}

// change changes an attribute. Where AD answers with another code than RFC 4511 has, so
// does this.
func (f *FakeAD) change(e *fakeEntry, kind uint, attribute string, values []string) int {
	name, isMember := e.name(attribute), strings.EqualFold(attribute, "member")
	has, is, changed := e.values[name], map[string]bool{}, map[string]bool{}
	for _, h := range has {
		is[f.fold(attribute, h)] = true
	}
	for _, v := range values {
		there := is[f.fold(attribute, v)]
		changed[f.fold(attribute, v)] = true
		switch {
		case kind == ldap.DeleteAttribute && !there && isMember:
			return ldap.LDAPResultUnwillingToPerform
		case kind == ldap.DeleteAttribute && !there:
			return ldap.LDAPResultNoSuchAttribute
		case kind == ldap.AddAttribute && there && isMember:
			return ldap.LDAPResultEntryAlreadyExists
		case kind == ldap.AddAttribute && there:
			return ldap.LDAPResultAttributeOrValueExists
		case kind != ldap.DeleteAttribute && isMember && f.find(v) == nil:
			return ldap.LDAPResultNoSuchObject
		}
	}
	switch kind {
	case ldap.AddAttribute:
		has = append(has, values...)
	case ldap.ReplaceAttribute:
		has = values
	case ldap.DeleteAttribute:
		if len(has) == 0 {
			return ldap.LDAPResultNoSuchAttribute
		}
		has = slices.DeleteFunc(has, func(h string) bool { return len(values) == 0 || changed[f.fold(attribute, h)] })
	}
	e.values[name] = has
	if len(has) == 0 {
		delete(e.values, name)
	}
	return ldap.LDAPResultSuccess
}

func (f *FakeAD) hasChildren(e *fakeEntry) bool {
	under := "," + f.key(e.dn)
	for name := range f.entries {
		if strings.HasSuffix(name, under) {
			return true
		}
	}
	return false
}

func (f *FakeAD) remove(_ *ber.Packet, dn string) int {
	e := f.find(dn)
	switch {
	case e == nil:
		return ldap.LDAPResultNoSuchObject
	case f.hasChildren(e):
		return ldap.LDAPResultNotAllowedOnNonLeaf
	}
	delete(f.entries, f.key(e.dn))
	f.follow(e.dn, "")
	return ldap.LDAPResultSuccess
}

func (f *FakeAD) rename(op *ber.Packet, dn string) int {
	e, above := f.find(dn), ""
	if e == nil {
		return ldap.LDAPResultNoSuchObject
	}
	if above = parent(e.dn); len(op.Children) > 3 {
		above = text(op, 3)
	}
	to := text(op, 1) + "," + above
	switch {
	case f.entries[f.key(above)] == nil:
		return ldap.LDAPResultNoSuchObject
	case f.entries[f.key(to)] != nil && f.entries[f.key(to)] != e:
		return ldap.LDAPResultEntryAlreadyExists
	case f.hasChildren(e):
		return ldap.LDAPResultNotAllowedOnNonLeaf
	}
	parsed, err := ldap.ParseDN(to)
	if err != nil {
		return ldap.LDAPResultInvalidDNSyntax
	}
	delete(f.entries, f.key(e.dn))
	f.follow(e.dn, to)
	e.dn = to
	e.values[e.name("cn")] = []string{parsed.RDNs[0].Attributes[0].Value}
	f.entries[f.key(to)] = e
	return ldap.LDAPResultSuccess
}

// follow renames a member of groups, or takes it out of them.
func (f *FakeAD) follow(from, to string) {
	for _, e := range f.entries {
		name := e.name("member")
		for i, m := range e.values[name] {
			if f.key(m) == f.key(from) {
				e.values[name][i] = to
			}
		}
		e.values[name] = slices.DeleteFunc(e.values[name], func(m string) bool { return m == "" })
		if len(e.values[name]) == 0 {
			delete(e.values, name)
		}
	}
}
