package storetest

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// removalRows are documents that were removed, and the headers that are kept with others.
func removalRows() []catalogRow {
	return []catalogRow{
		{"a version may say that the document was removed", func(w catalogWorld) {
			first, removed := document("invoices", "f", "a", 1), removal("invoices", "f", "a", 2, noon)
			w.update(putLibraries("invoices"), putDocument(first), putRemoval(removed))
			equal(w, "current", currentDocument(w, "invoices", "f", "a"), removed)
			got := read(w, func(tx store.Tx) ([]store.Document, error) {
				return tx.Versions("invoices", first.FolderKey, first.NameKey)
			})
			equal(w, "versions", got, []store.Document{first, removed})
			equal(w, "blobs", readAll(w, store.Tx.DocumentBlobs), []message.Digest{first.Content.Digest})
			equal(w, "versions of no item", readAll(w, store.Tx.StrayDocuments), []store.Document{removed})
			equal(w, "keys", read(w, func(tx store.Tx) ([]store.Key, error) { return tx.Keys(store.Key{}, 0) }), []store.Key{first.Key})
		}},
		{"Documents leaves out what was removed, and RemovedDocuments yields that", func(w catalogWorld) {
			again := document("invoices", "", "c", 3)
			w.update(putLibraries("invoices", "letters"),
				putDocument(document("invoices", "", "a", 1)), putRemoval(removal("invoices", "", "a", 2, noon)),
				putDocument(document("invoices", "", "b", 1)),
				putDocument(document("invoices", "", "c", 1)), putRemoval(removal("invoices", "", "c", 2, noon)), putDocument(again),
				putDocument(document("invoices", "f", "d", 1)), putRemoval(removal("invoices", "f", "d", 2, noon)),
				putDocument(document("letters", "", "a", 1)), putRemoval(removal("letters", "", "a", 2, noon)))
			listed := func(f func(tx store.Tx) iter.Seq2[store.Document, error]) string { return versionsOf(readAll(w, f)) }
			for l, want := range map[string][2]string{
				"":         {"invoices||b 1, invoices||c 3", "invoices||a 2, invoices|f|d 2, letters||a 2"},
				"invoices": {"invoices||b 1, invoices||c 3", "invoices||a 2, invoices|f|d 2"},
				"letters":  {"", "letters||a 2"},
				"x":        {"", ""},
			} {
				got := [2]string{
					listed(func(tx store.Tx) iter.Seq2[store.Document, error] { return tx.Documents(l) }),
					listed(func(tx store.Tx) iter.Seq2[store.Document, error] { return tx.RemovedDocuments(l) }),
				}
				equal(w, "documents and removed ones of "+l, got, want)
			}
		}},
		{"RemovedVersions yields each that was removed by a time and not swept, once", removedVersions},
		{"a removal is no version among those that a library keeps", func(w catalogWorld) {
			w.update(putLibraries("invoices"),
				putDocument(document("invoices", "", "a", 1)), putDocument(document("invoices", "", "a", 2)),
				putRemoval(removal("invoices", "", "a", 3, noon)), putDocument(document("invoices", "", "a", 4)),
				putRemoval(removal("invoices", "", "a", 5, noon)))
			for keep, want := range map[int]string{
				0: "invoices||a 1, invoices||a 2, invoices||a 4", 1: "invoices||a 1, invoices||a 2", 2: "invoices||a 1", 3: "",
			} {
				got := readAll(w, func(tx store.Tx) iter.Seq2[store.Document, error] { return tx.SurplusVersions("invoices", keep) })
				equal(w, fmt.Sprintf("surplus beyond %d", keep), versionsOf(got), want)
			}
		}},
		{"DropVersion is refused for a removal", func(w catalogWorld) {
			removed := removal("invoices", "", "a", 2, noon)
			w.update(putLibraries("invoices"), putDocument(document("invoices", "", "a", 1)), putRemoval(removed))
			w.refused(fault.ErrStale, "DropVersion", dropVersion(removed))
		}},
		{"a header is kept once for each library and item, and goes with the library", keptHeaders},
	}
}

func removedVersions(w catalogWorld) {
	later := noon.Add(time.Microsecond)
	w.update(putLibraries("invoices", "letters"))
	w.update(
		// Removed twice, with a document after that.
		putDocument(document("letters", "", "a", 1)), putDocument(document("letters", "", "a", 2)),
		putRemoval(removal("letters", "", "a", 3, noon)), putDocument(document("letters", "", "a", 4)),
		putRemoval(removal("letters", "", "a", 5, later)), putDocument(document("letters", "", "a", 6)),
		// The first of them is swept.
		putDocument(document("invoices", "f", "b", 9)), putDocument(document("invoices", "f", "b", 10)),
		putRemoval(removal("invoices", "f", "b", 11, noon)), dropVersion(document("invoices", "f", "b", 9)),
		// Not removed, and beside one that is.
		putDocument(document("invoices", "f", "a", 1)),
		putDocument(document("invoices", "f", "c", 1)), putRemoval(removal("invoices", "f", "c", 2, later)))
	for by, want := range map[time.Time]string{
		noon.Add(-time.Microsecond): "",
		noon:                        "invoices|f|b 10, letters||a 1, letters||a 2",
		later:                       "invoices|f|b 10, invoices|f|c 1, letters||a 1, letters||a 2, letters||a 4",
	} {
		got := readAll(w, func(tx store.Tx) iter.Seq2[store.Document, error] { return tx.RemovedVersions(by) })
		equal(w, "removed by "+by.String(), versionsOf(got), want)
	}
}

func keptHeaders(w catalogWorld) {
	header := func(l, name string) string {
		return read(w, func(tx store.Tx) (string, error) { return tx.Header(l, sum(name)) })
	}
	long := strings.Repeat(hostile, 1000)
	w.update(putLibraries("invoices", "letters"), putItem(item("m")), putItem(item("n")),
		putHeader("invoices", "m", long), putHeader("invoices", "m", "another"), putHeader("letters", "m", "of letters"))
	equal(w, "header", header("invoices", "m"), long)
	equal(w, "header for another library", header("letters", "m"), "of letters")
	equal(w, "header of another item", header("invoices", "n"), "")
	w.update(func(tx store.Tx) error { return tx.DeleteLibrary("invoices") }, putLibrary("invoices"))
	equal(w, "header in a new library", header("invoices", "m"), "")
	equal(w, "header that is left", header("letters", "m"), "of letters")
}

// versionsOf names versions in their order: library|folder|name version.
func versionsOf(docs []store.Document) string {
	var names []string
	for _, d := range docs {
		names = append(names, fmt.Sprintf("%s|%s|%s %d", d.Library, d.Folder, d.Name, d.Version))
	}
	return strings.Join(names, ", ")
}
