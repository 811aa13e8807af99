package directory

import (
	"slices"
	"strings"
)

// The prefixes of mail addresses in proxyAddresses. There are others ("X500:", "sip:"),
// and the main address of each type is written in capital letters.
const (
	primaryPrefix = "SMTP:"
	otherPrefix   = "smtp:"
)

// mergeProxies returns the values of proxyAddresses, sorted: those that are there without
// those that were applied and are not wanted, and with those that are wanted; one of them
// is the main one.
func mergeProxies(wanted, applied, actual []string) []string {
	keep := byProxyKey(wanted)
	dropped := byProxyKey(applied)
	for key := range keep {
		delete(dropped, key)
	}
	result := byProxyKey(actual)
	for key := range result {
		if _, drop := dropped[key]; drop {
			delete(result, key)
		}
	}
	main := mainKey(result, wanted, applied)
	for key, v := range keep {
		if _, there := result[key]; !there {
			result[key] = v
		}
	}
	out := make([]string, 0, len(result))
	for key, v := range result {
		out = append(out, withRank(v, key == main))
	}
	slices.Sort(out)
	return out
}

// mainKey returns the key of the main address: the one that somebody else has chosen among
// those that are there, else the one that is wanted. It is "" where neither is.
func mainKey(there map[string]string, wanted, applied []string) string {
	want, ours := proxyKey(primaryProxy(wanted)), proxyKey(primaryProxy(applied))
	chosen := ""
	for key, v := range there {
		switch {
		case !strings.HasPrefix(v, primaryPrefix):
		case key == want:
			return want
		case key != ours && (chosen == "" || key < chosen):
			chosen = key
		}
	}
	switch {
	case chosen != "":
		return chosen
	case want != "":
		return want
	}
	// Nothing of ours is wanted: what is there stays as it is.
	return proxyKey(primaryProxy(sortedValues(there)))
}

func sortedValues(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// byProxyKey returns values by their keys; where two are the same address, the main one
// counts.
func byProxyKey(values []string) map[string]string {
	out := make(map[string]string, len(values))
	for _, v := range values {
		if v == "" { // which no directory should have
			continue
		}
		key := proxyKey(v)
		if old, ok := out[key]; !ok || !strings.HasPrefix(old, primaryPrefix) && (strings.HasPrefix(v, primaryPrefix) || v < old) {
			out[key] = v
		}
	}
	return out
}

// proxyKey is what two values have in common that are the same to a directory.
func proxyKey(v string) string { return foldASCII(v) }

// withRank returns v as the main address, or not as the main one.
func withRank(v string, main bool) string {
	switch {
	case main:
		return primaryPrefix + v[len(primaryPrefix):]
	case strings.HasPrefix(v, primaryPrefix):
		return otherPrefix + v[len(primaryPrefix):]
	}
	return v
}

// primaryProxy returns the first main address among values, with its prefix.
func primaryProxy(values []string) string {
	for _, v := range values {
		if strings.HasPrefix(v, primaryPrefix) {
			return v
		}
	}
	return ""
}

// primaryOf returns the main address of values, without its prefix.
func primaryOf(values []string) string {
	return strings.TrimPrefix(primaryProxy(values), primaryPrefix)
}

// proxyAddress returns the mail address of a value, whatever its rank; "" for other types. A
// value without a type is one of mail.
func proxyAddress(v string) string {
	kind, rest, ok := strings.Cut(v, ":")
	switch {
	case !ok:
		return v
	case strings.EqualFold(kind, "smtp"):
		return rest
	}
	return ""
}
