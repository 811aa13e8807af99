package directory_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
)

type attributes = directory.Attributes

// apply returns attributes after changes, as a directory makes them.
func apply(a directory.Attributes, changes []directory.Change) directory.Attributes {
	out := directory.Attributes{}
	maps.Copy(out, a)
	for _, c := range changes {
		delete(out, c.Attribute)
		if len(c.After) > 0 {
			out[c.Attribute] = slices.Clone(c.After)
		}
	}
	return out
}

func TestDiff(t *testing.T) {
	t.Parallel()
	const auth = "msExchRequireAuthToSendTo"
	tests := []struct {
		name                    string
		wanted, applied, actual attributes
		want                    attributes // afterwards
	}{
		{"what is wanted comes", attributes{"sn": {"x"}}, nil, attributes{}, attributes{"sn": {"x"}}},
		{"what is wanted is set right", attributes{"sn": {"x"}}, attributes{"sn": {"x"}}, attributes{"sn": {"y"}}, attributes{"sn": {"x"}}},
		{"what was applied and is not wanted goes", attributes{}, attributes{"sn": {"x"}}, attributes{"sn": {"x"}}, attributes{}},
		{"what was not applied stays", attributes{}, attributes{}, attributes{"sn": {"x"}, "info": {"note"}}, attributes{"sn": {"x"}, "info": {"note"}}},
		{"what is gone already needs no change", attributes{}, attributes{"sn": {"x"}}, attributes{}, attributes{}},
		{"RequireAuth is set", attributes{auth: {"TRUE"}}, attributes{}, attributes{}, attributes{auth: {"TRUE"}}},
		{"RequireAuth is cleared", attributes{}, attributes{auth: {"TRUE"}}, attributes{auth: {"TRUE"}}, attributes{}},
		{"an administrator's RequireAuth stays", attributes{}, attributes{}, attributes{auth: {"TRUE"}}, attributes{auth: {"TRUE"}}},
		{
			"the case of a manager's name says nothing",
			attributes{"managedBy": {"CN=Boss,DC=x"}},
			nil,
			attributes{"managedBy": {"cn=boss,dc=X"}},
			attributes{"managedBy": {"cn=boss,dc=X"}},
		},
		{"the case of an address says nothing", attributes{"mail": {"A@x.example"}}, nil, attributes{"mail": {"a@X.example"}}, attributes{"mail": {"a@X.example"}}},
		{"the case of a name does", attributes{"sn": {"X"}}, nil, attributes{"sn": {"x"}}, attributes{"sn": {"X"}}},
		{
			"the order of values says nothing",
			attributes{"description": {"a", "b"}},
			nil,
			attributes{"description": {"b", "a"}},
			attributes{"description": {"b", "a"}},
		},
		{
			"what others added to proxyAddresses stays",
			attributes{"proxyAddresses": {"SMTP:b@x", "smtp:c@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:c@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "X500:/o=Org", "smtp:c@x", "smtp:other@x"}},
			attributes{"proxyAddresses": {"SMTP:b@x", "X500:/o=Org", "smtp:c@x", "smtp:other@x"}},
		},
		{
			"what was never applied is not taken away",
			attributes{"proxyAddresses": {"SMTP:a@x"}},
			nil,
			attributes{"proxyAddresses": {"smtp:other@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:other@x"}},
		},
		{
			"the old main address stays as another one",
			attributes{"mail": {"b@x"}, "proxyAddresses": {"SMTP:b@x", "smtp:a@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x"}},
			attributes{"mail": {"b@x"}, "proxyAddresses": {"SMTP:b@x", "smtp:a@x"}},
		},
		{
			"a main address that Exchange chose stays, and mail follows it",
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:policy@x", "smtp:a@x"}},
			attributes{"mail": {"policy@x"}, "proxyAddresses": {"SMTP:policy@x", "smtp:a@x"}},
		},
		{
			"one of ours that Exchange made the main address stays it",
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x", "smtp:b@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x", "smtp:b@x"}},
			attributes{"mail": {"b@x"}, "proxyAddresses": {"SMTP:b@x", "smtp:a@x"}},
			attributes{"mail": {"b@x"}, "proxyAddresses": {"SMTP:b@x", "smtp:a@x"}},
		},
		{
			"a main address of Exchange's that goes gives way",
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x", "smtp:b@x"}},
			attributes{"mail": {"b@x"}, "proxyAddresses": {"SMTP:b@x", "smtp:a@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x"}},
		},
		{
			"a rename under a main address of Exchange's",
			attributes{"mail": {"n@x"}, "proxyAddresses": {"SMTP:n@x", "smtp:a@x"}},
			attributes{"mail": {"a@x"}, "proxyAddresses": {"SMTP:a@x"}},
			attributes{"mail": {"policy@x"}, "proxyAddresses": {"SMTP:policy@x", "smtp:a@x"}},
			attributes{"mail": {"policy@x"}, "proxyAddresses": {"SMTP:policy@x", "smtp:a@x", "smtp:n@x"}},
		},
		{
			"a lost address comes again",
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:b@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:b@x"}},
			attributes{"proxyAddresses": {"smtp:b@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:b@x"}},
		},
		{
			"the spelling that is there stays",
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:b@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x"}},
			attributes{"proxyAddresses": {"SMTP:A@X", "smtp:B@x"}},
			attributes{"proxyAddresses": {"SMTP:A@X", "smtp:B@x"}},
		},
		{
			"an address twice is one",
			attributes{"proxyAddresses": {"SMTP:a@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x"}},
			attributes{"proxyAddresses": {"smtp:a@x", "SMTP:a@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x"}},
		},
		{
			"of two main addresses the wanted one counts",
			attributes{"proxyAddresses": {"SMTP:a@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "SMTP:0@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:0@x"}},
		},
		{
			"without addresses of ours those of others are left as they are",
			attributes{},
			attributes{"proxyAddresses": {"SMTP:a@x"}, "mail": {"a@x"}},
			attributes{"proxyAddresses": {"SMTP:a@x", "smtp:b@x", "SIP:c@x"}, "mail": {"a@x"}},
			attributes{"proxyAddresses": {"SIP:c@x", "smtp:b@x"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			changes := directory.Diff(test.wanted, test.applied, test.actual)
			got := apply(test.actual, changes)
			if diff := cmp.Diff(sorted(test.want), sorted(got)); diff != "" {
				t.Errorf("after Diff (-want +got):\n%s", diff)
			}
			if cmp.Equal(sorted(test.actual), sorted(got)) && len(changes) > 0 {
				t.Errorf("got %v, which change nothing", changes)
			}
		})
	}
}

func sorted(a attributes) attributes {
	out := attributes{}
	for name, values := range a {
		out[name] = slices.Sorted(slices.Values(values))
	}
	return out
}

func TestDiffShowsWhatWas(t *testing.T) {
	t.Parallel()
	got := directory.Diff(
		attributes{"sn": {"new"}, "givenName": {"same"}, "displayName": {"x"}},
		attributes{"sn": {"old"}, "wWWHomePage": {"u"}},
		attributes{"sn": {"other"}, "givenName": {"same"}, "wWWHomePage": {"u"}},
	)
	want := []directory.Change{
		{Attribute: "displayName", After: []string{"x"}},
		{Attribute: "sn", Before: []string{"other"}, After: []string{"new"}},
		{Attribute: "wWWHomePage", Before: []string{"u"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Diff (-want +got):\n%s", diff)
	}
}

// proxiesOf makes values of proxyAddresses from fuzzed text: a letter each; a capital one is a
// main address.
func proxiesOf(s string, mains int) []string {
	var out []string
	for _, r := range s {
		if !strings.ContainsRune("abcdefABCDEF", r) {
			continue
		}
		local := strings.ToLower(string(r))
		prefix := "smtp:"
		if local != string(r) && mains > 0 {
			prefix = "SMTP:"
			mains--
		}
		if !slices.ContainsFunc(out, func(v string) bool { return strings.EqualFold(v, prefix+local+"@x") }) {
			out = append(out, prefix+local+"@x")
		}
	}
	return out
}

// The rules of proxyAddresses, whatever is wanted, was applied and is there.
func FuzzDiff(f *testing.F) {
	f.Add("Ab", "Ac", "Bcd")
	f.Add("a", "A", "A")
	f.Add("b", "", "ABC")
	f.Add("abc", "Bca", "cDe")
	f.Fuzz(func(t *testing.T, wanted, applied, actual string) {
		asked := proxiesOf(wanted, 0)
		if len(asked) == 0 {
			return
		}
		for i := range asked {
			asked[i] = strings.TrimPrefix(asked[i], "smtp:")
		}
		d := directory.Object{Kind: directory.KindContact, Alias: "a", Addresses: asked}.Attributes(directory.ModePlain, directory.Ref{})
		a := attributes{"proxyAddresses": proxiesOf(applied, 1), "mail": {"a@x"}}
		x := attributes{"proxyAddresses": append(proxiesOf(actual, 6), "X400:c=de;", "SIP:me@x"), "info": {"note"}}
		after := apply(x, directory.Diff(d, a, x))
		checkProxies(t, d, a, x, after)
		for name, was := range map[string]attributes{"the record was written": d, "it was lost": a} {
			if changes := directory.Diff(d, was, after); len(changes) > 0 {
				t.Errorf("wanted %v, applied %v, actual %v: once more, %s: got %v, want nothing", d, a, x, name, changes)
			}
		}
	})
}

func checkProxies(t *testing.T, d, a, x, after attributes) {
	t.Helper()
	has := func(in attributes, v string) bool {
		return slices.ContainsFunc(in["proxyAddresses"], func(w string) bool { return strings.EqualFold(v, w) })
	}
	mains := 0
	for i, v := range after["proxyAddresses"] {
		if strings.HasPrefix(v, "SMTP:") {
			mains++
			if got := after["mail"]; len(got) != 1 || got[0] != v[len("SMTP:"):] {
				t.Errorf("mail: got %v, want what follows %v", got, v)
			}
		}
		if !has(d, v) && !has(x, v) {
			t.Errorf("%v came from nowhere", v)
		}
		if slices.ContainsFunc(after["proxyAddresses"][:i], func(w string) bool { return strings.EqualFold(v, w) }) {
			t.Errorf("%v is there twice", v)
		}
	}
	if mains != 1 {
		t.Errorf("got %d main addresses in %v, want one", mains, after)
	}
	for _, v := range d["proxyAddresses"] {
		if !has(after, v) {
			t.Errorf("%v is wanted, got %v", v, after)
		}
	}
	for _, v := range x["proxyAddresses"] {
		if !has(a, v) && !has(after, v) {
			t.Errorf("%v of others went: got %v", v, after)
		}
		if has(a, v) && !has(d, v) && has(after, v) {
			t.Errorf("%v was applied and is not wanted, got %v", v, after)
		}
	}
	if len(after["info"]) != 1 {
		t.Error("an attribute that is not ours was changed")
	}
}

// A value that is empty, which no directory should have, is none.
func TestDiffOfEmptyAddress(t *testing.T) {
	t.Parallel()
	got := directory.Diff(nil, directory.Attributes{"proxyAddresses": {"smtp:x@y.example"}}, directory.Attributes{"proxyAddresses": {"", "smtp:x@y.example"}})
	want := []directory.Change{{Attribute: "proxyAddresses", Before: []string{"", "smtp:x@y.example"}, After: []string{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
