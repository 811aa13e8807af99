package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"slices"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// The encodings that digests are over; a change of one is a new name.
const (
	runEncoding      = "mailchute run 2"
	rowsEncoding     = "mailchute rows 1"
	documentEncoding = "mailchute document 1"
	repliesEncoding  = "mailchute replies 1"
	headerEncoding   = "mailchute header 1"
)

// Sum returns the digest that a closed run's row must have: SHA-256 over everything else
// in the row, its Process excepted. Previous makes the runs of a catalog one chain in the
// order of closing, aborted ones included; Rows binds what the run swept or did to the
// directory, its messages and the outcomes that they got in it, with their items, and what
// has become of held mail since the run before was closed, by whomever; the Seal of an
// outcome or of such an end binds the documents that were filed for it, or the drop file that was held.
//
// So none of these can be altered, removed, inserted or put in another order without
// breaking the chain from there on. That, and no more, is promised. Whoever can write to
// the catalog can compute the whole chain anew, and can cut off its end: against that
// stand the digests that events 6871 have taken elsewhere. What is not yet in the books of
// a closed run is not bound.
func (r Run) Sum() message.Digest {
	l := newLedger(runEncoding)
	l.number(int64(r.Place))
	l.digest(r.Previous)
	l.texts(r.ID, r.Job, r.Trigger, r.Host, string(r.State))
	l.time(r.Started)
	l.time(r.Ended)
	l.time(r.Backlog.Oldest)
	c := r.Counts
	for _, n := range []int{r.Backlog.Files, c.Processed, c.Filed, c.Duplicate, c.Held, c.Deleted, c.Deferred, c.Documents, c.Skipped, r.Swept} {
		l.number(int64(n))
	}
	l.number(c.Bytes)
	l.digest(r.Rows)
	return l.sum()
}

// SealDocuments returns the Seal of an outcome with these documents, whatever their
// order; zero for none.
func SealDocuments(docs []Document) message.Digest {
	if len(docs) == 0 {
		return message.Digest{}
	}
	sums := make([]message.Digest, len(docs))
	for i, d := range docs {
		l := newLedger(documentEncoding)
		l.document(d)
		sums[i] = l.sum()
	}
	slices.SortFunc(sums, func(a, b message.Digest) int { return bytes.Compare(a[:], b[:]) })
	l := newLedger(documentEncoding)
	for _, d := range sums {
		l.digest(d)
	}
	return l.sum()
}

// sealFiled returns the Seal of an outcome with these documents and the header that is
// kept with them.
func sealFiled(docs []Document, header string) message.Digest {
	documents := SealDocuments(docs)
	if header == "" {
		return documents
	}
	l := newLedger(headerEncoding)
	l.digest(documents)
	l.texts(header)
	return l.sum()
}

// ledger writes the canonical encoding of rows into a digest. Texts go with their
// lengths: no two lists of columns have the same bytes.
type ledger struct {
	h   hash.Hash
	buf []byte
}

func newLedger(encoding string) *ledger {
	l := &ledger{h: sha256.New()}
	l.texts(encoding)
	return l
}

func (l *ledger) texts(texts ...string) {
	for _, s := range texts {
		l.buf = binary.AppendUvarint(l.buf[:0], uint64(len(s)))
		l.buf = append(l.buf, s...)
		l.h.Write(l.buf)
	}
}

func (l *ledger) number(n int64) {
	l.buf = binary.BigEndian.AppendUint64(l.buf[:0], uint64(n))
	l.h.Write(l.buf)
}

// time writes microseconds: that is what catalogs keep.
func (l *ledger) time(t time.Time) { l.number(t.UnixMicro()) }

func (l *ledger) digest(d message.Digest) { l.h.Write(d[:]) }

func (l *ledger) sum() message.Digest { return message.Digest(l.h.Sum(nil)) }

// message writes a message that a run processed.
func (l *ledger) message(p Processed) {
	l.texts("message", p.Feed, p.File, p.MessageID, string(p.State), p.Detail)
	l.digest(p.Key)
	l.time(p.At)
	for _, n := range []int64{int64(p.Seq), int64(p.Documents), p.Bytes, int64(p.Skipped), int64(len(p.Waiting))} {
		l.number(n)
	}
	l.texts(p.Waiting...)
}

// outcome writes an outcome with its item.
func (l *ledger) outcome(o OutcomeOfItem) {
	it := o.Item
	l.texts("outcome", it.Feed, it.Format, it.File, it.MessageID, it.Sender, it.Evidence, it.Login)
	l.digest(it.Key)
	l.number(int64(it.Rung))
	l.number(it.Size)
	l.number(it.Mark)
	l.texts(o.Outcome.Recipient, o.Outcome.RecipientKey, string(o.Outcome.State), o.Outcome.Library,
		string(o.Outcome.Reason), o.Outcome.Detail)
	l.time(o.Outcome.At)
	for _, n := range []int64{int64(o.Outcome.Documents), o.Outcome.Bytes, int64(o.Outcome.Skipped)} {
		l.number(n)
	}
	l.digest(o.Outcome.Seal)
}

// end writes how held mail left HeldWaiting.
func (l *ledger) end(h HeldMail) {
	l.texts("end", h.Outcome.RecipientKey, string(h.State), h.End.Actor, h.End.Library, h.End.Author)
	l.digest(h.Item.Key)
	l.number(h.ID)
	l.time(h.End.At)
	l.digest(h.End.Seal)
}

// sweep writes what a run swept.
func (l *ledger) sweep(sw Sweep) {
	l.texts("sweep")
	for _, n := range []int64{int64(sw.Expiring), int64(sw.Expired), int64(sw.Versions), int64(sw.Runs), int64(sw.Doomed), int64(sw.Removed), sw.RemovedBytes} {
		l.number(n)
	}
}

// directory writes what a run of the job dms did.
func (l *ledger) directory(d DirectoryRun) {
	l.texts("directory")
	for _, n := range []int{d.Objects, d.Created, d.Renamed, d.Modified, d.Members, d.Deleted, d.Reported, d.Failed, d.Pending} {
		l.number(int64(n))
	}
}

// directoryWrite writes a change of the directory.
func (l *ledger) directoryWrite(w DirectoryWrite) {
	l.texts("write", w.Actor, string(w.Action), w.Key, w.Of, w.Where, w.Trouble)
	l.number(w.ID)
	l.time(w.At)
	l.number(int64(len(w.Changes)))
	for _, c := range w.Changes {
		l.texts(c.Attribute)
		for _, values := range [][]string{c.Before, c.After} {
			l.number(int64(len(values)))
			l.texts(values...)
		}
	}
}

// document writes a version of a document.
func (l *ledger) document(d Document) {
	c := d.Columns
	l.texts(d.Library, d.Folder, d.Name, d.Content.Damaged, d.ContentType, d.Author, d.Evidence, d.OriginalName, d.Part,
		c.MessageID, c.Sender, c.From, c.To, c.Cc, c.Subject, c.Date)
	l.digest(d.Content.Digest)
	l.number(int64(d.Version))
	l.number(d.Content.Size)
	l.number(int64(d.Rung))
	l.time(d.Created)
	if c.InReplyTo != "" || c.References != "" { // rows from before these columns have a seal, too
		l.texts(repliesEncoding, c.InReplyTo, c.References)
	}
}

// chain puts a run that is being closed at the end of the chain.
func chain(tx Tx, r *Run) error {
	last, err := tx.LastClosed()
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	r.Place, r.Previous = last.Place+1, last.Digest
	r.Digest = r.Sum()
	return nil
}
