package dms

import (
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/directory"
)

// created returns the attributes of an object that is made.
func created(a directory.Attributes) (out []directory.Change) {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		out = append(out, directory.Change{Attribute: name, After: a[name]})
	}
	return out
}

// removed returns the attributes of an object that goes.
func removed(a directory.Attributes) []directory.Change { return reversed(created(a)) }

// reversed returns what undoes changes.
func reversed(changes []directory.Change) (out []directory.Change) {
	for _, c := range changes {
		out = append(out, directory.Change{Attribute: c.Attribute, Before: c.After, After: c.Before})
	}
	return out
}

// added returns the addresses that changes add.
func added(changes []directory.Change) (out []string) {
	for _, c := range changes {
		if c.Attribute != directory.AttrMail && c.Attribute != directory.AttrProxyAddresses {
			continue
		}
		for _, v := range c.After {
			if !slices.ContainsFunc(c.Before, func(b string) bool { return strings.EqualFold(b, v) }) {
				out = append(out, addressOf(v))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// addressOf returns the address of a value of mail or proxyAddresses.
func addressOf(v string) string {
	if len(v) > 5 && strings.EqualFold(v[:5], "smtp:") {
		return v[5:]
	}
	return v
}

// withMembers returns what was applied of an object: attributes, and members of a group.
func withMembers(a directory.Attributes, keys []string) directory.Attributes {
	if len(keys) == 0 {
		return a
	}
	a = maps.Clone(a)
	a[attrMember] = keys
	return a
}
