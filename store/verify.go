package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// Finding is one line of Verify or Repair: a fault, the word that a check found none, or
// what was mended.
type Finding struct {
	Check  string // books, chain, rows, blobs or tree
	OK     bool
	Mended bool
	Detail string
}

// check reports what it finds, and ends with report's error where there is one.
type check func(ctx context.Context, report func(Finding) error) error

// Verify proves that books, rows, blobs and tree agree. Each message that a run processed
// has ended in the state that the run counts, and its outcomes have their documents or
// held mail and no others; every closed run's record is what Run.Sum says and follows the
// one before; the database finds no damage in itself; every version came from a message, or
// says that the document before it was removed; it and every held message has its blob's
// row, every row its bytes with the right digest; every document that was not removed has
// its file in the tree, and every file there is such a document. It yields
// each fault it finds, and a closing line for each check that found none. It reads every
// stored byte. An error means that it could not go on. Mail that is being filed meanwhile
// does no harm.
func (s *Store) Verify(ctx context.Context) iter.Seq2[Finding, error] {
	return s.VerifyWith(ctx, VerifyOptions{})
}

// VerifyOptions say what else Verify is to do.
type VerifyOptions struct {
	// Anchors are digests of closed runs that events 6871 have taken elsewhere. Each must
	// be in the chain: else its run was altered or removed, or a sweep has removed it.
	Anchors []message.Digest
	// DropFiles returns the names of all drop files in the feeds' folders, by feed: those that
	// have arrived, that a process has in hand, and that wait to be tried again. One that is
	// moved within a folder meanwhile may be missing. With nil, nobody looks whether the
	// files of deferred messages are still there.
	DropFiles func(context.Context) (map[string]map[string]bool, error)
	// Progress is told how far it is, often; nil: nobody is.
	Progress func(VerifyProgress)
}

// VerifyProgress says how far a check is.
type VerifyProgress struct {
	Check string // as in Finding
	Done  int64  // bytes of blobs, otherwise rows
	Total int64  // 0: not known
}

// VerifyWith is Verify with options.
func (s *Store) VerifyWith(ctx context.Context, o VerifyOptions) iter.Seq2[Finding, error] {
	if o.Progress == nil {
		o.Progress = func(VerifyProgress) {}
	}
	v := verifier{s, o}
	return findings(ctx, v.verifyBooks, v.verifyRows, v.verifyBlobs, v.verifyTree)
}

// verifier is one Verify.
type verifier struct {
	*Store
	VerifyOptions
}

// errStopped ends a check whose findings nobody wants any more.
var errStopped = errors.New("stopped")

// findings makes checks one after the other.
func findings(ctx context.Context, checks ...check) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		for _, c := range checks {
			err := c(ctx, func(f Finding) error {
				if !yield(f, nil) {
					return errStopped
				}
				return nil
			})
			if err != nil {
				if !errors.Is(err, errStopped) {
					yield(Finding{}, err)
				}
				return
			}
		}
	}
}

// verifyBlobs reads every blob that has a live row and compares its digest.
func (s verifier) verifyBlobs(ctx context.Context, report func(Finding) error) error {
	rows := map[message.Digest]int64{}
	err := s.view(ctx, "verify blobs", func(tx Tx) error {
		clear(rows)
		for row, err := range tx.Blobs() {
			if err != nil {
				return err
			}
			if row.State == BlobLive {
				rows[row.Digest] = row.Size
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	faults := 0
	var size, total int64
	for _, want := range rows {
		total += want
	}
	for d, want := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		wrong, err := s.liveBlobFault(ctx, d, want)
		if err != nil {
			return err
		}
		size += want
		s.Progress(VerifyProgress{"blobs", size, total})
		if wrong == "" {
			continue
		}
		faults++
		if err := report(Finding{Check: "blobs", Detail: fmt.Sprintf("blob %s %s", d, wrong)}); err != nil {
			return err
		}
	}
	if faults > 0 {
		return nil
	}
	return report(Finding{Check: "blobs", OK: true, Detail: fmt.Sprintf("%d blobs of %d bytes in all, each has its bytes", len(rows), size)})
}

// liveBlobFault is blobFault, "" also for a blob that a sweep has let go meanwhile.
func (s *Store) liveBlobFault(ctx context.Context, d message.Digest, want int64) (string, error) {
	wrong, err := s.blobFault(ctx, d, want)
	if err != nil || wrong == "" {
		return wrong, err
	}
	var state BlobState
	err = s.view(ctx, "verify blobs", func(tx Tx) error {
		state, err = tx.BlobState(d)
		return err
	})
	if err != nil || state != BlobLive {
		return "", err
	}
	return s.blobFault(ctx, d, want) // it may have been let go, and have come back
}

// blobFault says what is wrong with a blob's bytes, "" for nothing.
func (s *Store) blobFault(ctx context.Context, d message.Digest, want int64) (string, error) {
	b, err := s.blobs.Open(ctx, d)
	if errors.Is(err, fault.ErrNotFound) {
		return "is missing", nil
	}
	if err != nil {
		return "", fmt.Errorf("blob %s: %w", d, err)
	}
	h := sha256.New()
	n, err := io.Copy(h, b)
	if err := errors.Join(err, b.Close()); err != nil {
		return "cannot be read: " + err.Error(), nil
	}
	if n != want {
		return fmt.Sprintf("has %d bytes, its row says %d", n, want), nil
	}
	if message.Digest(h.Sum(nil)) != d {
		return "has other bytes than its digest says", nil
	}
	return "", nil
}
