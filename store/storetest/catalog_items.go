package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
		{"items are found by key, and by Message-ID or file", func(w catalogWorld) {
			a, b, c := item("a"), item("b"), item("c")
			b.MessageID, c.File = "name", "name"
			w.update(putItem(a), putItem(b), putItem(c))
			equal(w, "item", read(w, func(tx store.Tx) (store.Item, error) { return tx.Item(sum("b")) }), b)
			got := read(w, func(tx store.Tx) ([]store.Item, error) { return tx.ItemsAt("name") })
			want := []store.Item{b, c}
			slices.SortFunc(want, func(a, b store.Item) int { return compareDigests(a.Key, b.Key) })
			equal(w, "items", got, want)
		}},
		{"ItemsSent finds those with a Message-ID, and no more than asked for", func(w catalogWorld) {
			a, b, c, d := item("a"), item("b"), item("c"), item("d")
			a.MessageID, b.MessageID, c.File, d.MessageID = "name", "name", "name", ""
			w.update(putItem(a), putItem(b), putItem(c), putItem(d))
			sent := func(id string, limit int) []store.Item {
				got := read(w, func(tx store.Tx) ([]store.Item, error) { return tx.ItemsSent(id, limit) })
				slices.SortFunc(got, func(a, b store.Item) int { return compareDigests(a.Key, b.Key) })
				return got
			}
			want := []store.Item{a, b}
			slices.SortFunc(want, func(a, b store.Item) int { return compareDigests(a.Key, b.Key) })
			equal(w, "items", sent("name", 0), want)
			equal(w, "items, at most two", sent("name", 2), want)
			equal(w, "number of items, at most one", len(sent("name", 1)), 1)
			equal(w, "items with an unknown Message-ID", sent("NAME", 0), nil)
			equal(w, "items without a Message-ID", sent("", 0), nil)
		}},
		{"Keys names every item that rows are of, once, in order", keys},
		{"SettledIn yields a run's outcomes of its own messages, by key", settledIn},
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

func keys(w catalogWorld) {
	fromDocument := document("invoices", "", "d", 1)
	fromDocument.Key = sum("document only")
	fromNowhere := document("invoices", "", "e", 1)
	fromNowhere.Key = store.Key{}
	w.update(putLibraries("invoices"), putItem(item("a")), putItem(item("b")), putOutcome(outcome("b", "r", store.Filed)),
		putOutcome(outcome("b", "s", store.Filed)), putDocument(fromDocument), putDocument(fromNowhere))
	want := []store.Key{sum("a"), sum("b"), sum("document only")}
	slices.SortFunc(want, compareDigests)
	var after store.Key
	for i := range want {
		got := read(w, func(tx store.Tx) ([]store.Key, error) { return tx.Keys(after, 2) })
		equal(w, "keys", got, want[i:min(i+2, len(want))])
		after = want[i]
	}
	equal(w, "keys after the last", read(w, func(tx store.Tx) ([]store.Key, error) { return tx.Keys(after, 2) }), nil)
}

func settledIn(w catalogWorld) {
	var want []store.OutcomeOfItem
	w.update(putRun(run("run", noon)), putRun(run("other", noon)))
	for i, state := range []store.State{store.Held, store.Filed, store.Deleted, store.Filed} {
		name := fmt.Sprint("m", i)
		theirs := outcome(name, "b", store.Filed)
		theirs.Run = "other"
		w.update(putItem(item(name)), putOutcome(outcome(name, "c", state)), putOutcome(theirs), putOutcome(outcome(name, "a", state)))
		if i == 3 {
			break // a message that is not in the run's books
		}
		w.update(putProcessed(store.Processed{Run: "run", Key: sum(name)}), putProcessed(store.Processed{Run: "run", Key: sum(name)}))
		for _, recipient := range []string{"a", "c"} {
			want = append(want, store.OutcomeOfItem{Item: item(name), Outcome: outcome(name, recipient, state)})
		}
	}
	w.update(putProcessed(store.Processed{Run: "run", State: store.Deferred}))
	slices.SortStableFunc(want, func(a, b store.OutcomeOfItem) int { return compareDigests(a.Item.Key, b.Item.Key) })
	got := readAll(w, func(tx store.Tx) iter.Seq2[store.OutcomeOfItem, error] { return tx.SettledIn("run") })
	equal(w, "outcomes", got, want)
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

func readOutcomes(w catalogWorld, name string) []store.Outcome {
	w.Helper()
	return read(w, func(tx store.Tx) ([]store.Outcome, error) { return tx.Outcomes(sum(name)) })
}

func outcomesOfRun(w catalogWorld, id string) []store.OutcomeOfItem {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.OutcomeOfItem, error] { return tx.OutcomesOfRun(id) })
}

func compareDigests(a, b message.Digest) int { return slices.Compare(a[:], b[:]) }
