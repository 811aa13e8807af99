package sqlcat

import (
	"fmt"
	"iter"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func (t *tx) AnnounceHeld(id int64, at time.Time) error {
	what := fmt.Sprintf("held mail %d", id)
	n, err := t.exec(what, `UPDATE held SET announced = $2 WHERE id = $1 AND state = 'held' AND announced = 0`, id, timeValue(at))
	if err == nil && n == 0 {
		_, err = t.heldState(what, id)
	}
	return err
}

func (t *tx) EndHeld(id int64, to store.HeldState, end store.HeldEnd) error {
	what := fmt.Sprintf("held mail %d", id)
	blobs, err := list(t, what, scanDigest, `UPDATE held SET state = $2, ended = $3, actor = $4, library = $5, author = $6 WHERE id = $1 AND state = 'held' RETURNING digest`,
		id, string(to), timeValue(end.At), end.Actor, end.Library, end.Author)
	if err != nil {
		return err
	}
	if len(blobs) > 0 {
		_, err = t.exec("sum of held mail", subtractHeldBytes, digestValue(blobs[0]))
		return err
	}
	is, err := t.heldState(what, id)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s is %s: %w", what, is, fault.ErrStale)
}

func (t *tx) EndedIn(run string) iter.Seq2[store.HeldMail, error] {
	return each(t, "ends of held mail in run "+run, scanHeld, selectHeld+` WHERE h.end_run = $1 AND h.state <> 'held' ORDER BY h.id`, run)
}

func (t *tx) BindEnd(id int64, run string, seal message.Digest) error {
	what := fmt.Sprintf("end of held mail %d", id)
	n, err := t.exec(what, `UPDATE held SET end_run = $2, end_seal = $3 WHERE id = $1 AND state <> 'held'`, id, run, digestValue(seal))
	if err == nil && n == 0 {
		err = fmt.Errorf("%s: %w", what, fault.ErrNotFound)
	}
	return err
}

func (t *tx) heldState(what string, id int64) (string, error) {
	return one(t, what, scalar[string], `SELECT state FROM held WHERE id = $1`, id)
}

func (t *tx) DropHeldBlobs(since time.Time) error {
	_, err := t.exec("blobs of held mail", `UPDATE held SET blob = NULL WHERE blob IS NOT NULL AND state <> 'held' AND since <= $1`, timeValue(since))
	return err
}
