package storetest

import (
	"errors"
	"iter"
	"slices"
	"time"

	"mailchute/pkg/fault"
	"mailchute/store"
)

func blobRows() []catalogRow {
	return []catalogRow{
		{"a doomed blob that is put is live", func(w catalogWorld) {
			w.update(doomBlob("a", noon))
			equal(w, "state", blobState(w, "a"), store.BlobDoomed)
			w.update(putBlob("a"))
			equal(w, "rows", readAll(w, store.Tx.Blobs), []store.BlobRow{{Digest: sum("a"), Size: 1, State: store.BlobLive}})
		}},
		{"Unreferenced yields the live blobs that nothing refers to", func(w catalogWorld) {
			w.update(putLibraries("invoices"), putDocument(document("invoices", "", "a", 1)), putHeldMail("b", "r"),
				putHeldMail("c", "r"), endHeld(2, store.HeldReleased), doomBlob("d", noon), putBlob("e"), putBlob("f"))
			equal(w, "blobs", unreferenced(w), byDigest(live("e"), live("f")))
			w.update(func(tx store.Tx) error { return tx.DropHeldBlobs(noon) })
			equal(w, "blobs", unreferenced(w), byDigest(live("c"), live("e"), live("f")))
		}},
		{"a blob is not doomed while something refers to it", func(w catalogWorld) {
			w.update(putLibraries("invoices"), putDocument(document("invoices", "", "a", 1)), putHeldMail("b", "r"))
			for _, name := range []string{"a", "b"} {
				w.refused(fault.ErrConflict, "DoomBlob of "+name, doomBlob(name, noon))
				equal(w, "state of "+name, blobState(w, name), store.BlobLive)
			}
		}},
		{"dooming again begins the time anew, also where there was no row", func(w catalogWorld) {
			later := noon.Add(time.Hour)
			w.update(putBlob("a"), doomBlob("a", noon), doomBlob("a", later), doomBlob("b", noon))
			equal(w, "doomed by noon", doomedBy(w, noon), byDigest(doomed("b", noon)))
			equal(w, "doomed by later", doomedBy(w, later), byDigest(doomed("b", noon), doomed("a", later)))
		}},
		{"only what was doomed long enough ago is deleted", deletedBlobs},
	}
}

func deletedBlobs(w catalogWorld) {
	w.update(putBlob("live"), doomBlob("a", noon), doomBlob("b", noon.Add(time.Microsecond)))
	for name, want := range map[string]error{"live": fault.ErrStale, "none": fault.ErrStale, "b": fault.ErrStale, "a": nil} {
		w.update(func(tx store.Tx) error {
			if err := tx.DeleteBlob(sum(name), noon); !errors.Is(err, want) {
				w.Errorf("DeleteBlob of %s: got error %v, want %v", name, err, want)
			}
			return nil
		})
	}
	equal(w, "state of the deleted", blobState(w, "a"), store.BlobUnknown)
	equal(w, "state of the younger", blobState(w, "b"), store.BlobDoomed)
	equal(w, "state of the live", blobState(w, "live"), store.BlobLive)
}

func sweepRows() []catalogRow {
	sweep := store.Sweep{Run: "run", Expiring: 1, Expired: 2, Versions: 3, Runs: 4, Doomed: 5, Removed: 6, RemovedBytes: 7}
	put := func(sw store.Sweep) change { return func(tx store.Tx) error { return tx.PutSweep(sw) } }
	return []catalogRow{
		{"a sweep replaces that of its run", func(w catalogWorld) {
			w.update(putRun(run("run", noon)), put(store.Sweep{Run: "run"}), put(sweep))
			equal(w, "sweep", read(w, func(tx store.Tx) (store.Sweep, error) { return tx.Sweep("run") }), sweep)
		}},
	}
}

func live(text string) store.BlobRow {
	return store.BlobRow{Digest: sum(text), Size: int64(len(text)), State: store.BlobLive}
}

func doomed(text string, at time.Time) store.BlobRow {
	return store.BlobRow{Digest: sum(text), Size: int64(len(text)), State: store.BlobDoomed, Doomed: at}
}

func doomBlob(text string, at time.Time) change {
	return func(tx store.Tx) error { return tx.DoomBlob(sum(text), int64(len(text)), at) }
}

func blobState(w catalogWorld, text string) store.BlobState {
	w.Helper()
	return read(w, func(tx store.Tx) (store.BlobState, error) { return tx.BlobState(sum(text)) })
}

func unreferenced(w catalogWorld) []store.BlobRow {
	w.Helper()
	return readAll(w, store.Tx.Unreferenced)
}

func doomedBy(w catalogWorld, by time.Time) []store.BlobRow {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.BlobRow, error] { return tx.Doomed(by) })
}

func byDigest(rows ...store.BlobRow) []store.BlobRow {
	slices.SortFunc(rows, func(a, b store.BlobRow) int { return compareDigests(a.Digest, b.Digest) })
	return rows
}
