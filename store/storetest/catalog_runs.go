package storetest

import (
	"iter"
	"math"
	"time"

	"mailchute/pkg/fault"
	"mailchute/store"
)

func runRows() []catalogRow {
	return []catalogRow{
		{"a run comes as it was put, and UpdateRun changes its state and what closing adds", func(w catalogWorld) {
			r := run("r"+hostile, noon)
			w.update(putRun(r), putRun(run("other", noon)))
			equal(w, "run", readRun(w, r.ID), r)
			r = closed(r.ID, noon, 3)
			changed := r
			changed.Job, changed.Trigger, changed.Host, changed.Process, changed.Started = "x", "x", "x", "x", noon.Add(time.Hour)
			w.update(updateRun(changed))
			equal(w, "run after UpdateRun", readRun(w, r.ID), r)
			equal(w, "the other run", readRun(w, "other"), run("other", noon))
			w.update(updateRun(run(r.ID, noon)))
			equal(w, "run opened again", readRun(w, r.ID), run(r.ID, noon))
		}},
		{"closed runs come by their place, which no two have", closedRuns},
		{"DeleteRuns takes those up to a place, with their messages and sweeps", deletedRuns},
		{"times keep their microseconds, in UTC", times},
		{"runs come newest first, since a time, at most as many as wanted", listedRuns},
		{"open runs are those neither closed nor aborted, oldest first", func(w catalogWorld) {
			aborted := closed("d", noon, 2)
			aborted.State = store.RunAborted
			w.update(putRun(run("b", noon.Add(time.Hour))), putRun(closed("c", noon, 1)), putRun(aborted), putRun(run("a", noon)))
			equal(w, "open runs", read(w, store.Tx.OpenRuns), []store.Run{run("a", noon), run("b", noon.Add(time.Hour))})
		}},
		{"a run's messages are numbered and come in order", func(w catalogWorld) {
			w.update(putRun(run("a", noon)), putRun(run("b", noon)))
			var want []store.Processed
			for i := range 11 {
				p := processed("a", string(rune('z'-i)), i+1)
				want = append(want, p)
				w.update(putProcessed(p), putProcessed(processed("b", "m", 0)))
			}
			equal(w, "messages", processedOf(w, "a"), want)
			equal(w, "number of the other run's", len(processedOf(w, "b")), 11)
			equal(w, "messages of no run", processedOf(w, "x"), nil)
		}},
		{"a message may be one that could not be read", func(w catalogWorld) {
			bare := store.Processed{Run: "a", Seq: 1, State: store.Deferred}
			w.update(putRun(run("a", noon)), putProcessed(bare))
			equal(w, "messages", processedOf(w, "a"), []store.Processed{bare})
		}},
		{"ProcessedAt finds by Message-ID or file, oldest first", func(w catalogWorld) {
			byID := processed("old", "x", 2)
			byID.MessageID = "name"
			both := processed("new", "name", 1)
			both.MessageID = "name"
			w.update(putRun(run("new", noon)), putRun(run("old", noon.Add(-time.Hour))),
				putProcessed(both), putProcessed(processed("old", "other", 1)), putProcessed(byID),
				putProcessed(processed("old", "name", 3)))
			at := func(name string) []store.Processed {
				return readAll(w, func(tx store.Tx) iter.Seq2[store.Processed, error] { return tx.ProcessedAt(name) })
			}
			equal(w, "messages", at("name"), []store.Processed{byID, processed("old", "name", 3), both})
			equal(w, "messages with another name", at("nam"), nil)
		}},
	}
}

func closedRuns(w catalogWorld) {
	w.refused(fault.ErrNotFound, "LastClosed of none", func(tx store.Tx) error { return second(tx.LastClosed()) })
	c, a, b := closed("c", noon, 1), closed("a", noon.Add(time.Hour), 2), closed("b", noon, 300)
	w.update(putRun(b), putRun(run("open", noon)), putRun(a), putRun(run("late", noon)), putRun(c))
	w.refused(fault.ErrConflict, "UpdateRun with a place that is taken", updateRun(closed("late", noon, 2)))
	w.refused(fault.ErrConflict, "InsertRun with a place that is taken", putRun(closed("more", noon, 300)))
	w.update(updateRun(b)) // its own place is free to it
	last := read(w, store.Tx.LastClosed)
	equal(w, "last", last, b)
	for _, row := range []struct {
		after, limit int
		want         []store.Run
	}{
		{0, 10, []store.Run{c, a, b}},
		{0, 2, []store.Run{c, a}},
		{1, 1, []store.Run{a}},
		{2, 10, []store.Run{b}},
		{300, 10, nil},
	} {
		got := read(w, func(tx store.Tx) ([]store.Run, error) { return tx.ClosedRuns(row.after, row.limit) })
		equal(w, "closed runs", got, row.want)
	}
	w.update(updateRun(run("b", noon)), updateRun(closed("late", noon, 300)))
	equal(w, "last after the place was given up", read(w, store.Tx.LastClosed), closed("late", noon, 300))
}

