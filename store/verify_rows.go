package store

import (
	"context"
	"fmt"
	"iter"

	"mailchute/pkg/message"
)

// rowsAudit is what the rows of documents, held mail and blobs say of each other.
type rowsAudit struct {
	live      map[message.Digest]int64 // sizes
	refs      int
	missing   []message.Digest
	waiting   int64 // bytes of the drop files that wait, each counted once
	heldBytes int64 // the same, as the catalog keeps it
}

// verifyRows proves that what documents and held mail refer to has a live blob row, and
// that the sum which held_max goes by is that of the mail that waits.
func (s verifier) verifyRows(ctx context.Context, report func(Finding) error) error {
	var a rowsAudit
	err := s.view(ctx, "verify rows", func(tx Tx) (err error) {
		a, err = auditRows(tx, func(done int64) { s.Progress(VerifyProgress{Check: "rows", Done: done}) })
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range a.missing {
		if err := report(Finding{Check: "rows", Detail: fmt.Sprintf("a document or held message refers to blob %s, which has no live row", d)}); err != nil {
			return err
		}
	}
	if a.waiting != a.heldBytes {
		return report(Finding{Check: "rows", Detail: fmt.Sprintf("%d bytes of held mail wait, and the catalog's sum of them, which held_max goes by, is %d", a.waiting, a.heldBytes)})
	}
	if len(a.missing) > 0 {
		return nil
	}
	return report(Finding{Check: "rows", OK: true, Detail: fmt.Sprintf("%d references to blobs, each has its row", a.refs)})
}

func auditRows(tx Tx, progress func(done int64)) (a rowsAudit, err error) {
	a.live = map[message.Digest]int64{}
	var done int64
	for row, err := range tx.Blobs() {
		if err != nil {
			return a, err
		}
		done++
		progress(done)
		if row.State == BlobLive {
			a.live[row.Digest] = row.Size
		}
	}
	for _, digests := range []iter.Seq2[message.Digest, error]{tx.DocumentBlobs(), tx.HeldBlobs()} {
		for d, err := range digests {
			if err != nil {
				return a, err
			}
			done++
			progress(done)
			a.refs++
			if _, ok := a.live[d]; !ok {
				a.missing = append(a.missing, d)
			}
		}
	}
	counted := map[message.Digest]bool{}
	for h, err := range tx.Held(HeldWaiting) {
		if err != nil {
			return a, err
		}
		if !h.Swept && !counted[h.Blob] {
			counted[h.Blob] = true
			a.waiting += a.live[h.Blob]
		}
	}
	a.heldBytes, err = tx.HeldBytes()
	return a, err
}
