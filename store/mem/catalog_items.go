package mem

import (
	"bytes"
	"iter"
	"slices"
	"time"

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
	swept   bool

	announced time.Time
	end       store.HeldEnd
}

func (t *tx) PutItem(it store.Item) (isNew bool, err error) {
	k := key(it.Key)
	if t.items.has(k) {
		return false, nil
	}
	t.items = t.items.put(k, it)
	return true, nil
}

func (t *tx) Item(k store.Key) (store.Item, error) {
	it, ok := t.items.get(key(k))
	if !ok {
		return store.Item{}, missing("item", k)
	}
	return it, nil
}

func (t *tx) ItemsAt(messageIDOrFile string) ([]store.Item, error) {
	return slices.DeleteFunc(t.items.values(""), func(it store.Item) bool {
		return it.MessageID != messageIDOrFile && it.File != messageIDOrFile
	}), nil
}

func (t *tx) ItemsSent(messageID string, limit int) ([]store.Item, error) {
	return first(slices.DeleteFunc(t.items.values(""), func(it store.Item) bool {
		return it.MessageID == "" || it.MessageID != messageID
	}), limit), nil
}

func (t *tx) Keys(after store.Key, limit int) ([]store.Key, error) {
	var keys []store.Key
	for _, it := range t.items.under("") {
		keys = append(keys, it.Key)
	}
	for _, o := range t.outcomes.under("") {
		keys = append(keys, o.Key)
	}
	for _, d := range t.documents.under("") {
		keys = append(keys, d.Key)
	}
	keys = slices.DeleteFunc(keys, func(k store.Key) bool { return bytes.Compare(k[:], after[:]) <= 0 })
	slices.SortFunc(keys, func(a, b store.Key) int { return bytes.Compare(a[:], b[:]) })
	return first(slices.Compact(keys), limit), nil
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

func (t *tx) SettledIn(run string) iter.Seq2[store.OutcomeOfItem, error] {
	return func(yield func(store.OutcomeOfItem, error) bool) {
		var keys []store.Key
		for _, p := range t.processed.under(key(run)) {
			keys = append(keys, p.Key)
		}
		slices.SortFunc(keys, func(a, b store.Key) int { return bytes.Compare(a[:], b[:]) })
		for _, k := range slices.Compact(keys) {
			it, _ := t.items.get(key(k))
			for _, o := range t.outcomes.under(key(k)) {
				if o.Run == run && !yield(store.OutcomeOfItem{Item: it, Outcome: o}, nil) {
					return
				}
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
	t.held = t.held.put(key(t.lastHeld), heldRow{id: t.lastHeld, outcome: outcome, state: h.State, since: stored(h.Since), blob: h.Blob})
	t.heldOf = t.heldOf.put(outcome, t.lastHeld)
	t.refer(h.Blob, 1)
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

func (t *tx) HeldOf(k store.Key) ([]store.HeldMail, error) {
	var list []store.HeldMail
	for _, id := range t.heldOf.under(key(k)) {
		row, _ := t.held.get(key(id))
		list = append(list, t.heldMail(row))
	}
	return list, nil
}

func (t *tx) HeldBytes() (int64, error) {
	waiting := map[message.Digest]int64{}
	for _, row := range t.held.under("") {
		if row.state == store.HeldWaiting {
			blob, _ := t.blobs.get(key(row.blob))
			waiting[row.blob] = blob.Size
		}
	}
	var total int64
	for _, size := range waiting {
		total += size
	}
	return total, nil
}

func (t *tx) HeldBlobs() iter.Seq2[message.Digest, error] {
	return func(yield func(message.Digest, error) bool) {
		for _, row := range t.held.under("") {
			if !row.swept && !yield(row.blob, nil) {
				return
			}
		}
	}
}

func (t *tx) heldMail(row heldRow) store.HeldMail {
	o, _ := t.outcomes.get(row.outcome)
	it, _ := t.items.get(key(o.Key))
	return store.HeldMail{
		ID: row.id, Item: it, Outcome: o, State: row.state, Since: row.since, Blob: row.blob,
		Swept: row.swept, Announced: row.announced, End: row.end,
	}
}
