package directory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
)

const backend = "ldap"

func options() directory.PlanOptions {
	return directory.PlanOptions{
		Installation: installation, Backend: backend, Mode: directory.ModePlain,
		MaxDeletes: 10, MaxDeleteShare: 0.1, Enforce: true, Now: later,
	}
}

// object returns a contact of that key and alias.
func object(key, alias string) directory.Object {
	return directory.Object{
		Key: key, Kind: directory.KindContact, Of: "library " + key, Alias: alias, Title: "Library " + key,
		Addresses: []string{alias + "@x.example"}, Target: alias + "@x.example",
	}
}

func render(o directory.Object) directory.Attributes {
	return o.Attributes(directory.ModePlain, directory.Ref{})
}

// there returns an object as it is in the directory after it was created.
func there(o directory.Object) directory.Actual {
	return directory.Actual{
		ID: "id-" + o.Key, Where: "CN=" + o.Alias + ",OU=farm", Kind: o.Kind, Alias: o.Alias, InPlace: true, Attributes: render(o),
		Marker: directory.Marker{Installation: installation, Kind: o.Kind, Key: o.Key}.String(),
	}
}

// known returns what is known of an object after it was created.
func known(o directory.Object) directory.Known {
	return directory.Known{
		Key: o.Key, Kind: o.Kind, Of: o.Of, Backend: backend, ID: "id-" + o.Key, Where: "CN=" + o.Alias + ",OU=farm",
		Alias: o.Alias, Applied: render(o), State: directory.ObjectActive,
	}
}

// show writes steps for comparison: "rename a one→two", "modify a sn".
func show(steps []directory.Step) []string {
	out := []string{}
	for _, s := range steps {
		line := string(s.Action) + " " + s.Object.Key
		if s.Action == directory.ActRename {
			out = append(out, line+" "+s.Changes[0].Before[0]+"→"+s.Changes[0].After[0])
			continue
		}
		for _, c := range s.Changes {
			line += " " + c.Attribute
		}
		out = append(out, line)
	}
	return out
}

// change returns v after an edit.
func change[T any](v T, edit func(*T)) T {
	edit(&v)
	return v
}

