package store

import (
	"context"
	"errors"
	"fmt"
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

// Outcomes returns what became of an item so far, by recipient.
func (s *Store) Outcomes(ctx context.Context, k Key) ([]Outcome, error) {
	var out []Outcome
	err := s.catalog.View(ctx, func(tx Tx) (err error) {
		out, err = tx.Outcomes(k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("outcomes of %s: %w", k, err)
	}
	return out, nil
}

// Settle makes a settlement durable, together with others that wait at the same moment,
// and shows its documents in the tree. When it returns nil, the drop file may be removed.
// A recipient that got its outcome meanwhile, from whomever, keeps it.
//
// Errors are transient and leave nothing behind; ErrDown is none of this item's own.
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
	earlier, err := tx.Outcomes(p.Item.Key)
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
	if err := s.settleBlobs(tx, p, now); err != nil {
		return err
	}
	if len(open) > 0 {
		if err := tx.PutItem(p.Item); err != nil {
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

// filedIn returns the libraries that have an item with these outcomes, each with the
// recipient for whom.
func filedIn(tx Tx, outcomes []Outcome) (map[string]string, error) {
	p := pending{filedIn: map[string]string{}}
	held := false
	for _, o := range outcomes {
		p.noteFiled(o)
		held = held || o.State == Held
	}
	if !held {
		return p.filedIn, nil
	}
	mail, err := tx.HeldOf(outcomes[0].Key)
	for _, h := range mail {
		if h.State == HeldReleased {
			p.filedIn[h.End.Library] = h.Outcome.Recipient
		}
	}
	return p.filedIn, err
}

// noteFiled remembers for whom a library has the message.
func (p *pending) noteFiled(o Outcome) {
	if o.State == Filed && p.filedIn[o.Library] == "" {
		p.filedIn[o.Library] = o.Recipient
	}
}

// settleRecipient writes the outcome of one recipient, with its documents or held mail.
// A library that has the message already, by another address, does not get it twice.
func (s *Store) settleRecipient(tx Tx, p *pending, d Decided, now time.Time) (Outcome, error) {
	if other := p.filedIn[d.Library]; d.State == Filed && other != "" {
		d.Drafts, d.Detail = nil, "filed with "+other
	}
	o := Outcome{
		Key: p.Item.Key, Recipient: d.Recipient.String(), RecipientKey: d.Recipient.Key(),
		State: d.State, Library: d.Library, Reason: d.Reason, Detail: d.Detail,
		Run: p.Run, At: now, Skipped: d.Skipped,
	}
	earlier := len(p.settled.Documents)
	for _, draft := range d.Drafts {
		if err := s.file(tx, p, d, draft, now); err != nil {
			return o, err
		}
		o.Documents++
		o.Bytes += draft.Content.Size
	}
	o.Seal = SealDocuments(p.settled.Documents[earlier:])
	if d.State == Held {
		o.Seal = p.Whole
	}
	if err := tx.InsertOutcome(o); err != nil || d.State != Held {
		return o, err
	}
	_, err := tx.InsertHeld(HeldMail{Item: p.Item, Outcome: o, State: HeldWaiting, Since: now, Blob: p.Whole})
	return o, err
}

// recipientKey returns whose documents those of d are. What was held stays its
// recipient's, even where the envelope cannot be read.
func (p *pending) recipientKey(d Decided) string {
	if p.released != nil {
		return p.released.Outcome.RecipientKey
	}
	return d.Recipient.Key()
}

// file writes the rows of one document.
func (s *Store) file(tx Tx, p *pending, d Decided, draft library.Draft, now time.Time) error {
	doc := Document{
		Library: d.Library, Folder: draft.Folder, FolderKey: library.Fold(draft.Folder), Name: draft.Name,
		Content: draft.Content, ContentType: draft.ContentType,
		Author: d.Author, Rung: p.Item.Rung, Evidence: p.Item.Evidence, Created: now,
		OriginalName: draft.OriginalName, Part: draft.Part, Columns: p.Columns,
		Key: p.Item.Key, RecipientKey: p.recipientKey(d),
	}
	if err := nameDocument(tx, &doc, draft.Overwrite); err != nil {
		return fmt.Errorf("name %s/%s: %w", doc.Library, doc.Path(), err)
	}
	if err := tx.InsertDocument(doc); err != nil {
		return fmt.Errorf("file %s/%s: %w", doc.Library, doc.Path(), err)
	}
	pub := s.publicationOf(doc)
	if err := tx.PutPublication(pub); err != nil {
		return fmt.Errorf("publish %s/%s: %w", doc.Library, doc.Path(), err)
	}
	p.settled.Documents = append(p.settled.Documents, doc)
	p.publications = append(p.publications, pub)
	return nil
}
