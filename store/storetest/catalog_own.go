package storetest

import (
	"fmt"
	"iter"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// ownRows writes over what it has stored and read; the catalog must not notice.
func ownRows(w catalogWorld) {
	u := access.User{Login: "alice", Addresses: []string{"a@example.com"}}
	g := access.Group{Name: "staff", Members: []access.Principal{{Kind: access.KindUser, Name: "alice"}}}
	l := library.Library{Name: "invoices", Site: "default", Settings: library.Settings{
		BlockedTypes: []string{"exe"}, Include: []string{"a"}, Exclude: []string{"b"},
	}}
	p := processed("run", "a", 1)
	p.Waiting = []string{"r"}
	w.update(
		putSite("default"), putGroup(g), putRun(run("run", noon)), putProcessed(p),
		func(tx store.Tx) error { return tx.InsertUser(u, u.Addresses) },
		func(tx store.Tx) error { return tx.InsertLibrary(l) },
	)
	texts := func() string {
		user := read(w, func(tx store.Tx) (access.User, error) { return tx.User("alice") })
		group := read(w, func(tx store.Tx) (access.Group, error) { return tx.Group("staff") })
		lib := read(w, func(tx store.Tx) (library.Library, error) { return tx.Library("invoices") })
		done := readAll(w, func(tx store.Tx) iter.Seq2[store.Processed, error] { return tx.ProcessedOf("run") })
		set := lib.Settings
		got := fmt.Sprint(user.Addresses, group.Members, set.BlockedTypes, set.Include, set.Exclude, done[0].Waiting)
		user.Addresses[0], group.Members[0].Name, done[0].Waiting[0] = "changed", "changed", "changed"
		set.BlockedTypes[0], set.Include[0], set.Exclude[0] = "changed", "changed", "changed"
		return got
	}
	u.Addresses[0], g.Members[0].Name, p.Waiting[0] = "changed", "changed", "changed"
	l.Settings.BlockedTypes[0], l.Settings.Include[0], l.Settings.Exclude[0] = "changed", "changed", "changed"
	const stored = "[a@example.com] [user:alice] [exe] [a] [b] [r]"
	equal(w, "after writing over what was put", texts(), stored)
	equal(w, "after writing over what was read", texts(), stored)
}

// ownDirectoryRows writes over what it has stored and read; the catalog must not notice.
func ownDirectoryRows(w catalogWorld) {
	d := store.Distribution{Key: "d", Members: []string{"1"}}
	k := directory.Known{Key: "k", Applied: directory.Attributes{"a": {"2"}}, Missing: []string{"3"}}
	done := store.DirectoryWrite{Key: "k", Changes: []directory.Change{{Attribute: "4", Before: []string{"5"}, After: []string{"6"}}}}
	e, keys := store.Entry{ID: "e", Attributes: directory.Attributes{"a": {"7"}}}, []string{"8"}
	change := func(d store.Distribution, k directory.Known, done store.DirectoryWrite, e store.Entry) {
		d.Members[0], k.Applied["a"][0], k.Missing[0], e.Attributes["a"][0] = "changed", "changed", "changed", "changed"
		k.Applied["b"], e.Attributes["b"] = []string{"changed"}, []string{"changed"}
		done.Changes[0].Before[0], done.Changes[0].After[0], done.Changes[0].Attribute = "changed", "changed", "changed"
	}
	w.update(putDistribution(d), putKnownObject(k), putDirectoryWrite(done), putEntry(e, keys...))
	texts := func() string {
		d, k, e, done := readDistribution(w, "d"), readKnown(w, "k"), readEntry(w, "e"), writesOf(w, "k")[0]
		got := fmt.Sprint(d.Members, k.Applied, k.Missing, done.Changes, e.Attributes)
		change(d, k, done, e)
		return got
	}
	change(d, k, done, e)
	keys[0] = "changed"
	const stored = "[1] map[a:[2]] [3] [{4 [5] [6]}] map[a:[7]]"
	equal(w, "after writing over what was put", texts(), stored)
	equal(w, "after writing over what was read", texts(), stored)
	w.update(putEntry(store.Entry{ID: "e"}))
	w.refused(fault.ErrNotFound, "EntryOf an address that was taken away", func(tx store.Tx) error { return second(tx.EntryOf("8")) })
}
