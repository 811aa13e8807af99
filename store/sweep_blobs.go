package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

const (
	// doomTime is how long a blob stays that was marked: far longer than a settlement
	// takes from putting bytes in place to its commit.
	doomTime = time.Hour
	// orphanTime is the least age of a blob without a row that is marked.
	orphanTime = 24 * time.Hour
)

// doomUnreferenced marks the blobs that nothing refers to any more.
func (w *sweeper) doomUnreferenced(ctx context.Context) error {
	var found []BlobRow
	err := w.catalog.View(ctx, func(tx Tx) (err error) {
		found, err = gather(tx.Unreferenced())
		return err
	})
	if err != nil {
		return err
	}
	return inBatches(ctx, w, found, func(tx Tx, n *Sweep, b BlobRow) error { return w.doom(tx, n, b, BlobLive) })
}

// doomOrphans gives a doomed row to the blobs in place that have none: a process died
// between the two. From then on they are like any other.
func (w *sweeper) doomOrphans(ctx context.Context) error {
	var old []BlobRow
	for info, err := range w.blobs.All(ctx) {
		if err != nil {
			return err
		}
		if info.Written.After(w.now.Add(-orphanTime)) {
			continue
		}
		old = append(old, BlobRow{Digest: info.Digest, Size: info.Size})
		if len(old) < sweepBatch {
			continue
		}
		if err := w.doomThoseWithoutRow(ctx, old); err != nil {
			return err
		}
		old = old[:0]
	}
	return w.doomThoseWithoutRow(ctx, old)
}

func (w *sweeper) doomThoseWithoutRow(ctx context.Context, blobs []BlobRow) error {
	var orphans []BlobRow
	err := w.catalog.View(ctx, func(tx Tx) error {
		orphans = nil
		for _, b := range blobs {
			state, err := tx.BlobState(b.Digest)
			if err != nil {
				return err
			}
			if state == BlobUnknown {
				orphans = append(orphans, b)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return inBatches(ctx, w, orphans, func(tx Tx, n *Sweep, b BlobRow) error { return w.doom(tx, n, b, BlobUnknown) })
}

// doom marks a blob that is still in the state in which it was found, and that nothing
// refers to.
func (w *sweeper) doom(tx Tx, n *Sweep, b BlobRow, found BlobState) error {
	state, err := tx.BlobState(b.Digest)
	if err != nil || state != found {
		return err
	}
	err = tx.DoomBlob(b.Digest, b.Size, w.time())
	if errors.Is(err, fault.ErrConflict) {
		return nil
	}
	n.Doomed++
	return err
}

// removeDoomed removes the blobs that were marked long enough ago.
func (w *sweeper) removeDoomed(ctx context.Context) error {
	by := w.now.Add(-doomTime)
	var found []BlobRow
	err := w.catalog.View(ctx, func(tx Tx) (err error) {
		found, err = gather(tx.Doomed(by))
		return err
	})
	if err != nil {
		return err
	}
	return inBatches(ctx, w, found, func(tx Tx, n *Sweep, b BlobRow) error {
		err := tx.DeleteBlob(b.Digest, by)
		if errors.Is(err, fault.ErrStale) {
			return nil // wanted again
		}
		if err != nil {
			return err
		}
		// The bytes go while the transaction keeps others from putting new ones there. If
		// it fails now, a row is left that promises nothing.
		n.Removed++
		n.RemovedBytes += b.Size
		return w.blobs.Delete(ctx, b.Digest)
	})
}

// reprieve gives blobs that are marked their time anew: someone is about to write them.
func (s *Store) reprieve(ctx context.Context, blobs map[message.Digest]int64) error {
	return s.catalog.Update(ctx, func(tx Tx) error {
		for d, size := range blobs {
			state, err := tx.BlobState(d)
			if err == nil && state == BlobDoomed {
				err = tx.DoomBlob(d, size, s.time())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// gather returns what a sequence yields.
func gather[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
