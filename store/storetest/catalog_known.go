package storetest

import (
	"iter"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// knownRows are the objects that a directory has of ours, and what was changed in it.
func knownRows() []catalogRow {
	return []catalogRow{
		{"known objects come as they were put, by key", func(w catalogWorld) {
			names := oddNames()
			var want []directory.Known
			for _, name := range names {
				want = append(want, knownObject(name))
			}
			want[3] = directory.Known{Key: names[3]}
			for i := range want {
				w.update(putKnownObject(want[(i*3)%len(want)]))
			}
			equal(w, "known objects", readAll(w, store.Tx.KnownObjects), want)
			equal(w, "known object", readKnown(w, "a-b"), want[2])
		}},
		{"PutKnownObject replaces, DeleteKnownObject deletes that of the key", func(w catalogWorld) {
			after := directory.Known{Key: "a", Backend: "builtin", ID: "new", Applied: directory.Attributes{"cn": {"x"}}}
			remove := func(tx store.Tx) error { return tx.DeleteKnownObject("b") }
			w.update(putKnownObject(knownObject("a")), putKnownObject(knownObject("b")), putKnownObject(knownObject("c")), putKnownObject(after), remove)
			equal(w, "known objects", readAll(w, store.Tx.KnownObjects), []directory.Known{after, knownObject("c")})
			w.refused(fault.ErrNotFound, "DeleteKnownObject once more", remove)
		}},
		{"KnownID finds by back end and ID", knownIDs},
		{"changes of the directory are numbered, and found by key, by whose the object is, and by run", foundWrites},
		{"what a run did in the directory is replaced and goes with the run", func(w catalogWorld) {
			put := func(d store.DirectoryRun) change { return func(tx store.Tx) error { return tx.PutDirectoryRun(d) } }
			get := func(id string) store.DirectoryRun {
				return read(w, func(tx store.Tx) (store.DirectoryRun, error) { return tx.DirectoryRun(id) })
			}
			w.update(putRun(closed("a", noon, 1)), putRun(closed("b", noon, 2)), put(store.DirectoryRun{Run: "a", Created: 9}), put(directoryRun("a")), put(directoryRun("b")))
			equal(w, "run", get("a"), directoryRun("a"))
			w.update(func(tx store.Tx) error { return tx.DeleteRuns(1) }, putRun(run("a", noon)))
			w.refused(fault.ErrNotFound, "DirectoryRun of a deleted run", func(tx store.Tx) error { return second(tx.DirectoryRun("a")) })
			equal(w, "run that is left", get("b"), directoryRun("b"))
		}},
		{"a lease is the last one's who took it", func(w catalogWorld) {
			put := func(l store.Lease) change { return func(tx store.Tx) error { return tx.PutLease(l) } }
			get := func(name string) store.Lease {
				return read(w, func(tx store.Tx) (store.Lease, error) { return tx.Lease(name) })
			}
			last := store.Lease{Name: "dms", Process: hostile, At: noon.Add(time.Hour)}
			w.update(put(store.Lease{Name: "dms", Process: "a", At: noon}), put(store.Lease{Name: hostile}), put(last))
			equal(w, "lease", get("dms"), last)
			equal(w, "other lease", get(hostile), store.Lease{Name: hostile})
		}},
		{"the times of known objects, changes and leases keep their microseconds, in UTC", func(w catalogWorld) {
			at := noon.Add(999 * time.Nanosecond).In(time.FixedZone("east", 3600))
			k, done := knownObject("k"), directoryWrite(0, "r", "k", "")
			k.Next, k.At, done.At = at, at, at
			w.update(putKnownObject(k), putDirectoryWrite(done),
				func(tx store.Tx) error { return tx.PutLease(store.Lease{Name: "l", At: at}) })
			k = readKnown(w, "k")
			l := read(w, func(tx store.Tx) (store.Lease, error) { return tx.Lease("l") })
			for _, g := range []time.Time{k.Next, k.At, l.At, writesOf(w, "k")[0].At} {
				if g != noon { // not Equal: the location counts, too
					w.Errorf("got %#v, want %#v", g, noon)
				}
			}
		}},
	}
}

func knownIDs(w catalogWorld) {
	a, b, c := knownObject("a"), knownObject("b"), knownObject("c")
	b.Backend, b.ID = "builtin", a.ID
	c.ID = ""
	w.update(putKnownObject(a), putKnownObject(b), putKnownObject(c))
	at := func(backend, id string) string {
		return read(w, func(tx store.Tx) (string, error) { return tx.KnownID(backend, id) })
	}
	gone := func(backend, id string) {
		w.refused(fault.ErrNotFound, "KnownID", func(tx store.Tx) error { return second(tx.KnownID(backend, id)) })
	}
	equal(w, "key", at(a.Backend, a.ID), "a")
	equal(w, "key in another back end", at("builtin", a.ID), "b")
	gone(a.Backend, "")
	gone("x", a.ID)
	before := a
	a.ID = "recreated"
	w.update(putKnownObject(a))
	equal(w, "key of the new ID", at(a.Backend, "recreated"), "a")
	gone(before.Backend, before.ID)
	w.update(func(tx store.Tx) error { return tx.DeleteKnownObject("b") })
	gone("builtin", b.ID)
}

func foundWrites(w catalogWorld) {
	of := "group " + hostile
	w.update(
		putDirectoryWrite(directoryWrite(0, "r", "k", of)),
		putDirectoryWrite(directoryWrite(0, "s", "l", of)),
		putDirectoryWrite(directoryWrite(0, "r", "k", "renamed")),
		putDirectoryWrite(directoryWrite(0, "s", "m", "k")),
		putDirectoryWrite(store.DirectoryWrite{Key: "n"}),
		putDirectoryWrite(directoryWrite(0, "r", "k", "k")),
	)
	first, second, third := directoryWrite(1, "r", "k", of), directoryWrite(2, "s", "l", of), directoryWrite(3, "r", "k", "renamed")
	fourth, sixth := directoryWrite(4, "s", "m", "k"), directoryWrite(6, "r", "k", "k")
	equal(w, "changes by key", writesOf(w, "k"), []store.DirectoryWrite{first, third, fourth, sixth})
	equal(w, "changes by whose it is", writesOf(w, of), []store.DirectoryWrite{first, second})
	equal(w, "the bare one", writesOf(w, "n"), []store.DirectoryWrite{{ID: 5, Key: "n"}})
	equal(w, "changes of nothing", writesOf(w, "x"), nil)
	in := func(run string) []store.DirectoryWrite {
		return readAll(w, func(tx store.Tx) iter.Seq2[store.DirectoryWrite, error] { return tx.DirectoryWritesIn(run) })
	}
	equal(w, "changes in a run", in("r"), []store.DirectoryWrite{first, third, sixth})
	equal(w, "changes in the other run", in("s"), []store.DirectoryWrite{second, fourth})
	equal(w, "changes in no run", in("x"), nil)
}

func writesOf(w catalogWorld, keyOrOf string) []store.DirectoryWrite {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.DirectoryWrite, error] { return tx.DirectoryWrites(keyOrOf) })
}

func readKnown(w catalogWorld, key string) directory.Known {
	w.Helper()
	return read(w, func(tx store.Tx) (directory.Known, error) { return tx.KnownObject(key) })
}
