package store

import (
	"context"
	"fmt"
	"time"

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
	Waiting []string       // recipients deferred to a later run, as the envelope has them
	Detail  string         // why they wait
	Whole   message.Digest // of the whole drop file, staged where anything is held
	Staging *Staging       // nil where nothing was staged
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
	// Tree is what kept a document from being shown in the tree; the next run tries
	// again. The settlement itself is done.
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
// Errors are transient and leave nothing behind; fault.ErrStale asks to stage the item
// once more. Once it waits for the commit, Settle is not interrupted by ctx.
func (s *Store) Settle(ctx context.Context, st Settlement) (Settled, error) {
	p := &pending{Settlement: st, done: make(chan struct{})}
	wanted := st.blobs()
	if len(wanted) > 0 {
		if err := s.keep(ctx, st.Staging, wanted); err != nil {
			return Settled{}, fmt.Errorf("settle %s: %w", st.Item.File, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return Settled{}, err
	}
	s.commit(context.WithoutCancel(ctx), p)
	if p.err != nil {
		return Settled{}, fmt.Errorf("settle %s: %w", st.Item.File, p.err)
	}
	return p.settled, nil
}

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

// settle writes all rows of one settlement.
func (s *Store) settle(tx Tx, p *pending, now time.Time) error {
	p.settled = Settled{State: Duplicate}
	p.publications = nil
	earlier, err := tx.Outcomes(p.Item.Key)
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(earlier))
	for _, o := range earlier {
		known[o.RecipientKey] = true
	}
	if err := s.settleBlobs(tx, p); err != nil {
		return err
	}
	if len(p.Decided) > 0 {
		if err := tx.PutItem(p.Item); err != nil {
			return err
		}
	}
	row := Processed{
		Run: p.Run, Key: p.Item.Key, Feed: p.Item.Feed, File: p.Item.File, MessageID: p.Item.MessageID,
		Waiting: p.Waiting, Detail: p.Detail,
	}
	for _, d := range p.Decided {
		if known[d.Recipient.Key()] {
			continue
		}
		known[d.Recipient.Key()] = true
		o, err := s.settleRecipient(tx, p, d, now)
		if err != nil {
			return err
		}
		p.settled.Outcomes = append(p.settled.Outcomes, o)
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

// settleBlobs gives the bytes their rows: those that this settlement kept are live from
// now on; those that it relied on must still be.
func (s *Store) settleBlobs(tx Tx, p *pending) error {
	if p.Staging == nil {
		return nil
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

// settleRecipient writes the outcome of one recipient, with its documents or held mail.
func (s *Store) settleRecipient(tx Tx, p *pending, d Decided, now time.Time) (Outcome, error) {
	o := Outcome{
		Key: p.Item.Key, Recipient: d.Recipient.String(), RecipientKey: d.Recipient.Key(),
		State: d.State, Library: d.Library, Reason: d.Reason, Detail: d.Detail,
		Run: p.Run, At: now, Skipped: d.Skipped,
	}
	for _, draft := range d.Drafts {
		o.Documents++
		o.Bytes += draft.Content.Size
	}
	if err := tx.InsertOutcome(o); err != nil {
		return o, err
	}
	if d.State == Held {
		_, err := tx.InsertHeld(HeldMail{Item: p.Item, Outcome: o, State: HeldWaiting, Since: now, Blob: p.Whole})
		return o, err
	}
	for _, draft := range d.Drafts {
		if err := s.file(tx, p, d, draft, now); err != nil {
			return o, err
		}
	}
	return o, nil
}

// file writes the rows of one document.
func (s *Store) file(tx Tx, p *pending, d Decided, draft library.Draft, now time.Time) error {
	doc := Document{
		Library: d.Library, Folder: draft.Folder, FolderKey: library.Fold(draft.Folder), Name: draft.Name,
		Content: draft.Content, ContentType: draft.ContentType,
		Author: d.Author, Rung: p.Item.Rung, Evidence: p.Item.Evidence, Created: now,
		OriginalName: draft.OriginalName, Part: draft.Part, Columns: p.Columns,
		Key: p.Item.Key, RecipientKey: d.Recipient.Key(),
	}
	if err := nameDocument(tx, &doc, draft.Overwrite); err != nil {
		return fmt.Errorf("name %s/%s: %w", doc.Library, doc.Path(), err)
	}
	if err := tx.InsertDocument(doc); err != nil {
		return fmt.Errorf("file %s/%s: %w", doc.Library, doc.Path(), err)
	}
	pub := Publication{
		Library: doc.Library, Folder: doc.Folder, Name: doc.Name,
		FolderKey: doc.FolderKey, NameKey: doc.NameKey, Version: doc.Version,
	}
	if err := tx.PutPublication(pub); err != nil {
		return fmt.Errorf("publish %s/%s: %w", doc.Library, doc.Path(), err)
	}
	p.settled.Documents = append(p.settled.Documents, doc)
	p.publications = append(p.publications, pub)
	return nil
}
