package storetest

import (
	"math"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// oddNames are names in the order of their bytes, which no language would choose.
func oddNames() []string { return []string{"0", "a", "a-b", "a.b", "a0", "a_b", "ab", "b"} }

func libraryRows() []catalogRow {
	return []catalogRow{
		{"sites come as they were put, by name", func(w catalogWorld) {
			names := oddNames()
			for i := range names {
				w.update(putSite(names[len(names)-1-i]))
			}
			equal(w, "sites", siteNames(w), names)
			equal(w, "first site", read(w, store.Tx.Sites)[0], library.Site{Name: "0", Title: "Site 0"})
		}},
		{"UpdateSite changes the title", func(w catalogWorld) {
			w.update(putSite("a"), putSite("b"), func(tx store.Tx) error { return tx.UpdateSite(library.Site{Name: "a", Title: hostile}) })
			equal(w, "sites", read(w, store.Tx.Sites), []library.Site{{Name: "a", Title: hostile}, {Name: "b", Title: "Site b"}})
		}},
		{"libraries come as they were put, by name, archived ones included", func(w catalogWorld) {
			full := library.Library{
				Name: "z", Site: "default", Title: hostile, LocalPart: "Z" + hostile, Inherit: true, Archived: true,
				Settings: library.Settings{
					Accept: library.AcceptAnyone, SenderTrust: "proven", Folders: library.FoldersSubject, Overwrite: true, Versions: 7,
					SaveOriginal: true, SaveMeetings: true, Inline: library.InlineSave, MaxFileSize: math.MaxInt64,
					BlockedTypes: []string{"exe", hostile}, Blocked: library.BlockedSkip, MaxMessageSize: math.MaxInt64,
					Include: []string{"*", hostile}, Exclude: []string{hostile}, SaveBody: library.BodyHTML, SaveHeaders: true,
					NameTemplate: hostile, Plus: library.PlusFolder,
				},
			}
			plain := library.Library{Name: "a", Site: "default"}
			w.update(putLibraries(), putLibraryAs(full), putLibraryAs(plain))
			equal(w, "libraries", read(w, store.Tx.Libraries), []library.Library{plain, full})
			equal(w, "library", readLibrary(w, "z"), full)
		}},
		{"UpdateLibrary changes everything but the name", func(w catalogWorld) {
			l := library.Library{
				Name: "invoices", Site: "other", Title: "t", LocalPart: "l", Inherit: true, Archived: true,
				Settings: library.Settings{Overwrite: true},
			}
			w.update(putLibraries("invoices", "letters"), putSite("other"), func(tx store.Tx) error { return tx.UpdateLibrary(l) })
			equal(w, "library", readLibrary(w, "invoices"), l)
			equal(w, "the other one", readLibrary(w, "letters"), library.Library{Name: "letters", Site: "default"})
		}},
		{"DeleteLibrary takes grants, local part and numbers with it", deletedLibrary},
		{"DeleteLibrary is refused while documents refer to it", func(w catalogWorld) {
			w.update(putLibraries("invoices"), putDocument(document("invoices", "", "a", 1)), grantTo("invoices", "alice"))
			w.refused(fault.ErrConflict, "DeleteLibrary", func(tx store.Tx) error { return tx.DeleteLibrary("invoices") })
			equal(w, "number of grants", len(read(w, readGrants())), 1)
			equal(w, "library", readLibrary(w, "invoices").Name, "invoices")
		}},
	}
}

func deletedLibrary(w catalogWorld) {
	number := func(name string) change {
		return func(tx store.Tx) error { return second(tx.NextNumber(name, "", "a")) }
	}
	siteGrant := access.Grant{
		Scope:     access.Scope{Kind: access.ScopeSite, Name: "invoices"},
		Principal: access.Principal{Kind: access.KindEveryone}, Level: access.Read,
	}
	w.update(
		putLibraries("invoices", "letters"), number("invoices"), number("letters"),
		grantTo("invoices", "alice"), grantTo("letters", "alice"),
		func(tx store.Tx) error { return tx.PutGrant(siteGrant) },
		func(tx store.Tx) error { return tx.ClaimLocalPart("docs", store.Owner{Library: "invoices"}) },
		func(tx store.Tx) error { return tx.ClaimLocalPart("letters", store.Owner{Library: "letters"}) },
		func(tx store.Tx) error { return tx.DeleteLibrary("invoices") },
	)
	var scopes []access.Scope
	for _, g := range read(w, readGrants()) {
		scopes = append(scopes, g.Scope)
	}
	equal(w, "scopes of the grants left", scopes, []access.Scope{{Kind: access.ScopeLibrary, Name: "letters"}, siteGrant.Scope})
	equal(w, "owner left", readOwner(w, "letters"), store.Owner{Library: "letters"})
	w.refused(fault.ErrNotFound, "OwnerOf", func(tx store.Tx) error { return second(tx.OwnerOf("docs")) })
	w.refused(fault.ErrNotFound, "Library", func(tx store.Tx) error { return second(tx.Library("invoices")) })
	w.update(putLibrary("invoices"), func(tx store.Tx) error {
		n, err := tx.NextNumber("invoices", "", "a")
		equal(w, "number in a new library", n, 2)
		return err
	})
}

func putLibraryAs(l library.Library) change {
	return func(tx store.Tx) error { return tx.InsertLibrary(l) }
}

func grantTo(libraryName, login string) change {
	return func(tx store.Tx) error {
		return tx.PutGrant(access.Grant{
			Scope:     access.Scope{Kind: access.ScopeLibrary, Name: libraryName},
			Principal: access.Principal{Kind: access.KindUser, Name: login}, Level: access.Contribute,
		})
	}
}

func readGrants(scopes ...access.Scope) func(store.Tx) ([]access.Grant, error) {
	return func(tx store.Tx) ([]access.Grant, error) { return tx.Grants(scopes...) }
}

func readLibrary(w catalogWorld, name string) library.Library {
	w.Helper()
	return read(w, func(tx store.Tx) (library.Library, error) { return tx.Library(name) })
}
