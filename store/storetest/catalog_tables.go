package storetest

import (
	"fmt"
	"iter"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// tableRows prove what holds for every table: uniqueness, references, absent rows, and
// sequences.
func tableRows() []catalogRow {
	var rows []catalogRow
	for _, u := range uniques() {
		rows = append(rows, catalogRow{"unique: " + u.what, func(w catalogWorld) {
			w.update(u.before, u.first)
			w.refused(fault.ErrConflict, u.what, u.second)
			w.update(func(tx store.Tx) error {
				_ = u.second(tx) // the transaction goes on without it
				return putSite("after")(tx)
			})
			equal(w, "the site put after it", siteNames(w)[0], "after")
		}})
	}
	return append(
		rows,
		catalogRow{"what is asked for and absent is not found", func(w catalogWorld) {
			for what, f := range absent() {
				w.refused(fault.ErrNotFound, what, f)
			}
		}},
		catalogRow{"a row that refers to an absent one is not found", func(w catalogWorld) {
			w.update(putLibraries("invoices"))
			for what, f := range dangling() {
				w.refused(fault.ErrNotFound, what, f)
			}
		}},
		catalogRow{"a sequence may be left early, and the transaction goes on", func(w catalogWorld) {
			fill(w)
			w.update(func(tx store.Tx) error {
				for what, leave := range sequences(tx) {
					if n, err := leave(); n != 1 || err != nil {
						w.Errorf("%s: got %d rows and error %v, want 1 row", what, n, err)
					}
				}
				return putSite("after")(tx)
			})
			equal(w, "the site put after it", siteNames(w)[0], "after")
		}},
		catalogRow{"a sequence may be read twice", func(w catalogWorld) {
			fill(w)
			err := w.viewed(func(tx store.Tx) error {
				seq := tx.Documents("")
				for range 2 {
					docs, err := collect(seq)
					if err != nil {
						return err
					}
					equal(w, "number of documents", len(docs), 2)
				}
				return nil
			})
			equal(w, "error of the View", err, nil)
		}},
		catalogRow{"rows belong to those who read or wrote them", ownRows},
	)
}

// unique is a value that only one row may have.
type unique struct {
	what                  string
	before, first, second change
}

func uniques() []unique {
	nothing := func(store.Tx) error { return nil }
	user := func(login string, keys ...string) change {
		return func(tx store.Tx) error { return tx.InsertUser(access.User{Login: login, Addresses: keys}, keys) }
	}
	claim := func(local string, o store.Owner) change {
		return func(tx store.Tx) error { return tx.ClaimLocalPart(local, o) }
	}
	invoices, letters := store.Owner{Library: "invoices"}, store.Owner{Library: "letters"}
	libraries := all([]change{putLibraries("invoices", "letters"), putGroup(access.Group{Name: "invoices"})})
	alice := access.Principal{Kind: access.KindUser, Name: "alice"}
	message := all([]change{putItem(item("m")), putItem(item("n"))})
	return []unique{
		{"site", nothing, putSite("z"), putSite("z")},
		{"library", putLibraries(), putLibrary("invoices"), putLibrary("invoices")},
		{"login", nothing, user("alice"), user("alice")},
		{"address of a user", nothing, user("alice", "a@example.com"), user("bob", "b@example.com", "a@example.com")},
		{"address within a user", nothing, user("alice"), user("bob", "a@example.com", "a@example.com")},
		{"group", nothing, putGroup(access.Group{Name: "g"}), putGroup(access.Group{Name: "g"})},
		{"member of a group", nothing, nothing, putGroup(access.Group{Name: "g", Members: []access.Principal{alice, alice}})},
		{"local part of libraries", libraries, claim("local", invoices), claim("local", letters)},
		{"local part of a library and a group", libraries, claim("local", invoices), claim("local", store.Owner{Group: "invoices"})},
		{"local part of an owner", libraries, claim("local", invoices), claim("other", invoices)},
		{"outcome of an item and recipient", message, putOutcome(outcome("m", "r", store.Filed)), putOutcome(outcome("m", "r", store.Held))},
		{"held mail of an outcome", nothing, putHeldMail("m", "r"), func(tx store.Tx) error {
			_, err := tx.InsertHeld(heldMail(0, "m", "r"))
			return err
		}},
		{
			"version of a document", putLibraries("invoices"),
			putDocument(document("invoices", "f", "a", 2)), putDocument(document("invoices", "f", "a", 2)),
		},
		{"run", nothing, putRun(run("r", noon)), putRun(run("r", noon.Add(time.Hour)))},
	}
}

// absent asks an empty catalog for a row of each table.
func absent() map[string]change {
	return map[string]change{
		"Library":         func(tx store.Tx) error { return second(tx.Library("x")) },
		"UpdateSite":      func(tx store.Tx) error { return tx.UpdateSite(library.Site{Name: "x"}) },
		"UpdateUser":      func(tx store.Tx) error { return tx.UpdateUser(access.User{Login: "x"}, nil) },
		"UpdateGroup":     func(tx store.Tx) error { return tx.UpdateGroup(access.Group{Name: "x"}) },
		"UpdateLibrary":   func(tx store.Tx) error { return tx.UpdateLibrary(library.Library{Name: "x"}) },
		"DeleteLibrary":   func(tx store.Tx) error { return tx.DeleteLibrary("x") },
		"OwnerOf":         func(tx store.Tx) error { return second(tx.OwnerOf("x")) },
		"User":            func(tx store.Tx) error { return second(tx.User("x")) },
		"UserAt":          func(tx store.Tx) error { return second(tx.UserAt("x")) },
		"Group":           func(tx store.Tx) error { return second(tx.Group("x")) },
		"DeleteGrant":     func(tx store.Tx) error { return tx.DeleteGrant(access.Scope{}, access.Principal{}) },
		"Item":            func(tx store.Tx) error { return second(tx.Item(sum("x"))) },
		"HeldByID":        func(tx store.Tx) error { return second(tx.HeldByID(1)) },
		"EndHeld":         endHeld(1, store.HeldRefused),
		"BindEnd":         bindEnd(1, "r", sum("a")),
		"AnnounceHeld":    func(tx store.Tx) error { return tx.AnnounceHeld(1, noon) },
		"Sweep":           func(tx store.Tx) error { return second(tx.Sweep("x")) },
		"CurrentDocument": func(tx store.Tx) error { return second(tx.CurrentDocument("x", "", "a")) },
		"FolderName":      func(tx store.Tx) error { return second(tx.FolderName("x", "f")) },
		"Run":             func(tx store.Tx) error { return second(tx.Run("x")) },
		"UpdateRun":       func(tx store.Tx) error { return tx.UpdateRun(store.Run{ID: "x"}) },
	}
}

// dangling inserts rows that refer to absent ones, in a catalog with the library
// invoices.
func dangling() map[string]change {
	unstored := document("invoices", "", "a", 1)
	homeless := document("x", "", "a", 1)
	elsewhere := publication("a", 1)
	elsewhere.Library = "x"
	return map[string]change{
		"library without site":        func(tx store.Tx) error { return tx.InsertLibrary(library.Library{Name: "y", Site: "x"}) },
		"library moved to no site":    func(tx store.Tx) error { return tx.UpdateLibrary(library.Library{Name: "invoices", Site: "x"}) },
		"group without site":          putGroup(access.Group{Name: "y", Site: "x"}),
		"local part of no library":    func(tx store.Tx) error { return tx.ClaimLocalPart("x", store.Owner{Library: "x"}) },
		"local part of no group":      func(tx store.Tx) error { return tx.ClaimLocalPart("x", store.Owner{Group: "x"}) },
		"outcome without item":        putOutcome(outcome("x", "r", store.Filed)),
		"held mail without outcome":   all([]change{putBlob("x"), func(tx store.Tx) error { return second(tx.InsertHeld(heldMail(0, "x", "r"))) }}),
		"held mail without blob":      heldWithoutBlob,
		"document without blob":       func(tx store.Tx) error { return tx.InsertDocument(unstored) },
		"document without library":    putDocument(homeless),
		"publication without library": putPublication(elsewhere),
		"header for no library":       all([]change{putItem(item("x")), putHeader("x", "x", "h")}),
		"header of no item":           putHeader("invoices", "y", "h"),
		"number in no library":        func(tx store.Tx) error { return second(tx.NextNumber("x", "", "a")) },
		"message without run":         putProcessed(processed("x", "a", 1)),
		"sweep without run":           func(tx store.Tx) error { return tx.PutSweep(store.Sweep{Run: "x"}) },
	}
}

func heldWithoutBlob(tx store.Tx) error {
	h := heldMail(0, "x", "r")
	for _, f := range []change{putItem(h.Item), putOutcome(h.Outcome)} {
		if err := f(tx); err != nil {
			return err
		}
	}
	return second(tx.InsertHeld(h))
}

// second returns the error of a method that returns two values.
func second[V any](_ V, err error) error { return err }

// fill gives each table two rows.
func fill(w catalogWorld) {
	w.update(
		putLibraries("invoices"), putHeldMail("m", "r"), putHeldMail("n", "r"),
		putDocument(document("invoices", "", "a", 1)), putDocument(document("invoices", "", "b", 1)),
		putRun(run("run", noon)), putProcessed(processed("run", "m", 1)), putProcessed(processed("run", "n", 2)),
		putDocument(document("invoices", "", "c", 1)), putRemoval(removal("invoices", "", "c", 2, noon)),
		putDocument(document("invoices", "", "d", 1)), putRemoval(removal("invoices", "", "d", 2, noon)),
		putBlob("x"), putBlob("y"), doomBlob("e", noon), doomBlob("f", noon),
	)
}

// sequences are the sequences of a filled catalog, each with a function that leaves it
// after the first row and says how many it saw.
func sequences(tx store.Tx) map[string]func() (int, error) {
	return map[string]func() (int, error){
		"OutcomesOfRun":    leave(tx.OutcomesOfRun("run")),
		"SettledIn":        leave(tx.SettledIn("run")),
		"Held":             leave(tx.Held()),
		"HeldBlobs":        leave(tx.HeldBlobs()),
		"Documents":        leave(tx.Documents("")),
		"DocumentBlobs":    leave(tx.DocumentBlobs()),
		"RemovedDocuments": leave(tx.RemovedDocuments("")),
		"RemovedVersions":  leave(tx.RemovedVersions(noon)),
		"SurplusVersions":  leave(tx.SurplusVersions("invoices", 0)),
		"Blobs":            leave(tx.Blobs()),
		"Unreferenced":     leave(tx.Unreferenced()),
		"Doomed":           leave(tx.Doomed(noon)),
		"ProcessedOf":      leave(tx.ProcessedOf("run")),
		"ProcessedAt":      leave(tx.ProcessedAt("m")),
	}
}

func leave[V any](seq iter.Seq2[V, error]) func() (int, error) {
	return func() (n int, err error) {
		for _, err = range seq {
			n++
			break
		}
		return n, err
	}
}

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