// The table of the reconciliation: each row, with what the setting drift makes of it.
func TestMakePlanRows(t *testing.T) {
	t.Parallel()
	type actual = directory.Actual
	a := object("a", "one")
	titled := change(a, func(o *directory.Object) { o.Title = "New title" })
	moved := change(a, func(o *directory.Object) { o.Alias, o.Addresses = "two", []string{"two@x.example"} })
	foreign := actual{ID: "id-hand", Where: "CN=one,OU=farm", Kind: directory.KindContact, Alias: "one", InPlace: true}
	other := directory.Marker{Installation: elsewhere, Kind: directory.KindContact, Key: "a"}.String()
	sn := func(a *actual) {
		a.Attributes = apply(a.Attributes, []directory.Change{{Attribute: "sn", After: []string{"by hand"}}})
	}
	asKnown := func(o directory.Object, k directory.Known) []directory.Wanted {
		return []directory.Wanted{{Object: o, Known: k}}
	}
	isKnown := func(o directory.Object) []directory.Wanted { return asKnown(o, known(a)) }
	isNew := []directory.Wanted{{Object: a}}
	tests := []struct {
		name    string
		wanted  []directory.Wanted
		gone    []directory.Known
		found   []actual
		enforce []string
		report  []string // nil: the same
	}{
		{name: "wanted, absent, never created: create", wanted: isNew, enforce: []string{"create a"}},
		{
			name:   "wanted, absent, never created, its record was lost: adopt by create",
			wanted: isNew, found: []actual{there(a)}, enforce: []string{"create a"},
		},
		{
			name: "wanted, absent, never created, its record was lost and it has another alias since: adopt by rename", found: []actual{there(a)},
			wanted: []directory.Wanted{{Object: moved}}, enforce: []string{"rename a one→two", "modify a displayName mail proxyAddresses"},
		},
		{
			name: "wanted, absent, never created in this directory: create", wanted: asKnown(a, change(known(a), func(k *directory.Known) { k.Backend = "builtin" })),
			enforce: []string{"create a"},
		},
		{name: "wanted, absent, has GUID: recreate", wanted: isKnown(a), enforce: []string{"create a"}, report: []string{"drift a"}},
		{
			name: "wanted, absent, has GUID, an object made since at its place", wanted: isKnown(a),
			found: []actual{change(there(a), func(a *actual) { a.ID = "id-2" })}, enforce: []string{"create a"},
		},
		{name: "wanted, ours, X = D: clean", wanted: isKnown(a), found: []actual{there(a)}},
		{
			name: "wanted, ours, X = D, but for what others added: clean", wanted: isKnown(a),
			found: []actual{change(there(a), func(a *actual) {
				a.Attributes = apply(a.Attributes, []directory.Change{
					{Attribute: "proxyAddresses", After: []string{"X500:/o=x", "SMTP:ONE@x.example"}}, {Attribute: "info", After: []string{"x"}},
				})
			})},
		},
		{name: "wanted, ours, X = A ≠ D: modify", wanted: isKnown(titled), found: []actual{there(a)}, enforce: []string{"modify a displayName sn"}},
		{
			name: "wanted, ours, X = A ≠ D: rename", wanted: isKnown(moved), found: []actual{there(a)},
			enforce: []string{"rename a one→two", "modify a displayName mail proxyAddresses"},
		},
		{name: "wanted, ours, X ≠ A, A = D: drift", wanted: isKnown(a), found: []actual{change(there(a), sn)}, enforce: []string{"modify a sn"}, report: []string{"drift a sn"}},
		{
			name: "wanted, ours, X ≠ A ≠ D: both changed", wanted: isKnown(change(a, func(o *directory.Object) { o.GivenName = "Site" })),
			found:   []actual{change(there(a), sn)},
			enforce: []string{"modify a givenName sn"}, report: []string{"drift a sn", "modify a givenName"},
		},
		{
			name: "wanted, ours, renamed by hand: rename back", wanted: isKnown(a), found: []actual{change(there(a), func(a *actual) { a.Alias = "hand" })},
			enforce: []string{"rename a hand→one"}, report: []string{"drift a"},
		},
		{
			name: "wanted, ours, moved by hand inside the OU: rename back", wanted: isKnown(a),
			found:   []actual{change(there(a), func(a *actual) { a.InPlace, a.Below = false, true })},
			enforce: []string{"rename a one→one"}, report: []string{"drift a"},
		},
		{
			name: "wanted, ours, moved by hand outside: report", wanted: isKnown(titled),
			found: []actual{change(there(a), func(a *actual) { a.InPlace = false })}, enforce: []string{"moved a"},
		},
		{name: "wanted, our DN, no marker: conflict", wanted: isNew, found: []actual{foreign}, enforce: []string{"conflict a"}},
		{
			name: "wanted, our DN, other marker: conflict", wanted: isNew,
			found: []actual{change(foreign, func(a *actual) { a.Marker = other })}, enforce: []string{"conflict a"},
		},
		{
			name: "wanted, our address at a foreign object: conflict", wanted: isNew, enforce: []string{"conflict a"},
			found: []actual{change(foreign, func(a *actual) {
				a.Alias, a.Attributes = "x", directory.Attributes{"proxyAddresses": {"smtp:ONE@x.example"}}
			})},
		},
		{
			name: "wanted, new alias, its DN is foreign: conflict", wanted: isKnown(moved), enforce: []string{"conflict a"},
			found: []actual{there(a), change(foreign, func(a *actual) { a.Alias = "TWO" })},
		},
		{
			name: "wanted, GUID ours, marker gone: foreign", wanted: isKnown(titled),
			found: []actual{change(there(a), func(a *actual) { a.Marker = "" })}, enforce: []string{"foreign a"},
		},
		{
			name: "wanted, GUID ours, marker of another installation: foreign", wanted: isKnown(titled),
			found: []actual{change(there(a), func(a *actual) { a.Marker = other })}, enforce: []string{"foreign a"},
		},
		{
			name: "wanted, GUID and marker ours, of another kind: foreign", wanted: isKnown(titled),
			found: []actual{change(there(a), func(a *actual) { a.Kind = "" })}, enforce: []string{"foreign a"},
		},
		{
			name: "wanted, two objects with our marker: copied", wanted: isKnown(a),
			found: []actual{change(there(a), func(a *actual) { a.ID, a.Alias = "id-2", "two" }), there(a)}, enforce: []string{"copy a"},
		},
		{
			name: "wanted, absent, has GUID, a copy elsewhere: recreate, and report the copy", wanted: isKnown(a), enforce: []string{"copy a", "create a"},
			report: []string{"drift a", "copy a"},
			found:  []actual{change(there(a), func(a *actual) { a.ID, a.Alias, a.Attributes = "id-2", "two", nil })},
		},
		{
			name: "wanted, never created, two objects with our marker: conflict", wanted: isNew, enforce: []string{"conflict a", "copy a", "copy a"},
			found: []actual{change(there(a), func(a *actual) { a.Alias = "two" }), change(there(a), func(a *actual) { a.ID, a.Alias = "id-2", "three" })},
		},
		{name: "gone, ours by GUID and marker: delete", gone: []directory.Known{known(a)}, found: []actual{there(a)}, enforce: []string{"delete a"}},
		{name: "gone, absent: forget", gone: []directory.Known{known(a)}, enforce: []string{"forget a"}},
		{
			name: "gone, marker gone: forget, never touch", gone: []directory.Known{known(a)},
			found: []actual{change(there(a), func(a *actual) { a.Marker = "" })}, enforce: []string{"forget a"},
		},
		{
			name: "gone, moved by hand inside the OU: delete", gone: []directory.Known{known(a)},
			found: []actual{change(there(a), func(a *actual) { a.InPlace, a.Below = false, true })}, enforce: []string{"delete a"},
		},
		{
			name: "gone, moved by hand outside: report", gone: []directory.Known{known(a)},
			found: []actual{change(there(a), func(a *actual) { a.InPlace = false })}, enforce: []string{"moved a"},
		},
		{
			name: "gone, its creation was not recorded: delete", found: []actual{there(a)}, enforce: []string{"delete a"},
			gone: []directory.Known{change(known(a), func(k *directory.Known) { k.ID = "" })},
		},
		{name: "gone, of another directory: forget", gone: []directory.Known{change(known(a), func(k *directory.Known) { k.Backend = "builtin" })}, enforce: []string{"forget a"}},
		{
			name: "gone, with a copy: delete ours alone", gone: []directory.Known{known(a)}, enforce: []string{"copy a", "delete a"},
			found: []actual{there(a), change(there(a), func(a *actual) { a.ID, a.Alias = "id-2", "two" })},
		},
		{name: "unknown, our installation's marker: report", found: []actual{there(a)}, enforce: []string{"unknown a"}},
		{name: "other installation's marker: ignore", found: []actual{change(foreign, func(a *actual) { a.Marker = other })}},
		{name: "no marker: ignore", found: []actual{foreign}},
		{
			name: "frozen: nothing, whatever it is", found: []actual{change(there(a), sn)},
			wanted: []directory.Wanted{{Object: moved, Frozen: true, Known: known(a)}},
		},
		{name: "frozen, absent: nothing", wanted: []directory.Wanted{{Object: a, Frozen: true, Known: known(a)}}},
		{
			name: "backed off: a new one waits", enforce: []string{"wait a"},
			wanted: asKnown(a, directory.Known{Key: "a", Next: later.Add(time.Second), Trouble: "busy"}),
		},
		{
			name: "backed off: a change waits", found: []actual{there(a)}, enforce: []string{"wait a"},
			wanted: asKnown(titled, change(known(a), func(k *directory.Known) { k.Next = later.Add(time.Second) })),
		},
		{
			name: "backed off: a deletion waits", found: []actual{there(a)}, enforce: []string{"wait a"},
			gone: []directory.Known{change(known(a), func(k *directory.Known) { k.Next = later.Add(time.Second) })},
		},
		{
			name: "backed off until now: it is tried", found: []actual{there(a)}, enforce: []string{"modify a displayName sn"},
			wanted: asKnown(titled, change(known(a), func(k *directory.Known) { k.Next = later })),
		},
		{
			name: "backed off, and clean meanwhile: nothing", found: []actual{there(a)},
			wanted: asKnown(a, change(known(a), func(k *directory.Known) { k.Next = later.Add(time.Second) })),
		},
		{name: "an alias that cannot be: not created", wanted: []directory.Wanted{{Object: object("a", "mül")}}, enforce: []string{"invalid a"}},
		{
			name: "an alias that cannot be: not renamed", found: []actual{there(a)}, enforce: []string{"invalid a"},
			wanted: isKnown(object("a", strings.Repeat("x", 65))),
		},
		{
			name:   "two that want the same alias: the first has it",
			wanted: []directory.Wanted{{Object: a}, {Object: object("b", "ONE")}}, enforce: []string{"conflict b", "create a"},
		},
	}
	for _, test := range tests {
		for _, enforce := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s (enforce %v)", test.name, enforce), func(t *testing.T) {
				t.Parallel()
				o := options()
				o.Enforce = enforce
				want := test.enforce
				if !enforce && test.report != nil {
					want = test.report
				}
				if want == nil {
					want = []string{}
				}
				plan, err := directory.MakePlan(test.wanted, test.gone, test.found, o)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, show(plan.Steps)); diff != "" {
					t.Errorf("steps (-want +got):\n%s", diff)
				}
				if plan.Objects != len(test.wanted) {
					t.Errorf("got %d objects, want %d", plan.Objects, len(test.wanted))
				}
				for _, s := range plan.Steps {
					if changes := s.Action == directory.ActRename || s.Action == directory.ActModify || s.Action == directory.ActDelete; changes && s.Actual.ID == "" {
						t.Errorf("%s without an object to do it to", s.Action)
					}
				}
			})
		}
	}
}
