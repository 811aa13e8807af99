package storetest

import (
	"errors"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func heldRows() []catalogRow {
	return []catalogRow{
		{"held mail comes with its item and outcome, in the order it was put", func(w catalogWorld) {
			w.update(putHeldMail("b", "r"), putHeldMail("a", "r"), putHeldMail("a", "s"))
			want := []store.HeldMail{heldMail(1, "b", "r"), heldMail(2, "a", "r"), heldMail(3, "a", "s")}
			equal(w, "held mail", readHeld(w), want)
			for _, h := range want {
				got := read(w, func(tx store.Tx) (store.HeldMail, error) { return tx.HeldByID(h.ID) })
				equal(w, "held mail by id", got, h)
			}
			of := func(name string) []store.HeldMail {
				return read(w, func(tx store.Tx) ([]store.HeldMail, error) { return tx.HeldOf(sum(name)) })
			}
			equal(w, "held mail of an item", of("a"), want[1:])
			equal(w, "held mail of no item", of("x"), nil)
		}},
		{"InsertHeld returns the id that the row has", func(w catalogWorld) {
			w.update(putItem(item("m")), putOutcome(outcome("m", "r", store.Held)), putBlob("m"), func(tx store.Tx) error {
				id, err := tx.InsertHeld(heldMail(0, "m", "r"))
				if err != nil {
					return err
				}
				got, err := tx.HeldByID(id)
				equal(w, "held mail", got, heldMail(id, "m", "r"))
				return err
			})
		}},
		{"Held yields the states asked for, all where none is", func(w catalogWorld) {
			w.update(putHeldMail("a", "r"), putHeldMail("b", "r"), putHeldMail("c", "r"),
				endHeld(2, store.HeldReleased), endHeld(3, store.HeldExpired))
			for _, row := range []struct {
				states []store.HeldState
				want   []int64
			}{
				{nil, []int64{1, 2, 3}},
				{[]store.HeldState{store.HeldWaiting}, []int64{1}},
				{[]store.HeldState{store.HeldExpired, store.HeldWaiting, store.HeldExpired}, []int64{1, 3}},
				{[]store.HeldState{store.HeldRefused}, nil},
			} {
				var ids []int64
				for _, h := range readHeld(w, row.states...) {
					ids = append(ids, h.ID)
				}
				equal(w, "ids", ids, row.want)
			}
		}},
		{"held mail ends once", func(w catalogWorld) {
			w.update(putHeldMail("m", "r"), putHeldMail("n", "r"), endHeld(1, store.HeldRefused))
			w.update(func(tx store.Tx) error {
				if err := tx.EndHeld(1, store.HeldReleased, store.HeldEnd{}); !errors.Is(err, fault.ErrStale) {
					w.Errorf("the second end: got error %v, want %v", err, fault.ErrStale)
				}
				return putSite("after")(tx) // the transaction goes on
			})
			equal(w, "the site put after it", siteNames(w)[0], "after")
			want := heldMail(1, "m", "r")
			want.State, want.End = store.HeldRefused, ending()
			equal(w, "held mail", readHeld(w), []store.HeldMail{want, heldMail(2, "n", "r")})
		}},
		{"the end of held mail is in the books of one run", func(w catalogWorld) {
			w.update(putHeldMail("m", "r"), putHeldMail("n", "r"), putHeldMail("o", "r"), endHeld(3, store.HeldReleased), endHeld(1, store.HeldExpired))
			equal(w, "in no books", endedIn(w, ""), []int64{1, 3})
			w.update(bindEnd(3, "run", sum("seal")))
			equal(w, "in no books any more", endedIn(w, ""), []int64{1})
			equal(w, "in the books", endedIn(w, "run"), []int64{3})
			want := ending()
			want.Run, want.Seal = "run", sum("seal")
			equal(w, "its end", readHeld(w, store.HeldReleased)[0].End, want)
			for _, id := range []int64{2, 4} {
				if err := w.Update(w.Context(), bindEnd(id, "run", sum("seal"))); !errors.Is(err, fault.ErrNotFound) {
					w.Errorf("held mail %d, which has not ended: got error %v, want %v", id, err, fault.ErrNotFound)
				}
			}
		}},
		{"held mail is announced once, while it waits", func(w catalogWorld) {
			announce := func(id int64, at time.Time) change {
				return func(tx store.Tx) error { return tx.AnnounceHeld(id, at) }
			}
			w.update(putHeldMail("m", "r"), putHeldMail("n", "r"), announce(1, noon), announce(1, noon.Add(time.Hour)))
			w.update(endHeld(2, store.HeldRefused), announce(2, noon))
			equal(w, "announced", readHeld(w)[0].Announced, noon)
			equal(w, "announced after its end", readHeld(w)[1].Announced, time.Time{})
		}},
		{"DropHeldBlobs takes those that are old and wait no more", func(w catalogWorld) {
			drop := func(since time.Time) change { return func(tx store.Tx) error { return tx.DropHeldBlobs(since) } }
			w.update(putHeldMail("a", "r"), putHeldMail("b", "r"), endHeld(2, store.HeldReleased))
			w.update(drop(noon.Add(-time.Microsecond)))
			equal(w, "the younger is swept", readHeld(w)[1].Swept, false)
			w.update(drop(noon), drop(noon))
			equal(w, "what waits is swept", readHeld(w)[0].Swept, false)
			want := heldMail(2, "b", "r")
			want.State, want.End, want.Swept = store.HeldReleased, ending(), true
			equal(w, "held mail", readHeld(w)[1], want)
			equal(w, "blobs", readAll(w, store.Tx.HeldBlobs), []message.Digest{sum("a")})
		}},
		{"HeldBytes counts each blob that waiting mail refers to once", func(w catalogWorld) {
			long, short := int64(len("long")), int64(len("s"))
			for _, step := range []struct {
				change change
				want   int64
			}{
				{putBlob("unheld"), 0},
				{putHeldMail("long", "r"), long},
				{putHeldMail("long", "s"), long},
				{putHeldMail("s", "r"), long + short},
				{endHeld(1, store.HeldReleased), long + short},
				{endHeld(2, store.HeldExpired), short},
				{putHeldMail("long", "t"), long + short},
				{func(tx store.Tx) error { return tx.DropHeldBlobs(noon) }, long + short},
				{endHeld(3, store.HeldRefused), long},
				{endHeld(4, store.HeldRefused), 0},
			} {
				w.update(step.change)
				equal(w, "bytes", read(w, store.Tx.HeldBytes), step.want)
			}
			w.update(func(tx store.Tx) error {
				if err := tx.Savepoint(func() error { return errors.Join(putHeldMail("u", "r")(tx), errGivenUp) }); !errors.Is(err, errGivenUp) {
					return err
				}
				return nil
			})
			equal(w, "bytes after an undone hold", read(w, store.Tx.HeldBytes), 0)
		}},
		{"of those that end held mail at once one wins", twoMovers},
		{"HeldBlobs names what held mail in any state refers to", func(w catalogWorld) {
			w.update(putHeldMail("a", "r"), putHeldMail("b", "r"), putBlob("c"), endHeld(2, store.HeldExpired))
			got := readAll(w, store.Tx.HeldBlobs)
			slices.SortFunc(got, compareDigests)
			want := []message.Digest{sum("a"), sum("b")}
			slices.SortFunc(want, compareDigests)
			equal(w, "blobs", slices.Compact(got), want)
		}},
	}
}

func twoMovers(w catalogWorld) {
	w.update(putHeldMail("m", "r"))
	var moved, stale atomic.Int32
	var movers sync.WaitGroup
	for range 4 {
		movers.Go(func() {
			switch err := w.Update(w.Context(), endHeld(1, store.HeldReleased)); {
			case err == nil:
				moved.Add(1)
			case errors.Is(err, fault.ErrStale):
				stale.Add(1)
			default:
				w.Errorf("Update: %v", err)
			}
		})
	}
	movers.Wait()
	equal(w, "moved and stale", []int32{moved.Load(), stale.Load()}, []int32{1, 3})
}

// endHeld ends held mail with every column filled.
func endHeld(id int64, to store.HeldState) change {
	return func(tx store.Tx) error { return tx.EndHeld(id, to, ending()) }
}

func bindEnd(id int64, run string, seal message.Digest) change {
	return func(tx store.Tx) error { return tx.BindEnd(id, run, seal) }
}

// endedIn returns the numbers of the held mail whose end is in a run's books.
func endedIn(w catalogWorld, run string) (ids []int64) {
	w.Helper()
	for _, h := range readAll(w, func(tx store.Tx) iter.Seq2[store.HeldMail, error] { return tx.EndedIn(run) }) {
		ids = append(ids, h.ID)
	}
	return ids
}

func ending() store.HeldEnd {
	return store.HeldEnd{At: noon.Add(time.Hour), Actor: "a" + hostile, Library: "invoices", Author: hostile}
}

func readHeld(w catalogWorld, states ...store.HeldState) []store.HeldMail {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.HeldMail, error] { return tx.Held(states...) })
}
