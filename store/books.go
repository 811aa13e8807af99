package store

import (
	"errors"
	"fmt"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// seal computes what a run's record says of its rows, and chains it.
func seal(tx Tx, r *Run) (err error) {
	if err := bindEnds(tx, r.ID); err != nil {
		return err
	}
	r.Counts, r.Rows, err = readBooks(tx, r.ID, func(Processed) {}, func(OutcomeOfItem) {})
	if err != nil {
		return err
	}
	return chain(tx, r)
}

// maxEnds bounds how many ends of held mail a run takes into its books.
const maxEnds = 1000

// bindEnds puts what became of held mail since the last run was closed into a run's
// books; what is beyond maxEnds waits for the next run.
func bindEnds(tx Tx, run string) error {
	var ended []HeldMail
	for h, err := range tx.EndedIn("") {
		if err != nil {
			return err
		}
		if ended = append(ended, h); len(ended) == maxEnds {
			break
		}
	}
	for _, h := range ended {
		_, filed, err := holdings(tx, h.Item.Key)
		if err != nil {
			return err
		}
		if err := tx.BindEnd(h.ID, run, filed[h.Outcome.RecipientKey].seal()); err != nil {
			return err
		}
	}
	return nil
}

// readBooks reads a run's messages in order, then the outcomes that they got in it, the
// ends of held mail, what it swept and what it did to the directory, and returns what the
// run's record must say of them.
func readBooks(tx Tx, run string, eachMessage func(Processed), eachOutcome func(OutcomeOfItem)) (Counts, message.Digest, error) {
	var counts Counts
	l := newLedger(rowsEncoding)
	for p, err := range tx.ProcessedOf(run) {
		if err != nil {
			return counts, l.sum(), err
		}
		counts.add(p)
		l.message(p)
		eachMessage(p)
	}
	for o, err := range tx.SettledIn(run) {
		if err != nil {
			return counts, l.sum(), err
		}
		l.outcome(o)
		eachOutcome(o)
	}
	for h, err := range tx.EndedIn(run) {
		if err != nil {
			return counts, l.sum(), err
		}
		l.end(h)
	}
	sw, err := tx.Sweep(run)
	if err == nil {
		l.sweep(sw)
	} else if !errors.Is(err, fault.ErrNotFound) {
		return counts, l.sum(), err
	}
	err = readDirectory(tx, run, l)
	return counts, l.sum(), err
}

// readDirectory reads what a run did to the directory.
func readDirectory(tx Tx, run string, l *ledger) error {
	d, err := tx.DirectoryRun(run)
	if err == nil {
		l.directory(d)
	} else if !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	for w, err := range tx.DirectoryWritesIn(run) {
		if err != nil {
			return err
		}
		l.directoryWrite(w)
	}
	return nil
}

// add counts a message.
func (c *Counts) add(p Processed) {
	c.Processed++
	switch p.State {
	case Filed:
		c.Filed++
	case Duplicate:
		c.Duplicate++
	case Held:
		c.Held++
	case Deleted:
		c.Deleted++
	case Deferred:
		c.Deferred++
	}
	c.Documents += p.Documents
	c.Bytes += p.Bytes
	c.Skipped += p.Skipped
}

// text writes the counts for people.
func (c Counts) text() string {
	return fmt.Sprintf("%d processed = %d filed + %d duplicate + %d held + %d deleted + %d deferred, with %d documents of %d bytes and %d skipped parts",
		c.Processed, c.Filed, c.Duplicate, c.Held, c.Deleted, c.Deferred, c.Documents, c.Bytes, c.Skipped)
}
