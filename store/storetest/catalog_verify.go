package storetest

import (
	"context"
	"errors"
	"slices"

	"mailchute/pkg/message"
	"mailchute/store"
)

func verifyRows() []catalogRow {
	return []catalogRow{
		{"StrayDocuments yields every version of no item", func(w catalogWorld) {
			w.update(putLibraries("invoices"), putBlob("x"))
			stray := func(version int) store.Document {
				return store.Document{Library: "invoices", Name: "N", NameKey: "n", Version: version, Content: message.Content{Size: 1, Digest: sum("x")}, Created: noon}
			}
			of := stray(2)
			of.Key = sum("item")
			w.update(putDocument(stray(1)), putDocument(of), putDocument(stray(3)))
			got := readAll(w, store.Tx.StrayDocuments)
			slices.SortFunc(got, func(a, b store.Document) int { return a.Version - b.Version })
			equal(w, "documents", got, []store.Document{stray(1), stray(3)})
		}},
		{"MendHeldBytes leaves a sum that is right", func(w catalogWorld) {
			w.update(store.Tx.MendHeldBytes)
			equal(w, "bytes of nothing", read(w, store.Tx.HeldBytes), 0)
			w.update(putHeldMail("a", "r"), putHeldMail("a", "s"), putHeldMail("long", "r"), putHeldMail("other", "r"), endHeld(4, store.HeldRefused))
			want := read(w, store.Tx.HeldBytes)
			w.update(store.Tx.MendHeldBytes)
			equal(w, "bytes", read(w, store.Tx.HeldBytes), want)
		}},
		{"CheckIntegrity finds no fault in what was written, and ends with its context", func(w catalogWorld) {
			w.update(putLibraries("invoices"), putHeldMail("a", "r"), putHeldMail("b", "r"), endHeld(2, store.HeldRefused),
				func(tx store.Tx) error { return tx.DropHeldBlobs(noon) })
			faults, err := w.CheckIntegrity(w.Context(), func(_, _ int64) {})
			equal(w, "faults", faults, nil)
			equal(w, "error", err, nil)
			ctx, cancel := context.WithCancel(w.Context())
			cancel()
			if _, err := w.CheckIntegrity(ctx, func(_, _ int64) {}); !errors.Is(err, context.Canceled) {
				w.Errorf("got error %v, want that it was cancelled", err)
			}
		}},
	}
}