func deletedRuns(w catalogWorld) {
	for i, id := range []string{"c", "b", "a"} {
		w.update(putRun(closed(id, noon, i+1)), putProcessed(processed(id, "m", 1)),
			func(tx store.Tx) error { return tx.PutSweep(store.Sweep{Run: id}) })
	}
	w.update(putRun(run("open", noon)), putProcessed(processed("open", "m", 1)), func(tx store.Tx) error { return tx.DeleteRuns(2) })
	left := read(w, func(tx store.Tx) ([]store.Run, error) { return tx.Runs(time.Time{}, 0) })
	equal(w, "runs", left, []store.Run{run("open", noon), closed("a", noon, 3)})
	for id, want := range map[string]int{"c": 0, "b": 0, "a": 1, "open": 1} {
		equal(w, "messages of "+id, len(processedOf(w, id)), want)
	}
	w.refused(fault.ErrNotFound, "Sweep of a deleted run", func(tx store.Tx) error { return second(tx.Sweep("b")) })
	equal(w, "sweep of a run that is left", read(w, func(tx store.Tx) (store.Sweep, error) { return tx.Sweep("a") }), store.Sweep{Run: "a"})
}

func updateRun(r store.Run) change {
	return func(tx store.Tx) error { return tx.UpdateRun(r) }
}

func times(w catalogWorld) {
	east := time.FixedZone("east", 2*60*60)
	for name, at := range map[string]time.Time{
		"zoned":    time.Date(2024, 2, 29, 14, 0, 0, 123456999, east),
		"early":    time.Date(1969, 7, 20, 20, 17, 40, 999999999, time.UTC),
		"ancient":  time.Date(2, 1, 1, 0, 0, 0, 1000, time.UTC),
		"far":      time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		"zero":     {},
		"monotone": time.Now(),
	} {
		r := run(name, at)
		r.Ended = at
		w.update(putRun(r))
		got := readRun(w, name)
		for _, g := range []time.Time{got.Started, got.Ended} {
			if want := at.UTC().Truncate(time.Microsecond); g != want { // not Equal: the location counts, too
				w.Errorf("%s: got %#v, want %#v", name, g, want)
			}
		}
	}
}

func listedRuns(w catalogWorld) {
	runs := []store.Run{
		run("b", noon.Add(2*time.Microsecond)), run("d", noon.Add(time.Microsecond)),
		run("c", noon.Add(time.Microsecond)), run("a", noon), run("zero", time.Time{}),
	}
	for _, i := range []int{3, 0, 4, 2, 1} {
		w.update(putRun(runs[i]))
	}
	for _, row := range []struct {
		since time.Time
		limit int
		want  []store.Run
	}{
		{time.Time{}, 0, runs},
		{time.Time{}, 2, runs[:2]},
		{time.Time{}, math.MaxInt32, runs},
		{noon, 0, runs[:4]},
		{noon.Add(time.Microsecond), 0, runs[:3]},
		{noon.Add(time.Microsecond), 1, runs[:1]},
		{noon.Add(time.Hour), 0, nil},
	} {
		got := read(w, func(tx store.Tx) ([]store.Run, error) { return tx.Runs(row.since, row.limit) })
		equal(w, "runs", got, row.want)
	}
}

func readRun(w catalogWorld, id string) store.Run {
	w.Helper()
	return read(w, func(tx store.Tx) (store.Run, error) { return tx.Run(id) })
}

func processedOf(w catalogWorld, id string) []store.Processed {
	w.Helper()
	return readAll(w, func(tx store.Tx) iter.Seq2[store.Processed, error] { return tx.ProcessedOf(id) })
}
