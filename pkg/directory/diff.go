package directory

import (
	"maps"
	"slices"
	"strings"
)

// Diff returns what makes an object's attributes, actual, as they are wanted, in the order of
// their names; applied is what was last written of it. An attribute that is wanted gets its
// values; one that is not is removed if it was applied; any other is left alone. The order
// of values says nothing, nor does the case of letters in addresses and names of entries.
//
// An object shares proxyAddresses with Exchange: those that were applied and are not wanted
// go, those that are wanted come, and what others added stays. One of them is the main one
// ("SMTP:"): the wanted one, unless somebody has made another the main one since it was
// applied. The attribute mail follows it.
func Diff(wanted, applied, actual Attributes) []Change {
	return between(actual, merge(wanted, applied, actual))
}

// between returns what makes the attributes of before those of target that target names;
// without values, one is removed.
func between(before, target Attributes) []Change {
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(target)) {
		if old, values := before[name], target[name]; !sameValues(name, old, values) {
			changes = append(changes, Change{Attribute: name, Before: slices.Clone(old), After: values})
		}
	}
	return changes
}

// merge returns what becomes of the attributes that are ours, without values where one is to
// go.
func merge(wanted, applied, actual Attributes) Attributes {
	target := Attributes{}
	for name := range applied {
		target[name] = nil
	}
	for name, values := range wanted {
		target[name] = slices.Clone(values)
	}
	if _, ours := target[AttrProxyAddresses]; !ours {
		return target
	}
	merged := mergeProxies(wanted[AttrProxyAddresses], applied[AttrProxyAddresses], actual[AttrProxyAddresses])
	target[AttrProxyAddresses] = merged
	if main := primaryOf(merged); main != "" && len(wanted[AttrMail]) > 0 && !sameFold(wanted[AttrMail], []string{main}) {
		target[AttrMail] = []string{main}
	}
	return target
}

// sameValues reports whether two values of an attribute need no change. The case of
// proxyAddresses counts: it tells the main address, and mergeProxies keeps the spelling
// that is there.
func sameValues(name string, a, b []string) bool {
	switch name {
	case AttrMail, AttrManagedBy, "targetAddress":
		return sameFold(a, b)
	}
	return sameSet(a, b)
}

func sameFold(a, b []string) bool { return sameSet(folded(a), folded(b)) }

func folded(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strings.ToLower(v)
	}
	return out
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	if slices.Equal(a, b) {
		return true
	}
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// patch returns attributes after changes.
func patch(a Attributes, changes []Change) Attributes {
	after := maps.Clone(a)
	if after == nil {
		after = Attributes{}
	}
	for _, c := range changes {
		if len(c.After) == 0 {
			delete(after, c.Attribute)
			continue
		}
		after[c.Attribute] = c.After
	}
	return after
}
