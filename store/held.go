package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/fault"
)

// HeldMail returns what is held in any of these states, oldest first; in all of them
// where none is given.
func (s *Store) HeldMail(ctx context.Context, states ...HeldState) (out []HeldMail, err error) {
	err = s.view(ctx, "held mail", func(tx Tx) error {
		out = nil
		for h, err := range tx.Held(states...) {
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}

// HeldByID returns one held message: fault.ErrNotFound.
func (s *Store) HeldByID(ctx context.Context, id int64) (h HeldMail, err error) {
	err = s.view(ctx, fmt.Sprintf("held message %d", id), func(tx Tx) error {
		h, err = tx.HeldByID(id)
		return err
	})
	return h, err
}

// HeldBytes returns how many bytes of drop files wait to be released or refused, what is
// held for several recipients counted once.
func (s *Store) HeldBytes(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, "sum of held mail", func(tx Tx) error {
		n, err = tx.HeldBytes()
		return err
	})
	return n, err
}

// OpenHeld opens the drop file of a held message, byte for byte, and reads it once to be
// sure of that: ErrDamaged; fault.ErrNotFound where a sweep has removed it.
func (s *Store) OpenHeld(ctx context.Context, h HeldMail) (Blob, error) {
	if h.Swept {
		return nil, fmt.Errorf("drop file of held message %d: %w", h.ID, fault.ErrNotFound)
	}
	return s.openIntact(ctx, h.Blob, h.Item.Size)
}

// Refuse ends held mail without filing it, on record. fault.ErrNotFound; fault.ErrConflict:
// it waits no more. The drop file stays until a sweep finds it old enough.
func (s *Store) Refuse(ctx context.Context, id int64) error {
	return s.update(ctx, fmt.Sprintf("held refuse %d", id), func(tx Tx) error {
		return endHeld(tx, id, HeldRefused, HeldEnd{At: s.time(), Actor: s.actor})
	})
}

// Release is the decision to file a held message after all.
type Release struct {
	Held    HeldMail
	Columns Columns
	Decided Decided // its library, author and documents
	Forced  bool    // whatever limits and blocked types the library has
	Staging *Staging
}

// Release files a held message and takes it from HeldWaiting, in one transaction and on
// record, and shows its documents in the tree. They keep the item's identity and the
// evidence for its sender. A library that has the message already, by another address,
// does not get it twice.
//
// fault.ErrConflict: it waits no more; of two releases at once one files it. Other errors
// are those of Settle, and its rules hold.
func (s *Store) Release(ctx context.Context, r Release) (Settled, error) {
	item := r.Held.Item
	item.Evidence = "released by " + s.actor
	if r.Forced {
		item.Evidence += " with --force"
	}
	if r.Held.Item.Evidence != "" {
		item.Evidence += ", " + r.Held.Item.Evidence
	}
	r.Decided.State = Filed
	st := Settlement{Item: item, Columns: r.Columns, Decided: []Decided{r.Decided}, Staging: r.Staging}
	return s.write(ctx, pending{Settlement: st, released: &r.Held, forced: r.Forced})
}

// release writes all rows of a release.
func (s *Store) release(tx Tx, p *pending, now time.Time) error {
	p.settled, p.publications = Settled{State: Filed}, nil
	d := p.Decided[0]
	earlier, err := tx.Outcomes(p.Item.Key)
	if err != nil {
		return err
	}
	has, err := filedIn(tx, earlier)
	if err != nil {
		return err
	}
	end := HeldEnd{At: now, Actor: s.actor, Library: d.Library, Author: d.Author}
	if err := endHeld(tx, p.released.ID, HeldReleased, end); err != nil {
		return err
	}
	if err := s.settleBlobs(tx, p, now); err != nil {
		return err
	}
	if has[d.Library] == "" {
		if _, _, err := s.fileAll(tx, p, d, now); err != nil {
			return err
		}
	}
	action := fmt.Sprintf("held release %d to library:%s, author %s", p.released.ID, d.Library, d.Author)
	if p.forced {
		action += ", with --force"
	}
	return tx.InsertChange(Change{At: now, Actor: s.actor, Action: action})
}

// endHeld takes held mail from HeldWaiting, or says where it stands: fault.ErrConflict.
func endHeld(tx Tx, id int64, to HeldState, end HeldEnd) error {
	err := tx.EndHeld(id, to, end)
	if !errors.Is(err, fault.ErrStale) {
		return err
	}
	h, err := tx.HeldByID(id)
	if err != nil {
		return err
	}
	return fmt.Errorf("it is %s already: %w", h.State, fault.ErrConflict)
}
