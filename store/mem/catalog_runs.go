package mem

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"mailchute/store"
)

func (t *tx) InsertRun(r store.Run) error {
	if t.runs.has(key(r.ID)) {
		return taken("run", r.ID)
	}
	return t.putRun(r)
}

func (t *tx) UpdateRun(r store.Run) error {
	row, ok := t.runs.get(key(r.ID))
	if !ok {
		return missing("run", r.ID)
	}
	r.Job, r.Trigger, r.Host, r.Process, r.Started = row.Job, row.Trigger, row.Host, row.Process, row.Started
	return t.putRun(r)
}

// putRun writes a run's row, and gives it its place.
func (t *tx) putRun(r store.Run) error {
	if id, ok := t.closed.get(key(r.Place)); ok && r.Place > 0 && id != r.ID {
		return taken("place", r.Place)
	}
	before, _ := t.runs.get(key(r.ID))
	t.closed = t.closed.without(key(before.Place))
	if r.Place > 0 {
		t.closed = t.closed.put(key(r.Place), r.ID)
	}
	r.Started, r.Ended, r.Backlog.Oldest = stored(r.Started), stored(r.Ended), stored(r.Backlog.Oldest)
	t.runs = t.runs.put(key(r.ID), r)
	return nil
}

func (t *tx) Run(id string) (store.Run, error) {
	r, ok := t.runs.get(key(id))
	if !ok {
		return store.Run{}, missing("run", id)
	}
	return r, nil
}

func (t *tx) Runs(since time.Time, limit int) ([]store.Run, error) {
	list := slices.DeleteFunc(t.runs.values(""), func(r store.Run) bool { return r.Started.Before(stored(since)) })
	slices.SortFunc(list, func(a, b store.Run) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID))
	})
	return first(list, limit), nil
}

func (t *tx) OpenRuns() ([]store.Run, error) {
	list, err := t.Runs(time.Time{}, 0)
	list = slices.DeleteFunc(list, func(r store.Run) bool { return r.State != store.RunOpen })
	slices.Reverse(list)
	return list, err
}

func (t *tx) LastClosed() (store.Run, error) {
	list, err := t.ClosedRuns(0, 0)
	if err == nil && len(list) == 0 {
		err = missing("run", "closed last")
	}
	if err != nil {
		return store.Run{}, err
	}
	return list[len(list)-1], nil
}

func (t *tx) ClosedRuns(after, limit int) ([]store.Run, error) {
	var list []store.Run
	for _, id := range t.closed.under("") {
		if r, _ := t.runs.get(key(id)); r.Place > after {
			list = append(list, r)
		}
	}
	return first(list, limit), nil
}

func (t *tx) DeleteRuns(place int) error {
	for k, id := range t.closed.under("") {
		if r, _ := t.runs.get(key(id)); r.Place > place {
			break
		}
		for p := range t.processed.under(key(id)) {
			t.processed = t.processed.without(p)
		}
		t.runs, t.messages, t.closed = t.runs.without(key(id)), t.messages.without(key(id)), t.closed.without(k)
		t.sweeps, t.directoryRuns = t.sweeps.without(key(id)), t.directoryRuns.without(key(id))
	}
	return nil
}

func (t *tx) InsertProcessed(p store.Processed) error {
	if !t.runs.has(key(p.Run)) {
		return missing("run", p.Run)
	}
	n, _ := t.messages.get(key(p.Run))
	p.Seq, p.At = n+1, stored(p.At)
	t.messages = t.messages.put(key(p.Run), p.Seq)
	t.processed = t.processed.put(key(p.Run, p.Seq), cloneProcessed(p))
	return nil
}

func (t *tx) ProcessedOf(run string) iter.Seq2[store.Processed, error] {
	return each(t.processed.values(key(run)))
}

func (t *tx) ProcessedAt(messageIDOrFile string) iter.Seq2[store.Processed, error] {
	list := slices.DeleteFunc(t.processed.values(""), func(p store.Processed) bool {
		return p.MessageID != messageIDOrFile && p.File != messageIDOrFile
	})
	slices.SortStableFunc(list, func(a, b store.Processed) int {
		ra, _ := t.runs.get(key(a.Run))
		rb, _ := t.runs.get(key(b.Run))
		return ra.Started.Compare(rb.Started)
	})
	return each(list)
}

func each(list []store.Processed) iter.Seq2[store.Processed, error] {
	return func(yield func(store.Processed, error) bool) {
		for _, p := range list {
			if !yield(cloneProcessed(p), nil) {
				return
			}
		}
	}
}

func cloneProcessed(p store.Processed) store.Processed {
	p.Waiting = slices.Clone(p.Waiting)
	return p
}
