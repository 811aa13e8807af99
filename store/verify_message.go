package store

import (
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// message checks that each recipient of a message has exactly what the outcome says.
func (a *audit) message(tx Tx, k Key) error {
	a.step()
	it, err := tx.Item(k)
	if errors.Is(err, fault.ErrNotFound) {
		a.fault("message %s: there are outcomes or documents of it, but not itself", k)
		return nil
	}
	if err != nil {
		return err
	}
	outcomes, err := tx.Outcomes(k)
	if err != nil {
		return err
	}
	held, documents, err := holdings(tx, k)
	if err != nil {
		return err
	}
	if len(outcomes) == 0 {
		a.fault("%s (message %s): no recipient has an outcome", it.File, k)
	}
	for _, f := range documents {
		for _, d := range f.documents {
			wrong, err := documentFault(tx, d)
			if err != nil {
				return err
			}
			if wrong != "" {
				a.fault("%s (message %s): version %d of document %s/%s: %s", it.File, k, d.Version, d.Library, d.Path(), wrong)
			}
		}
	}
	for _, o := range outcomes {
		if err := a.namesRun(tx, o); err != nil {
			return err
		}
		if wrong := outcomeFault(o, held[o.RecipientKey], documents[o.RecipientKey]); wrong != "" {
			a.fault("%s (message %s), %s for %q: %s", it.File, k, o.State, o.Recipient, wrong)
		}
		delete(documents, o.RecipientKey)
	}
	for _, h := range held {
		if h.End.Run == "" {
			continue
		}
		known, err := a.knowsRun(tx, h.End.Run, h.End.At)
		if err != nil {
			return err
		}
		if !known {
			a.fault("message %s: run %q, whose books say what became of held message %d, is not in the books", k, h.End.Run, h.ID)
		}
	}
	for recipient, f := range documents {
		a.fault("%s (message %s): %d documents are there for %q, who has no outcome", it.File, k, len(f.documents), recipient)
	}
	return nil
}

// filing is what was filed of a message for a recipient.
type filing struct {
	documents []Document
	header    string // that is kept with them
}

func (f filing) seal() message.Digest { return sealFiled(f.documents, f.header) }

// holdings returns what is held and what is filed of a message by recipient key.
func holdings(tx Tx, k Key) (held map[string]HeldMail, filed map[string]filing, err error) {
	hs, err := tx.HeldOf(k)
	if err != nil {
		return nil, nil, err
	}
	held = make(map[string]HeldMail, len(hs))
	for _, h := range hs {
		held[h.Outcome.RecipientKey] = h
	}
	docs, err := tx.DocumentsOf(k)
	filed = map[string]filing{}
	for _, d := range docs {
		f := filed[d.RecipientKey]
		f.documents = append(f.documents, d)
		if len(f.documents) == 1 && err == nil {
			f.header, err = tx.Header(d.Library, k)
		}
		filed[d.RecipientKey] = f
	}
	return held, filed, err
}

// outcomeFault says how an outcome differs from what is there for its recipient, "" for
// nothing. h is zero where nothing is held.
func outcomeFault(o Outcome, h HeldMail, f filing) string {
	docs := f.documents
	switch o.State {
	case Filed:
		switch {
		case h.ID != 0:
			return "it is held, too"
		case len(docs) != o.Documents:
			return fmt.Sprintf("%d documents were filed, and there are %d", o.Documents, len(docs))
		case f.seal() != o.Seal:
			return "its documents are not those that were filed"
		case bytesOf(docs) != o.Bytes:
			return fmt.Sprintf("%d bytes were filed, and its documents have %d", o.Bytes, bytesOf(docs))
		}
	case Held:
		switch {
		case h.ID == 0:
			return "it is not among the held mail"
		case h.Blob != o.Seal:
			return "another drop file is held than was"
		case h.Swept && h.State == HeldWaiting:
			return "it waits, and its drop file was swept"
		case len(docs) > 0 && h.State != HeldReleased:
			return fmt.Sprintf("it has %d documents and was never released", len(docs))
		case h.End.Run != "" && f.seal() != h.End.Seal:
			return "its documents are not those that it was released as"
		}
		for _, d := range docs {
			if d.Library != h.End.Library || d.Author != h.End.Author {
				return fmt.Sprintf("it was released to library %s, author %s, and its document %s/%s has the author %s", h.End.Library, h.End.Author, d.Library, d.Path(), d.Author)
			}
		}
	case Deleted:
		if h.ID != 0 || len(docs) > 0 {
			return "it is held or filed, too"
		}
	case Duplicate, Deferred:
		return "that is no outcome"
	default:
		return "there is no such state"
	}
	return ""
}

// namesRun checks that an outcome's run is there, or so old that it was swept.
func (a *audit) namesRun(tx Tx, o Outcome) error {
	a.claimed[o.Run]++
	known, err := a.knowsRun(tx, o.Run, o.At)
	if err == nil && !known {
		a.fault("message %s: run %q, which decided for %q, is not in the books", o.Key, o.Run, o.Recipient)
	}
	return err
}

// knowsRun reports whether the run in which something was done is there, or so old that
// it was swept.
func (a *audit) knowsRun(tx Tx, run string, at time.Time) (bool, error) {
	known, asked := a.known[run]
	if !asked {
		_, err := tx.Run(run)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return false, err
		}
		_, before := a.decided[run] // it was there when the runs were read
		known = err == nil || before
		a.known[run] = known
	}
	swept := a.chain.swept > 0 && !at.After(a.earliest)
	return known || swept, nil
}
