package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// rowsAudit is what the rows of documents, held mail and blobs say of each other.
type rowsAudit struct {
	now  time.Time
	step func() // tells of one more row

	live  map[message.Digest]int64 // sizes
	refs  int
	wrong []string
}

func (a *rowsAudit) fault(format string, args ...any) {
	a.wrong = append(a.wrong, fmt.Sprintf(format, args...))
}

// verifyRows asks the database for damage that it knows of. Then it proves that what
// documents and held mail refer to has a live blob row, that every document came from a
// message, that held mail agrees with itself, and that the sum which held_max goes by is
// that of the mail that waits.
func (s verifier) verifyRows(ctx context.Context, report func(Finding) error) error {
	var done int64
	damage, err := s.catalog.CheckIntegrity(ctx, func(n, total int64) {
		done = n
		s.Progress(VerifyProgress{"rows", n, total})
	})
	for _, d := range damage {
		if err := report(Finding{Check: "rows", Detail: d}); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("verify rows: %w", err)
	}
	step := func() {
		done++
		s.Progress(VerifyProgress{Check: "rows", Done: done})
	}
	var a rowsAudit
	err = s.view(ctx, "verify rows", func(tx Tx) error {
		a = rowsAudit{now: s.time(), step: step, live: map[message.Digest]int64{}}
		return a.all(tx)
	})
	if err != nil {
		return err
	}
	for _, w := range a.wrong {
		if err := report(Finding{Check: "rows", Detail: w}); err != nil {
			return err
		}
	}
	if len(damage)+len(a.wrong) > 0 {
		return nil
	}
	return report(Finding{Check: "rows", OK: true, Detail: fmt.Sprintf("%d references to blobs, each has its row", a.refs)})
}

func (a *rowsAudit) all(tx Tx) error {
	for _, part := range []func(Tx) error{a.blobs, a.references, a.strays, a.heldMail} {
		if err := part(tx); err != nil {
			return err
		}
	}
	return nil
}

func (a *rowsAudit) blobs(tx Tx) error {
	for row, err := range tx.Blobs() {
		if err != nil {
			return err
		}
		a.step()
		switch {
		case row.State != BlobLive && row.State != BlobDoomed:
			a.fault("blob %s: %d is no state of a blob", row.Digest, row.State)
		case (row.State == BlobDoomed) == row.Doomed.IsZero():
			a.fault("blob %s: whether and when it was marked contradict each other", row.Digest)
		}
		if row.State == BlobLive {
			a.live[row.Digest] = row.Size
		}
	}
	return nil
}

func (a *rowsAudit) references(tx Tx) error {
	for _, digests := range []iter.Seq2[message.Digest, error]{tx.DocumentBlobs(), tx.HeldBlobs()} {
		for d, err := range digests {
			if err != nil {
				return err
			}
			a.step()
			a.refs++
			if _, ok := a.live[d]; !ok {
				a.fault("a document or held message refers to blob %s, which has no live row", d)
			}
		}
	}
	return nil
}

// strays checks the versions that came from no message: those that say Removed.
func (a *rowsAudit) strays(tx Tx) error {
	all, err := gather(tx.StrayDocuments())
	if err != nil {
		return err
	}
	for _, d := range all {
		a.step()
		if !d.Removed {
			a.fault("version %d of document %s/%s came from no message: mailchute has not filed it", d.Version, d.Library, d.Path())
			continue
		}
		wrong, err := removalFault(tx, d)
		if err != nil {
			return err
		}
		if wrong != "" {
			a.fault("version %d of document %s/%s: %s", d.Version, d.Library, d.Path(), wrong)
		}
	}
	return nil
}

// heldMail checks each held message by itself, and the sum of those that wait: each drop
// file counts once.
func (a *rowsAudit) heldMail(tx Tx) error {
	var waiting int64
	counted := map[message.Digest]bool{}
	for h, err := range tx.Held() {
		if err != nil {
			return err
		}
		if wrong := heldFault(h, a.now); wrong != "" {
			a.fault("held message %d: %s", h.ID, wrong)
		}
		if h.State == HeldWaiting && !h.Swept && !counted[h.Blob] {
			counted[h.Blob] = true
			waiting += a.live[h.Blob]
		}
	}
	sum, err := tx.HeldBytes()
	switch {
	case errors.Is(err, fault.ErrNotFound):
		a.fault("the catalog has no sum of held mail, which held_max goes by; verify --repair computes it")
	case err != nil:
		return err
	case sum != waiting:
		a.fault("%d bytes of held mail wait, and the catalog's sum of them, which held_max goes by, is %d; verify --repair computes it anew", waiting, sum)
	}
	return nil
}
