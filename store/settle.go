package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// Settlement is what became of one claimed file: a decision for each recipient that had
// no outcome, or the word that it must wait.
type Settlement struct {
	Run     string
	Item    Item
	Columns Columns
	Decided []Decided
	Waiting []string // recipients deferred to a later run, as the envelope has them
	Detail  string   // why they wait
	// Duplicates says whether earlier mail with other bytes can be this message too.
	Duplicates access.Duplicates
	Whole      message.Digest // of the whole drop file, staged where anything is held
	Staging    *Staging       // nil where nothing was staged
	Rate       Rate           // zero where the message does not count
}

// Decided is the decision for one recipient.
type Decided struct {
	Recipient address.Address // zero where the envelope could not be read
	State     State           // Filed, Held or Deleted
	Library   string
	Reason    fault.Reason
	Detail    string
	Author    string
	Drafts    []library.Draft
	Skipped   int
	// Header is the whole header of the message where the library keeps it
	// (library.Settings.SaveHeaders); "" otherwise.
	Header string
}

// Settled is what Settle did.
type Settled struct {
	// State is that of the message: deferred > held > deleted > filed > duplicate.
	State     State
	Outcomes  []Outcome // the new ones
	Documents []Document
	// Tree is what kept documents, of this item or of others before it, from being shown
	// in the tree; the next run tries again. The settlement itself is done.
	Tree error
}

