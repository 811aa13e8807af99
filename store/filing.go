package store

import (
	"fmt"
	"time"

	"mailchute/pkg/library"
)

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
	filed, header, err := s.fileAll(tx, p, d, now)
	if err != nil {
		return o, err
	}
	o.Documents, o.Bytes, o.Seal = len(filed), bytesOf(filed), sealFiled(filed, header)
	if d.State == Held {
		o.Seal = p.Whole
	}
	if err := tx.InsertOutcome(o); err != nil || d.State != Held {
		return o, err
	}
	_, err = tx.InsertHeld(HeldMail{Item: p.Item, Outcome: o, State: HeldWaiting, Since: now, Blob: p.Whole})
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

// fileAll writes the rows of all documents for a recipient, with the message's header where
// it is to be kept.
func (s *Store) fileAll(tx Tx, p *pending, d Decided, now time.Time) (filed []Document, header string, err error) {
	earlier := len(p.settled.Documents)
	for _, draft := range d.Drafts {
		if err := s.file(tx, p, d, draft, now); err != nil {
			return nil, "", err
		}
	}
	filed = p.settled.Documents[earlier:]
	if len(filed) == 0 || d.Header == "" {
		return filed, "", nil
	}
	return filed, d.Header, tx.PutHeader(d.Library, p.Item.Key, d.Header)
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
	doc.Content.Detected = "" // no row has it
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
