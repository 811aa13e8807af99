package storetest

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func documentRows() []catalogRow {
	return []catalogRow{
		{"the current document is the highest version", func(w catalogWorld) {
			second := document("invoices", "f", "a", 10)
			second.Name, second.Content.Digest = "A", sum("second")
			w.update(putLibraries("invoices"), putDocument(second), putDocument(document("invoices", "f", "a", 9)))
			equal(w, "current", currentDocument(w, "invoices", "f", "a"), second)
			got := read(w, func(tx store.Tx) ([]store.Document, error) {
				return tx.Versions("invoices", second.FolderKey, second.NameKey)
			})
			equal(w, "versions, oldest first", got, []store.Document{document("invoices", "f", "a", 9), second})
			got = read(w, func(tx store.Tx) ([]store.Document, error) { return tx.Versions("invoices", "f", "other") })
			equal(w, "versions of an unknown document", got, nil)
		}},
		{"library, folder and name tell documents apart", func(w catalogWorld) {
			docs := []store.Document{
				document("invoices", "", "a", 1), document("invoices", "", "b", 1),
				document("invoices", "a", "", 1), document("letters", "", "a", 1),
			}
			w.update(putLibraries("invoices", "letters"))
			for i := range docs {
				docs[i].Author = fmt.Sprint(i)
				w.update(putDocument(docs[i]))
			}
			for _, d := range docs {
				equal(w, "current", currentDocument(w, d.Library, d.Folder, d.Name), d)
			}
		}},
		{"a document may have no bytes and no item", func(w catalogWorld) {
			bare := store.Document{Library: "invoices", Name: "a", NameKey: "a", Version: 1}
			w.update(putLibraries("invoices"), func(tx store.Tx) error { return tx.InsertDocument(bare) })
			got := readAll(w, func(tx store.Tx) iter.Seq2[store.Document, error] { return tx.Documents("") })
			equal(w, "documents", got, []store.Document{bare})
			equal(w, "blobs", readAll(w, store.Tx.DocumentBlobs), nil)
		}},
		{"Documents yields current versions by library, folder and name", listedDocuments},
		{"DocumentsOf returns every version that came from an item", func(w catalogWorld) {
			want := []store.Document{
				document("invoices", "", "a", 9), document("invoices", "", "a", 10),
				document("invoices", "f", "a", 1), document("letters", "", "a", 1),
			}
			other := document("letters", "", "a", 2)
			other.Key = sum("other")
			w.update(putLibraries("invoices", "letters"), putDocument(other))
			for _, i := range []int{3, 1, 2, 0} {
				w.update(putDocument(want[i]))
			}
			of := func(name string) []store.Document {
				return read(w, func(tx store.Tx) ([]store.Document, error) { return tx.DocumentsOf(sum(name)) })
			}
			equal(w, "documents", of("item"), want)
			equal(w, "documents of another item", of("other"), []store.Document{other})
			equal(w, "documents of no item", of("x"), nil)
		}},
		{"CurrentVersion is the highest, 0 where there is none", func(w catalogWorld) {
			w.update(putLibraries("invoices"), putDocument(document("invoices", "", "a", 1)), putDocument(document("invoices", "", "a", 2)))
			for name, want := range map[string]int{"a": 2, "b": 0} {
				got := read(w, func(tx store.Tx) (int, error) { return tx.CurrentVersion("invoices", "key of ", "key of "+name) })
				equal(w, "version of "+name, got, want)
			}
		}},
		{"NameInRoot tells documents of the root from folders", func(w catalogWorld) {
			inRoot := func(l, name string, version int) store.Document {
				d := document(l, "", name, version)
				d.FolderKey, d.NameKey = "", name
				return d
			}
			inFolder := document("invoices", "f", "f", 3)
			inFolder.FolderKey, inFolder.NameKey = "f", "f"
			w.update(putLibraries("invoices", "letters"), putDocument(inRoot("invoices", "a", 1)), putDocument(inRoot("invoices", "a", 2)),
				putDocument(inFolder), putDocument(inRoot("letters", "b", 1)))
			type found struct {
				Version int
				Folder  bool
			}
			for name, want := range map[string]found{"a": {Version: 2}, "f": {Folder: true}, "b": {}} {
				got := read(w, func(tx store.Tx) (f found, err error) {
					f.Version, f.Folder, err = tx.NameInRoot("invoices", name)
					return f, err
				})
				equal(w, "name "+name, got, want)
			}
		}},
		{"FolderName returns the spelling that the folder's documents have", func(w catalogWorld) {
			w.update(putLibraries("invoices", "letters"),
				putDocument(document("invoices", hostile, "a", 1)), putDocument(document("letters", "other", "a", 1)))
			got := read(w, func(tx store.Tx) (string, error) { return tx.FolderName("invoices", "key of "+hostile) })
			equal(w, "folder", got, hostile)
		}},
		{"NextNumber counts from 2 for each library, folder and name", func(w catalogWorld) {
			next := func(l, folder, name string, want int) change {
				return func(tx store.Tx) error {
					n, err := tx.NextNumber(l, folder, name)
					equal(w, "number of "+l+"/"+folder+"/"+name, n, want)
					return err
				}
			}
			w.update(putLibraries("invoices", "letters"),
				next("invoices", "", "a", 2), next("invoices", "", "a", 3), next("invoices", "", "b", 2),
				next("invoices", "a", "", 2), next("letters", "", "a", 2))
			_ = w.Update(w.Context(), all([]change{next("invoices", "", "a", 4), giveUp}))
			w.update(next("invoices", "", "a", 4), next("invoices", "", "a", 5))
		}},
		{"DocumentBlobs names what any version refers to", func(w catalogWorld) {
			older, newer := document("invoices", "", "a", 1), document("invoices", "", "a", 2)
			newer.Content.Digest = sum("newer")
			w.update(putLibraries("invoices"), putDocument(older), putDocument(newer), putBlob("unused"))
			got := readAll(w, store.Tx.DocumentBlobs)
			slices.SortFunc(got, compareDigests)
			want := []message.Digest{older.Content.Digest, newer.Content.Digest}
			slices.SortFunc(want, compareDigests)
			equal(w, "blobs", slices.Compact(got), want)
		}},
		{"a version that is dropped keeps its row and refers to no blob", droppedVersion},
		{"SurplusVersions yields those with so many newer ones, unless they were dropped", surplusVersions},
		{"a blob is unknown until it is put, then live", func(w catalogWorld) {
			state := func() store.BlobState {
				return read(w, func(tx store.Tx) (store.BlobState, error) { return tx.BlobState(sum("a")) })
			}
			equal(w, "state before", state(), store.BlobUnknown)
			w.update(putBlob("a"), putBlob("b"))
			equal(w, "state after", state(), store.BlobLive)
			w.update(func(tx store.Tx) error { return tx.PutBlob(sum("a"), math.MaxInt64) })
			want := []store.BlobRow{
				{Digest: sum("a"), Size: math.MaxInt64, State: store.BlobLive},
				{Digest: sum("b"), Size: 1, State: store.BlobLive},
			}
			slices.SortFunc(want, func(a, b store.BlobRow) int { return compareDigests(a.Digest, b.Digest) })
			equal(w, "blobs", readAll(w, store.Tx.Blobs), want)
		}},
	}
}

