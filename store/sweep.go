package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailchute/pkg/event"
	"mailchute/pkg/fault"
)

// NoticeTime is how long before held mail expires a sweep first says so, and how long it
// is kept after that at the least, unless held_keep is shorter.
const NoticeTime = 7 * 24 * time.Hour

// sweepBatch bounds what one transaction of a sweep changes: others wait for it.
const sweepBatch = 200

// Sweep removes what retention lets go, within a run: it announces and expires held
// mail, lets drop files go that are older than held_keep and wait for nobody, lets the
// bytes of versions go that are above their library's limit or were removed longer ago
// than removed_keep, removes runs that are older than runs_keep, forgets how many messages
// a sender sent long ago, cancels requests that have waited for too long and frees local
// parts that are not reserved any more, marks blobs that nothing refers to, and removes those that an
// earlier sweep has marked.
// Several may run at once, and beside anything else. What is done before an error is
// done, and counted.
func (s *Store) Sweep(ctx context.Context, run string) error {
	w := &sweeper{Store: s, now: s.time(), done: Sweep{Run: run}}
	for _, step := range []func(context.Context) error{
		w.sweepHeld, w.sweepVersions, w.sweepRemoved, w.sweepRuns, w.sweepSent, w.sweepRequests,
		w.doomUnreferenced, w.doomOrphans, w.removeDoomed,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}

// sweptBy returns what a run's sweep did, for its summary.
func sweptBy(tx Tx, run string) (*event.Sweep, error) {
	sw, err := tx.Sweep(run)
	if err != nil && !errors.Is(err, fault.ErrNotFound) { // it failed before it did anything
		return nil, err
	}
	return &event.Sweep{
		Expiring: sw.Expiring, Expired: sw.Expired, Versions: sw.Versions, Runs: sw.Runs,
		Doomed: sw.Doomed, Removed: sw.Removed, RemovedBytes: sw.RemovedBytes,
	}, nil
}

// sweeper is one sweep.
type sweeper struct {
	*Store
	now  time.Time
	done Sweep // as committed
}

// update runs f in a transaction and commits what it counts with it.
func (w *sweeper) update(ctx context.Context, f func(tx Tx, n *Sweep) error) error {
	var n Sweep
	err := w.catalog.Update(ctx, func(tx Tx) error {
		if err := booksOpen(tx, w.done.Run, map[string]error{}); err != nil {
			return err
		}
		n = w.done
		if err := f(tx, &n); err != nil {
			return err
		}
		return tx.PutSweep(n)
	})
	if err == nil {
		w.done = n
	}
	return err
}

// inBatches runs f for all of these, as many in a transaction as others can wait for.
func inBatches[T any](ctx context.Context, w *sweeper, all []T, f func(tx Tx, n *Sweep, v T) error) error {
	for batch := range slices.Chunk(all, sweepBatch) {
		err := w.update(ctx, func(tx Tx, n *Sweep) error {
			for _, v := range batch {
				if err := f(tx, n, v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepHeld announces what will expire, expires what was announced long enough ago, and
// lets go of the drop files that nobody waits for any more.
func (w *sweeper) sweepHeld(ctx context.Context) error {
	var soon, due []int64
	var keep retention
	err := w.catalog.View(ctx, func(tx Tx) (err error) {
		soon, due, w.done.Expiring = nil, nil, 0
		if keep, err = retentionIn(tx, heldKeep); err != nil || keep.forever {
			return err
		}
		for h, err := range tx.Held(HeldWaiting) {
			if err != nil {
				return err
			}
			switch {
			case h.Since.Add(keep.time).After(w.now.Add(NoticeTime)):
			case !h.Announced.IsZero() && !keep.expires(h).After(w.now):
				due = append(due, h.ID)
			default:
				w.done.Expiring++
				if h.Announced.IsZero() {
					soon = append(soon, h.ID)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = inBatches(ctx, w, soon, func(tx Tx, _ *Sweep, id int64) error { return tx.AnnounceHeld(id, w.now) })
	if err == nil {
		err = inBatches(ctx, w, due, w.expire)
	}
	if err != nil {
		return err
	}
	return w.update(ctx, func(tx Tx, _ *Sweep) error {
		if keep.forever {
			return nil
		}
		return tx.DropHeldBlobs(w.now.Add(-keep.time))
	})
}

func (w *sweeper) expire(tx Tx, n *Sweep, id int64) error {
	err := tx.EndHeld(id, HeldExpired, HeldEnd{At: w.now, Actor: w.actor})
	if errors.Is(err, fault.ErrStale) {
		return nil // released or refused at the last moment
	}
	n.Expired++
	return err
}
