package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func itemRows() []catalogRow {
	return []catalogRow{
		{"the first row of an item stays", func(w catalogWorld) {
			again := item("m")
			again.File, again.Sender = "again", ""
			w.update(putItem(item("m")), putItem(again), putOutcome(outcome("m", "r", store.Deleted)))
			equal(w, "item", outcomesOfRun(w, "run")[0].Item, item("m"))
		}},
		{"an item may have hardly anything", func(w catalogWorld) {
			bare := store.OutcomeOfItem{Item: store.Item{Key: sum("m")}, Outcome: store.Outcome{Key: sum("m"), State: store.Deleted}}
			w.update(putItem(bare.Item), putOutcome(bare.Outcome))
			equal(w, "outcomes", outcomesOfRun(w, ""), []store.OutcomeOfItem{bare})
		}},
		{"outcomes come as they were put, by recipient", func(w catalogWorld) {
			filed, held, deleted := outcome("m", "a", store.Filed), outcome("m", "b", store.Held), outcome("m", "c", store.Deleted)
			w.update(putItem(item("m")), putItem(item("n")),
				putOutcome(deleted), putOutcome(filed), putOutcome(held), putOutcome(outcome("n", "a", store.Filed)))
			equal(w, "outcomes", readOutcomes(w, "m"), []store.Outcome{filed, held, deleted})
			equal(w, "outcomes of an unknown item", readOutcomes(w, "x"), nil)
		}},
		{"an outcome that is taken stays as it is", func(w catalogWorld) {
			w.update(putItem(item("m")), putOutcome(outcome("m", "r", store.Filed)), func(tx store.Tx) error {
				if err := tx.InsertOutcome(outcome("m", "r", store.Held)); !errors.Is(err, fault.ErrConflict) {
					w.Errorf("InsertOutcome: got error %v, want %v", err, fault.ErrConflict)
				}
				return nil
			})
			equal(w, "outcomes", readOutcomes(w, "m"), []store.Outcome{outcome("m", "r", store.Filed)})
			equal(w, "outcomes of the run", outcomesOfRun(w, "run"), nil)
		}},
		{"a run's outcomes that are not filed come in the order they were written", func(w catalogWorld) {
			var want []store.OutcomeOfItem
			for i := range 25 {
				it := item(fmt.Sprint("m", i))
				o := outcome(fmt.Sprint("m", i), "r", []store.State{store.Held, store.Filed, store.Deleted}[i%3])
				if i == 24 {
					o.Run = "another"
				}
				w.update(putItem(it), putOutcome(o))
				if o.State != store.Filed && o.Run == "run" {
					want = append(want, store.OutcomeOfItem{Item: it, Outcome: o})
				}
			}
			equal(w, "outcomes", outcomesOfRun(w, "run"), want)
			equal(w, "number of those of the other run", len(outcomesOfRun(w, "another")), 1)
		}},
	}
}

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
				moveHeld(2, store.HeldWaiting, store.HeldReleased), moveHeld(3, store.HeldWaiting, store.HeldExpired))
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
		{"held mail leaves a state only for those who know it", func(w catalogWorld) {
			w.update(putHeldMail("m", "r"), putHeldMail("n", "r"))
			w.update(moveHeld(1, store.HeldWaiting, store.HeldRefused))
			w.refused(fault.ErrStale, "the second move", moveHeld(1, store.HeldWaiting, store.HeldReleased))
			equal(w, "state", readHeld(w)[0].State, store.HeldRefused)
			equal(w, "state of the other", readHeld(w)[1].State, store.HeldWaiting)
		}},
		{"of two that move held mail at once one wins", twoMovers},
		{"HeldBlobs names what held mail in any state refers to", func(w catalogWorld) {
			w.update(putHeldMail("a", "r"), putHeldMail("b", "r"), putBlob("c"), moveHeld(2, store.HeldWaiting, store.HeldExpired))
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
			switch err := w.Update(w.Context(), moveHeld(1, store.HeldWaiting, store.HeldReleased)); {
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

func moveHeld(id int64, from, to store.HeldState) change {
	return func(tx store.Tx) error { return tx.SetHeldState(id, from, to) }
}

func readHeld(w catalogWorld, states ...store.HeldState) []store.HeldMail {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.HeldMail, error] { return tx.Held(states...) })
}

func readOutcomes(w catalogWorld, name string) []store.Outcome {
	w.Helper()
	return read(w, func(tx store.Tx) ([]store.Outcome, error) { return tx.Outcomes(sum(name)) })
}

func outcomesOfRun(w catalogWorld, id string) []store.OutcomeOfItem {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.OutcomeOfItem, error] { return tx.OutcomesOfRun(id) })
}

func compareDigests(a, b message.Digest) int { return slices.Compare(a[:], b[:]) }
