package storetest

import (
	"iter"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
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
		catalogRow{"rows of the directory do, too", ownDirectoryRows},
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
	invoices, letters := store.Owner{Library: "invoices"}, store.Owner{Library: "letters"}
	dist, contact := store.Owner{Distribution: "d"}, store.Owner{Contact: "c"}
	owners := all([]change{putLibraries("invoices", "letters"), putDistribution(distribution("d", "")), putFarmContact(farmContact("c", "c"))})
	group := putGroup(access.Group{Name: "g"})
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
		{"local part of libraries", owners, claim("local", invoices), claim("local", letters)},
		{"local part of a library and a distribution group", owners, claim("local", invoices), claim("local", dist)},
		{"local part of a distribution group and a contact", owners, claim("local", dist), claim("local", contact)},
		{"local part of a distribution group, twice", owners, claim("local", dist), claim("local", dist)},
		{"local part that is reserved", owners, claim("local", store.Owner{Was: "x"}), claim("local", invoices)},
		{"local part of an owner", owners, claim("local", invoices), claim("other", invoices)},
		{"distribution group of a group", group, putDistribution(distribution("d", "g")), putDistribution(distribution("e", "g"))},
		{"contact's alias", nothing, putFarmContact(farmContact("c", "a")), putFarmContact(farmContact("d", "a"))},
		{"open request", nothing, putRequest(request(0, "d", "pending")), putRequest(request(0, "d", "approved"))},
		{"entry's alias", nothing, putEntry(entry("a", "x")), putEntry(entry("b", "x"))},
		{"entry's address", nothing, putEntry(entry("a", "a"), "1"), putEntry(entry("b", "b"), "2", "1")},
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
		"DeleteGroup":     func(tx store.Tx) error { return tx.DeleteGroup("x") },
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

		"Distribution":       func(tx store.Tx) error { return second(tx.Distribution("x")) },
		"DistributionOf":     func(tx store.Tx) error { return second(tx.DistributionOf("x")) },
		"DeleteDistribution": func(tx store.Tx) error { return tx.DeleteDistribution("x") },
		"Request":            func(tx store.Tx) error { return second(tx.Request(1)) },
		"UpdateRequest":      updateRequest(request(1, "x", "pending"), request(1, "x", "approved")),
		"FarmContact":        func(tx store.Tx) error { return second(tx.FarmContact("x")) },
		"DeleteFarmContact":  func(tx store.Tx) error { return tx.DeleteFarmContact("x") },
		"KnownObject":        func(tx store.Tx) error { return second(tx.KnownObject("x")) },
		"KnownID":            func(tx store.Tx) error { return second(tx.KnownID("x", "x")) },
		"DeleteKnownObject":  func(tx store.Tx) error { return tx.DeleteKnownObject("x") },
		"DirectoryRun":       func(tx store.Tx) error { return second(tx.DirectoryRun("x")) },
		"Lease":              func(tx store.Tx) error { return second(tx.Lease("x")) },
		"Entry":              func(tx store.Tx) error { return second(tx.Entry("x")) },
		"EntryAt":            func(tx store.Tx) error { return second(tx.EntryAt("x")) },
		"EntryOf":            func(tx store.Tx) error { return second(tx.EntryOf("x")) },
		"DeleteEntry":        func(tx store.Tx) error { return tx.DeleteEntry("x") },
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
		"local part of no library":    claim("x", store.Owner{Library: "x"}),
		"local part of nothing":       claim("x", store.Owner{Distribution: "x"}),
		"local part of no contact":    claim("x", store.Owner{Contact: "x"}),
		"distribution without group":  putDistribution(distribution("d", "x")),
		"event of no request":         putEvent(directory.Event{Request: 1}),
		"directory without run":       func(tx store.Tx) error { return tx.PutDirectoryRun(directoryRun("x")) },
		"member of no entry":          addMember("x", "m"),
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
		putKnownObject(knownObject("a")), putKnownObject(knownObject("b")), putEntry(entry("a", "a")), putEntry(entry("b", "b")),
		putDirectoryWrite(directoryWrite(0, "r", "a", "x")), putDirectoryWrite(directoryWrite(0, "r", "a", "x")),
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

		"KnownObjects":      leave(tx.KnownObjects()),
		"DirectoryWrites":   leave(tx.DirectoryWrites("a")),
		"DirectoryWritesIn": leave(tx.DirectoryWritesIn("r")),
		"Entries":           leave(tx.Entries()),
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
