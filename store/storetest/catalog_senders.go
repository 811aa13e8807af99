package storetest

import (
	"fmt"
	"time"

	"mailchute/store"
)

// senderRows are how many messages of a sender were taken in an hour.
func senderRows() []catalogRow {
	const alice, bob = "alice@example.com", "bob" + hostile
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	return []catalogRow{
		{"messages are counted by sender and hour", func(w catalogWorld) {
			w.update(countSent(alice, at(0)), countSent(bob, at(0)), countSent(alice, at(0)), countSent("", at(0)), countSent(alice, at(1)))
			w.update(countSent(alice, at(0).In(time.FixedZone("east", 3600))))
			for what, row := range map[string]struct {
				sender string
				hour   time.Time
				want   int
			}{
				"alice":             {alice, at(0), 3},
				"bob":               {bob, at(0), 1},
				"the null sender":   {"", at(0), 1},
				"alice later":       {alice, at(1), 1},
				"alice before":      {alice, at(-1), 0},
				"bob later":         {bob, at(1), 0},
				"somebody else":     {"alice", at(0), 0},
				"alice, other case": {"ALICE@example.com", at(0), 0},
			} {
				equal(w, what, sentIn(w, row.sender, row.hour), row.want)
			}
		}},
		{"DeleteSent forgets as many hours as it may, the oldest first", func(w catalogWorld) {
			w.update(countSent(alice, at(1)), countSent(alice, at(0)), countSent(bob, at(0)), countSent(alice, at(2)), countSent(alice, at(-9)))
			for i, step := range []struct {
				before      time.Time
				limit, want int
				left        string
			}{
				{at(-9), 0, 0, "1 1 1 1 1"},
				{at(2), 2, 2, "0 0 1 1 1"},
				{at(2), 2, 2, "0 0 0 0 1"},
				{at(2), 2, 0, "0 0 0 0 1"},
				{at(3), 0, 1, "0 0 0 0 0"},
			} {
				w.update(func(tx store.Tx) error {
					n, err := tx.DeleteSent(step.before, step.limit)
					equal(w, fmt.Sprintf("deleted in step %d", i), n, step.want)
					return err
				})
				left := fmt.Sprint(sentIn(w, alice, at(-9)), sentIn(w, alice, at(0)), sentIn(w, bob, at(0)), sentIn(w, alice, at(1)), sentIn(w, alice, at(2)))
				equal(w, fmt.Sprintf("left after step %d", i), left, step.left)
			}
		}},
	}
}

func countSent(sender string, hour time.Time) change {
	return func(tx store.Tx) error { return tx.CountSent(sender, hour) }
}

func sentIn(w catalogWorld, sender string, hour time.Time) int {
	w.Helper()
	return read(w, func(tx store.Tx) (int, error) { return tx.SentIn(sender, hour) })
}
