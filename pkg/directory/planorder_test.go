package directory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
)

func TestMakePlanOrder(t *testing.T) {
	t.Parallel()
	type actual = directory.Actual
	one, two, three := object("a", "one"), object("b", "two"), object("c", "three")
	as := func(o directory.Object, alias string) directory.Wanted {
		n := object(o.Key, alias)
		n.Title = o.Title
		return directory.Wanted{Object: n, Known: known(o)}
	}
	const changed = " displayName mail proxyAddresses"
	tests := []struct {
		name   string
		wanted []directory.Wanted
		gone   []directory.Known
		found  []actual
		want   []string
	}{
		{
			"deletions, renames, creations, changes",
			[]directory.Wanted{as(one, "one"), as(two, "two2"), {Object: object("n", "new")}, {
				Object: change(three, func(o *directory.Object) { o.GivenName = "x" }), Known: known(three),
			}},
			[]directory.Known{known(object("g", "gone")), known(object("l", "lost"))},
			[]actual{there(one), there(two), there(three), there(object("g", "gone"))},
			[]string{"forget l", "delete g", "rename b two→two2", "modify b" + changed, "create n", "modify c givenName"},
		},
		{
			"a deletion frees an alias",
			[]directory.Wanted{{Object: object("n", "one")}},
			[]directory.Known{known(one)},
			[]actual{there(one)},
			[]string{"delete a", "create n"},
		},
		{
			"a rename frees an alias for a new one",
			[]directory.Wanted{{Object: object("n", "one")}, as(one, "uno")},
			nil,
			[]actual{there(one)},
			[]string{"rename a one→uno", "modify a" + changed, "create n"},
		},
		{
			"a change frees an address for a new one",
			[]directory.Wanted{{Object: object("n", "old")}, {Object: one, Known: change(known(one), func(k *directory.Known) {
				k.Applied = apply(k.Applied, []directory.Change{{Attribute: "proxyAddresses", After: []string{"SMTP:one@x.example", "smtp:old@x.example"}}})
			})}},
			nil,
			[]actual{change(there(one), func(a *actual) {
				a.Attributes = apply(a.Attributes, []directory.Change{{Attribute: "proxyAddresses", After: []string{"SMTP:one@x.example", "smtp:old@x.example"}}})
			})},
			[]string{"modify a proxyAddresses", "create n"},
		},
		{
			"renames in each other's way: the last first",
			[]directory.Wanted{as(one, "two"), as(two, "three"), as(three, "four")},
			nil,
			[]actual{there(one), there(two), there(three)},
			[]string{"rename c three→four", "modify c" + changed, "rename b two→three", "modify b" + changed, "rename a one→two", "modify a" + changed},
		},
		{
			"a cycle of renames: one is put aside",
			[]directory.Wanted{as(one, "two"), as(two, "one")},
			nil,
			[]actual{there(one), there(two)},
			[]string{
				"rename a one→aside-a", "modify a mail proxyAddresses", "rename b two→one", "modify b" + changed,
				"rename a aside-a→two", "modify a" + changed,
			},
		},
		{
			"a rename only of case",
			[]directory.Wanted{as(one, "ONE")},
			nil,
			[]actual{there(one)},
			[]string{"modify a displayName"},
		},
		{
			"a rename to what another one keeps",
			[]directory.Wanted{as(one, "two"), as(two, "two"), {Object: object("n", "one")}},
			nil,
			[]actual{there(one), there(two)},
			[]string{"conflict a", "wait n"},
		},
		{
			"a chain behind one that waits",
			[]directory.Wanted{as(one, "two"), change(as(two, "three"), func(w *directory.Wanted) { w.Known.Next = later.Add(1) })},
			nil,
			[]actual{there(one), there(two)},
			[]string{"wait b", "wait a"},
		},
		{
			"a chain behind a conflict",
			[]directory.Wanted{as(one, "two"), as(two, "three"), as(three, "three")},
			nil,
			[]actual{there(one), there(two), there(three)},
			[]string{"conflict b", "wait a"},
		},
		{
			"a name of a frozen one",
			[]directory.Wanted{{Object: object("n", "one")}, change(as(one, "one"), func(w *directory.Wanted) { w.Frozen = true })},
			nil,
			[]actual{there(one)},
			[]string{"conflict n"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan, err := directory.MakePlan(test.wanted, test.gone, test.found, options())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, show(plan.Steps)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}
