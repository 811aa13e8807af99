package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"

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
		{"PutItem says whether an item is new", func(w catalogWorld) {
			put := func(want bool) change {
				return func(tx store.Tx) error {
					isNew, err := tx.PutItem(item("m"))
					equal(w, "new", isNew, want)
					return err
				}
			}
			w.update(put(true), put(false))
			w.update(put(false))
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

func readOutcomes(w catalogWorld, name string) []store.Outcome {
	w.Helper()
	return read(w, func(tx store.Tx) ([]store.Outcome, error) { return tx.Outcomes(sum(name)) })
}

func outcomesOfRun(w catalogWorld, id string) []store.OutcomeOfItem {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.OutcomeOfItem, error] { return tx.OutcomesOfRun(id) })
}

func compareDigests(a, b message.Digest) int { return slices.Compare(a[:], b[:]) }
