package mem

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// heldRow is held mail without the item and the outcome that it refers to.
type heldRow struct {
	id      int64
	outcome string // its key
	state   store.HeldState
	since   time.Time
	blob    message.Digest
}

func (t *tx) PutItem(it store.Item) error {
	if k := key(it.Key); !t.items.has(k) {
		t.items = t.items.put(k, it)
	}
	return nil
}

func (t *tx) Outcomes(k store.Key) ([]store.Outcome, error) {
	return t.outcomes.values(key(k)), nil
}

func (t *tx) InsertOutcome(o store.Outcome) error {
	k := key(o.Key, o.RecipientKey)
	switch {
	case t.outcomes.has(k):
		return taken("outcome for", o.Recipient)
	case !t.items.has(key(o.Key)):
		return missing("item", o.Key)
	}
	o.At = stored(o.At)
	t.outcomes = t.outcomes.put(k, o)
	if o.State != store.Filed {
		t.unfiled = t.unfiled.put(key(o.Run, t.next()), o)
	}
	return nil
}

func (t *tx) OutcomesOfRun(run string) iter.Seq2[store.OutcomeOfItem, error] {
	return func(yield func(store.OutcomeOfItem, error) bool) {
		for _, o := range t.unfiled.under(key(run)) {
			it, _ := t.items.get(key(o.Key))
			if !yield(store.OutcomeOfItem{Item: it, Outcome: o}, nil) {
				return
			}
		}
	}
}

func (t *tx) InsertHeld(h store.HeldMail) (int64, error) {
	outcome := key(h.Outcome.Key, h.Outcome.RecipientKey)
	switch {
	case !t.outcomes.has(outcome):
		return 0, missing("outcome for", h.Outcome.Recipient)
	case !t.blobs.has(key(h.Blob)):
		return 0, missing("blob", h.Blob)
	case t.heldOf.has(outcome):
		return 0, taken("held mail for", h.Outcome.Recipient)
	}
	t.lastHeld++
	t.held = t.held.put(key(t.lastHeld), heldRow{t.lastHeld, outcome, h.State, stored(h.Since), h.Blob})
	t.heldOf = t.heldOf.put(outcome, t.lastHeld)
	return t.lastHeld, nil
}

func (t *tx) Held(states ...store.HeldState) iter.Seq2[store.HeldMail, error] {
	return func(yield func(store.HeldMail, error) bool) {
		for _, row := range t.held.under("") {
			wanted := len(states) == 0 || slices.Contains(states, row.state)
			if wanted && !yield(t.heldMail(row), nil) {
				return
			}
		}
	}
}

func (t *tx) HeldByID(id int64) (store.HeldMail, error) {
	row, ok := t.held.get(key(id))
	if !ok {
		return store.HeldMail{}, missing("held mail", id)
	}
	return t.heldMail(row), nil
}

func (t *tx) SetHeldState(id int64, from, to store.HeldState) error {
	row, ok := t.held.get(key(id))
	switch {
	case !ok:
		return missing("held mail", id)
	case row.state != from:
		return fmt.Errorf("held mail %d is %s: %w", id, row.state, fault.ErrStale)
	}
	row.state = to
	t.held = t.held.put(key(id), row)
	return nil
}

func (t *tx) HeldBlobs() iter.Seq2[message.Digest, error] {
	return func(yield func(message.Digest, error) bool) {
		for _, row := range t.held.under("") {
			if !yield(row.blob, nil) {
				return
			}
		}
	}
}

func (t *tx) heldMail(row heldRow) store.HeldMail {
	o, _ := t.outcomes.get(row.outcome)
	it, _ := t.items.get(key(o.Key))
	return store.HeldMail{ID: row.id, Item: it, Outcome: o, State: row.state, Since: row.since, Blob: row.blob}
}
