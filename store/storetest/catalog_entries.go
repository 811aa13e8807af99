package storetest

import (
	"mailchute/pkg/fault"
	"mailchute/store"
)

// entryRows are the entries of the built-in directory.
func entryRows() []catalogRow {
	return []catalogRow{
		{"entries come as they were put, by ID", func(w catalogWorld) {
			names := oddNames()
			var want []store.Entry
			for i, name := range names {
				want = append(want, entry(name, names[len(names)-1-i]+hostile))
			}
			want[3] = store.Entry{ID: names[3], Alias: "bare"}
			for i := range want {
				w.update(putEntry(want[(i*3)%len(want)]))
			}
			equal(w, "entries", readAll(w, store.Tx.Entries), want)
			equal(w, "entry", readEntry(w, "a-b"), want[2])
			at := read(w, func(tx store.Tx) (store.Entry, error) { return tx.EntryAt(want[2].Alias) })
			equal(w, "entry at its alias", at, want[2])
		}},
		{"PutEntry changes everything but the ID, and the members stay", movedEntry},
		{"an address of an entry is the entry's until it is put without it", func(w catalogWorld) {
			w.update(putEntry(entry("a", "a"), "1", hostile, "1"), putEntry(entry("b", "b"), "3"))
			equal(w, "entry of 1", entryOf(w, "1"), "a")
			equal(w, "entry of another address", entryOf(w, hostile), "a")
			w.refused(fault.ErrConflict, "PutEntry with another's address", putEntry(entry("b", "c"), "3", "1"))
			equal(w, "entry after that", readEntry(w, "b"), entry("b", "b"))
			equal(w, "entry of 3", entryOf(w, "3"), "b")
			w.update(putEntry(entry("a", "a"), hostile, "4"), putEntry(entry("b", "b"), "1"))
			equal(w, "entry of 1 after it moved", entryOf(w, "1"), "b")
			equal(w, "entry of 4", entryOf(w, "4"), "a")
			w.refused(fault.ErrNotFound, "EntryOf an address that was taken away", func(tx store.Tx) error { return second(tx.EntryOf("3")) })
		}},
		{"members come sorted, each once, and go", func(w catalogWorld) {
			names := oddNames()
			w.update(putEntry(entry("g", "g")), putEntry(entry("h", "h")), addMember("h", "a"))
			for i := range names {
				w.update(addMember("g", names[(i*3)%len(names)]), addMember("g", "a"))
			}
			equal(w, "members", entryMembers(w, "g"), names)
			equal(w, "groups of a", entryGroups(w, "a"), []string{"g", "h"})
			remove := func(tx store.Tx) error { return tx.RemoveEntryMember("g", "a") }
			w.update(remove, remove, func(tx store.Tx) error { return tx.RemoveEntryMember("x", "a") })
			equal(w, "members without a", entryMembers(w, "g"), append(names[:1:1], names[2:]...))
			equal(w, "groups of a after that", entryGroups(w, "a"), []string{"h"})
			equal(w, "members of nothing", entryMembers(w, "x"), nil)
			equal(w, "groups of nobody", entryGroups(w, "x"), nil)
		}},
		{"DeleteEntry takes its addresses and members with it, and it leaves all groups", func(w catalogWorld) {
			remove := func(tx store.Tx) error { return tx.DeleteEntry("a") }
			w.update(putEntry(entry("a", "a"), "1"), putEntry(entry("g", "g"), "2"),
				addMember("a", "m"), addMember("a", "a"), addMember("g", "a"), addMember("g", "m"), remove)
			equal(w, "entries", readAll(w, store.Tx.Entries), []store.Entry{entry("g", "g")})
			equal(w, "members of the other", entryMembers(w, "g"), []string{"m"})
			equal(w, "groups of its member", entryGroups(w, "m"), []string{"g"})
			equal(w, "groups that it was in", entryGroups(w, "a"), nil)
			w.refused(fault.ErrNotFound, "EntryOf its address", func(tx store.Tx) error { return second(tx.EntryOf("1")) })
			w.refused(fault.ErrNotFound, "EntryAt its alias", func(tx store.Tx) error { return second(tx.EntryAt("a")) })
			w.refused(fault.ErrNotFound, "DeleteEntry once more", remove)
			w.update(putEntry(entry("a", "a"), "1"))
			equal(w, "members of a new one", entryMembers(w, "a"), nil)
		}},
	}
}

func movedEntry(w catalogWorld) {
	before, other := entry("a", "a"), entry("b", "b")
	w.update(putEntry(before, "1"), putEntry(other, "2"), addMember("a", "m"), addMember("b", "a"))
	w.refused(fault.ErrConflict, "PutEntry with another's alias", putEntry(entry("a", "b"), "3"))
	equal(w, "entry after that", readEntry(w, "a"), before)
	equal(w, "its address", entryOf(w, "1"), "a")
	w.update(putEntry(before, "1")) // its own alias and address are free to it
	after := store.Entry{ID: "a", Alias: "c"}
	w.update(putEntry(after, "1"))
	equal(w, "entries", readAll(w, store.Tx.Entries), []store.Entry{after, other})
	equal(w, "members", entryMembers(w, "a"), []string{"m"})
	equal(w, "groups", entryGroups(w, "a"), []string{"b"})
	w.refused(fault.ErrNotFound, "EntryAt the alias that it had", func(tx store.Tx) error { return second(tx.EntryAt("a")) })
	w.update(putEntry(entry("n", "a")))
}

func readEntry(w catalogWorld, id string) store.Entry {
	w.Helper()
	return read(w, func(tx store.Tx) (store.Entry, error) { return tx.Entry(id) })
}

func entryOf(w catalogWorld, addressKey string) string {
	w.Helper()
	return read(w, func(tx store.Tx) (string, error) { return tx.EntryOf(addressKey) })
}

func entryMembers(w catalogWorld, id string) []string {
	w.Helper()
	return read(w, func(tx store.Tx) ([]string, error) { return tx.EntryMembers(id) })
}

func entryGroups(w catalogWorld, member string) []string {
	w.Helper()
	return read(w, func(tx store.Tx) ([]string, error) { return tx.EntryGroups(member) })
}