// Outcomes returns what became of an item so far, by recipient. With a staging it also
// looks up the bytes that were staged so far, which spares Settle the question.
func (s *Store) Outcomes(ctx context.Context, k Key, g *Staging) ([]Outcome, error) {
	var out []Outcome
	var seen *sighting
	err := s.catalog.View(ctx, func(tx Tx) (err error) {
		if out, err = tx.Outcomes(k); err == nil && g != nil {
			seen, err = s.look(tx, maps.Keys(g.uploads))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("outcomes of %s: %w", k, err)
	}
	if g != nil {
		g.seen = seen
	}
	return out, nil
}

// Settle makes a settlement durable, together with others that wait at the same moment,
// and shows its documents in the tree. When it returns nil, the drop file may be removed.
// A recipient that got its outcome meanwhile, from whomever, keeps it.
//
// Errors are transient and leave nothing behind; ErrDown is none of this item's own, and
// ErrOverRate asks for another decision.
// Once it waits for the commit, Settle is not interrupted by ctx.
func (s *Store) Settle(ctx context.Context, st Settlement) (Settled, error) {
	done, err := s.write(ctx, pending{Settlement: st})
	if err != nil {
		return Settled{}, fmt.Errorf("settle %s: %w", st.Item.File, err)
	}
	return done, nil
}

// maxTries is how often a settlement starts over because blobs were swept meanwhile.
const maxTries = 5

// ErrDown: catalog or disk failed, whatever the item was.
var ErrDown = errors.New("the store is down")

// write puts the bytes in place that p wants, and commits it.
func (s *Store) write(ctx context.Context, p pending) (done Settled, err error) {
	wanted := p.blobs()
	for range maxTries {
		if done, err = s.writeOnce(ctx, p, wanted); !errors.Is(err, fault.ErrStale) {
			break
		}
	}
	return done, err
}

func (s *Store) writeOnce(ctx context.Context, p pending, wanted map[message.Digest]int64) (Settled, error) {
	if len(wanted) > 0 {
		if err := s.keep(ctx, p.Staging, wanted); err != nil {
			return Settled{}, down(err)
		}
	}
	if err := ctx.Err(); err != nil {
		return Settled{}, err
	}
	s.commit(context.WithoutCancel(ctx), &p)
	if p.err != nil {
		return Settled{}, p.err
	}
	if p.over {
		return Settled{}, ErrOverRate
	}
	return p.settled, nil
}

// down marks a failure of catalog or disk.
func down(err error) error { return fmt.Errorf("%w: %w", ErrDown, err) }

// blobs returns the digests and sizes that the settlement's rows will refer to.
func (st Settlement) blobs() map[message.Digest]int64 {
	wanted := map[message.Digest]int64{}
	for _, d := range st.Decided {
		for _, draft := range d.Drafts {
			wanted[draft.Content.Digest] = draft.Content.Size
		}
		if d.State == Held {
			wanted[st.Whole] = st.Item.Size
		}
	}
	return wanted
}

// errUndecided keeps a message whose every recipient was forgotten from being taken for a
// duplicate, and its drop file from being removed.
var errUndecided = errors.New("nothing was decided for this message, and nothing had been before")

// settle writes all rows of one settlement.
func (s *Store) settle(tx Tx, p *pending, now time.Time) error {
	p.settled = Settled{State: Duplicate}
	p.publications = nil
	over, err := p.isOver(tx)
	if p.over = over; err != nil || over {
		return err
	}
	earlier, err := p.earlier(tx)
	if err != nil {
		return err
	}
	if len(p.Decided)+len(p.Waiting)+len(earlier) == 0 {
		return errUndecided
	}
	open, had, err := undecided(tx, p, earlier)
	if err != nil {
		return err
	}
	if p.filedIn, err = filedIn(tx, earlier); err != nil {
		return err
	}
	if err := p.countSent(tx, earlier, open); err != nil {
		return err
	}
	if err := s.settleBlobs(tx, p, now); err != nil {
		return err
	}
	if len(open) > 0 && !p.isNew {
		if _, err := tx.PutItem(p.Item); err != nil {
			return err
		}
	}
	row := Processed{
		Run: p.Run, At: now, Key: p.Item.Key, Feed: p.Item.Feed, File: p.Item.File, MessageID: p.Item.MessageID,
		Waiting: p.Waiting, Detail: p.Detail,
	}
	row.noteTwins(had, len(open)+len(earlier)+len(p.Waiting) == 0)
	for _, d := range open {
		o, err := s.settleRecipient(tx, p, d, now)
		if err != nil {
			return err
		}
		p.settled.Outcomes = append(p.settled.Outcomes, o)
		p.noteFiled(o)
		row.Documents += o.Documents
		row.Bytes += o.Bytes
		row.Skipped += o.Skipped
	}
	p.settled.State = messageState(p.settled.Outcomes, p.Waiting)
	row.State = p.settled.State
	return tx.InsertProcessed(row)
}

// earlier returns the outcomes that the item has. Most items are new: where one can be put
// at once, its first row says that there are none.
func (p *pending) earlier(tx Tx) ([]Outcome, error) {
	p.isNew = false
	if len(p.Decided) > 0 && p.Duplicates != access.DuplicatesByMessageID {
		var err error
		if p.isNew, err = tx.PutItem(p.Item); err != nil || p.isNew {
			return nil, err
		}
	}
	return tx.Outcomes(p.Item.Key)
}

// messageState is the state of a message over its recipients, those with an earlier
// outcome being duplicates.
func messageState(outcomes []Outcome, waiting []string) State {
	if len(waiting) > 0 {
		return Deferred
	}
	for _, s := range []State{Held, Deleted, Filed} {
		for _, o := range outcomes {
			if o.State == s {
				return s
			}
		}
	}
	return Duplicate
}

// errSlow: after so long, a sweep may have removed what was put in place.
var errSlow = errors.New("storing the message took too long")

// settleBlobs gives the bytes their rows: those that this settlement kept are live from
// now on; those that it relied on must still be.
func (s *Store) settleBlobs(tx Tx, p *pending, now time.Time) error {
	if p.Staging == nil {
		return nil
	}
	if len(p.Staging.kept) > 0 && now.Sub(p.Staging.keptAt) >= doomTime/2 {
		return errSlow
	}
	for d, size := range p.Staging.kept {
		if err := tx.PutBlob(d, size); err != nil {
			return err
		}
	}
	for d := range p.Staging.relied {
		state, err := tx.BlobState(d)
		if err != nil {
			return err
		}
		if state != BlobLive {
			return fmt.Errorf("blob %s was swept: %w", d, fault.ErrStale)
		}
	}
	return nil
}