func droppedVersion(w catalogWorld) {
	older, newer := document("invoices", "f", "a", 1), document("invoices", "f", "a", 2)
	newer.Content.Digest = sum("newer")
	bare := document("invoices", "f", "b", 1)
	bare.Content.Digest = message.Digest{}
	w.update(putLibraries("invoices"), putDocument(older), putDocument(newer),
		func(tx store.Tx) error { return tx.InsertDocument(bare) }, dropVersion(older))
	for what, d := range map[string]store.Document{"dropped": older, "without bytes": bare, "absent": document("x", "f", "a", 1)} {
		w.refused(fault.ErrStale, "DropVersion of one that is "+what, dropVersion(d))
	}
	older.Swept = true
	got := read(w, func(tx store.Tx) ([]store.Document, error) {
		return tx.Versions("invoices", older.FolderKey, older.NameKey)
	})
	equal(w, "versions", got, []store.Document{older, newer})
	equal(w, "blobs", readAll(w, store.Tx.DocumentBlobs), []message.Digest{newer.Content.Digest})
	equal(w, "unreferenced", unreferenced(w), []store.BlobRow{{Digest: sum("a"), Size: older.Content.Size, State: store.BlobLive}})
	w.update(doomBlob("a", noon), func(tx store.Tx) error { return tx.DeleteBlob(sum("a"), noon) })
	equal(w, "state of its blob", blobState(w, "a"), store.BlobUnknown)
}

func surplusVersions(w catalogWorld) {
	w.update(putLibraries("invoices", "letters"))
	for _, v := range []int{11, 2, 9, 10, 1} {
		w.update(putDocument(document("invoices", "", "b", v)), putDocument(document("letters", "", "b", v)))
	}
	w.update(putDocument(document("invoices", "", "a", 3)), putDocument(document("invoices", "", "a", 7)))
	w.update(dropVersion(document("invoices", "", "b", 2)))
	for keep, want := range map[int][]string{
		0: {"a 3", "a 7", "b 1", "b 9", "b 10", "b 11"},
		1: {"a 3", "b 1", "b 9", "b 10"},
		2: {"b 1", "b 9"},
		4: {"b 1"},
		5: nil,
	} {
		var got []string
		for _, d := range readAll(w, func(tx store.Tx) iter.Seq2[store.Document, error] { return tx.SurplusVersions("invoices", keep) }) {
			got = append(got, fmt.Sprint(d.Name, " ", d.Version))
		}
		equal(w, fmt.Sprintf("surplus beyond %d", keep), got, want)
	}
}

func dropVersion(d store.Document) change {
	return func(tx store.Tx) error { return tx.DropVersion(d.Library, d.FolderKey, d.NameKey, d.Version) }
}

