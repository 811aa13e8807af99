package mem

import (
	"fmt"
	"iter"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func (t *tx) AnnounceHeld(id int64, at time.Time) error {
	row, ok := t.held.get(key(id))
	if !ok {
		return missing("held mail", id)
	}
	if row.state == store.HeldWaiting && row.announced.IsZero() {
		row.announced = stored(at)
		t.held = t.held.put(key(id), row)
	}
	return nil
}

func (t *tx) EndHeld(id int64, to store.HeldState, end store.HeldEnd) error {
	row, ok := t.held.get(key(id))
	switch {
	case !ok:
		return missing("held mail", id)
	case row.state != store.HeldWaiting:
		return fmt.Errorf("held mail %d is %s: %w", id, row.state, fault.ErrStale)
	}
	end.At, end.Run, end.Seal = stored(end.At), "", message.Digest{}
	row.state, row.end = to, end
	t.held = t.held.put(key(id), row)
	return nil
}

func (t *tx) EndedIn(run string) iter.Seq2[store.HeldMail, error] {
	return func(yield func(store.HeldMail, error) bool) {
		for _, row := range t.held.under("") {
			if row.state != store.HeldWaiting && row.end.Run == run && !yield(t.heldMail(row), nil) {
				return
			}
		}
	}
}

func (t *tx) BindEnd(id int64, run string, seal message.Digest) error {
	row, ok := t.held.get(key(id))
	if !ok || row.state == store.HeldWaiting {
		return missing("end of held mail", id)
	}
	row.end.Run, row.end.Seal = run, seal
	t.held = t.held.put(key(id), row)
	return nil
}

func (t *tx) DropHeldBlobs(since time.Time) error {
	for k, row := range t.held.under("") {
		if row.state == store.HeldWaiting || row.swept || row.since.After(stored(since)) {
			continue
		}
		t.refer(row.blob, -1)
		row.swept = true
		t.held = t.held.put(k, row)
	}
	return nil
}
