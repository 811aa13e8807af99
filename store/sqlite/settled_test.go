package sqlite_test

import (
	"bytes"
	"testing"
	"time"

	"mailchute/store"
)

// The outcomes of a run come in the order of their keys, also where those are too many to
// be sorted at once.
func TestSettledInLargeRun(t *testing.T) {
	t.Parallel()
	const items = 33_000
	c := open(t, newPath(t))
	prepareRows(t, c)
	err := c.Update(t.Context(), func(tx store.Tx) error {
		for n := range items {
			if err := settle(tx, n, time.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var last store.Key
	got := 0
	err = c.View(t.Context(), func(tx store.Tx) error {
		for o, err := range tx.SettledIn("run") {
			if err != nil {
				return err
			}
			if bytes.Compare(o.Outcome.Key[:], last[:]) <= 0 {
				t.Fatalf("got %s after %s", o.Outcome.Key, last)
			}
			last = o.Outcome.Key
			got++
		}
		return nil
	})
	if err != nil || got != items {
		t.Errorf("got %d outcomes, %v; want %d", got, err, items)
	}
}