func listedDocuments(w catalogWorld) {
	w.update(putLibraries("letters", "invoices"))
	var names, want []string
	for _, l := range []string{"letters", "invoices"} {
		for _, folder := range []string{"é", "z", "", "Z"} {
			for _, name := range []string{"b", "a b", "a"} {
				w.update(putDocument(document(l, folder, name, 1)), putDocument(document(l, folder, name, 2)))
			}
		}
	}
	for _, l := range []string{"invoices", "letters"} {
		for _, folder := range []string{"", "Z", "z", "é"} {
			for _, name := range []string{"a", "a b", "b"} {
				want = append(want, fmt.Sprintf("%s|%s|%s|2", l, folder, name))
			}
		}
	}
	listed := func(l string) []string {
		names = nil
		for _, d := range readAll(w, func(tx store.Tx) iter.Seq2[store.Document, error] { return tx.Documents(l) }) {
			names = append(names, fmt.Sprintf("%s|%s|%s|%d", d.Library, d.Folder, d.Name, d.Version))
		}
		return names
	}
	equal(w, "all documents", listed(""), want)
	equal(w, "those of a library", listed("letters"), want[len(want)/2:])
	equal(w, "those of no library", listed("x"), nil)
}

func publicationRows() []catalogRow {
	return []catalogRow{
		{"publications come in the order they were put, with their site", func(w catalogWorld) {
			w.update(putLibraries("invoices"))
			var want []store.Publication
			for _, name := range []string{"c", "a", "d", "b"} {
				w.update(putPublication(publication(name, 1)))
				want = append(want, publication(name, 1))
			}
			for limit, want := range map[int][]store.Publication{0: want, 3: want[:3], 100: want} {
				got := read(w, func(tx store.Tx) ([]store.Publication, error) { return tx.PublicationsOf("process", limit) })
				equal(w, "publications", got, want)
			}
		}},
		{"a publication replaces that of the same document, and goes to the end", func(w catalogWorld) {
			again := publication("a", 2)
			again.Name, again.Folder = "A", "F"
			w.update(putLibraries("invoices"),
				putPublication(publication("a", 1)), putPublication(publication("b", 1)), putPublication(again))
			equal(w, "publications", publications(w), []store.Publication{publication("b", 1), again})
		}},
		{"each process has publications of its own, until another takes them", func(w catalogWorld) {
			of := func(process, name string, version int) store.Publication {
				p := publication(name, version)
				p.Process = process
				return p
			}
			w.update(putLibraries("invoices"), putPublication(of("p", "a", 1)), putPublication(of("q", "a", 2)),
				putPublication(of("p", "b", 3)), putPublication(of("r", "c", 4)),
				func(tx store.Tx) error { return second(tx.DeletePublication(of("r", "a", 2))) })
			publishers := func() []string { return read(w, func(tx store.Tx) ([]string, error) { return tx.Publishers() }) }
			equal(w, "publishers", publishers(), []string{"p", "q", "r"})
			w.update(func(tx store.Tx) error { return tx.TakePublications("p", "q") },
				func(tx store.Tx) error { return tx.TakePublications("r", "r") },
				func(tx store.Tx) error { return tx.TakePublications("nobody", "q") })
			equal(w, "publishers after that", publishers(), []string{"q", "r"})
			equal(w, "publications of q", read(w, func(tx store.Tx) ([]store.Publication, error) { return tx.PublicationsOf("q", 0) }),
				[]store.Publication{of("q", "a", 1), of("q", "b", 3)})
		}},
		{"DeletePublication leaves one of a newer version, or whose document has a newer one", func(w catalogWorld) {
			remove := func(p store.Publication, want bool) change {
				return func(tx store.Tx) error {
					removed, err := tx.DeletePublication(p)
					equal(w, "removed", removed, want)
					return err
				}
			}
			older, newer := document("invoices", "f", "a", 2), document("invoices", "f", "b", 3)
			older.FolderKey, older.NameKey, newer.FolderKey, newer.NameKey = "f", "a", "f", "b"
			w.update(putLibraries("invoices"), putDocument(older), putDocument(newer),
				putPublication(publication("a", 2)), putPublication(publication("b", 2)),
				remove(publication("a", 1), false), remove(publication("x", 1), false),
				remove(publication("b", 2), false))
			equal(w, "publications", publications(w), []store.Publication{publication("a", 2), publication("b", 2)})
			w.update(remove(publication("a", 2), true), remove(publication("a", 2), false))
			equal(w, "publications at last", publications(w), []store.Publication{publication("b", 2)})
		}},
	}
}

func publications(w catalogWorld) []store.Publication {
	w.Helper()
	return read(w, func(tx store.Tx) ([]store.Publication, error) { return tx.Publications() })
}

// currentDocument asks for a document by the keys that the fixture document has.
func currentDocument(w catalogWorld, libraryName, folder, name string) store.Document {
	w.Helper()
	return read(w, func(tx store.Tx) (store.Document, error) {
		return tx.CurrentDocument(libraryName, "key of "+folder, "key of "+name)
	})
}
