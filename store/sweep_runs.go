package store

import (
	"context"
	"errors"

	"mailchute/pkg/fault"
)

// sweepRuns removes the oldest closed runs, those that ended longer ago than runs_keep,
// with their messages. That this run has done so is on its record in the same transaction.
func (w *sweeper) sweepRuns(ctx context.Context) error {
	for more := true; more; {
		err := w.update(ctx, func(tx Tx, n *Sweep) error {
			place, runs, err := w.oldRuns(tx)
			more = runs > 0
			if err != nil || !more {
				return err
			}
			this, err := tx.Run(n.Run)
			if err != nil {
				return err
			}
			this.Swept = place
			if err := tx.UpdateRun(this); err != nil {
				return err
			}
			n.Runs += runs
			return tx.DeleteRuns(place)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// oldRuns returns how many runs can go in one transaction, and the Place of the last of
// them. The last closed run stays, however old: the next one follows it. Outcomes outlive
// the run that they name, so no run is kept for its held mail.
func (w *sweeper) oldRuns(tx Tx) (place, runs int, err error) {
	keep, err := retentionIn(tx, runsKeep)
	if err != nil || keep.forever {
		return 0, 0, err
	}
	last, err := tx.LastClosed()
	if errors.Is(err, fault.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	oldest, err := tx.ClosedRuns(0, sweepBatch)
	rows := 0
	for _, r := range oldest {
		rows += 1 + r.Counts.Processed
		if r.Place == last.Place || r.Ended.Add(keep.time).After(w.now) || runs > 0 && rows > sweepBatch {
			break
		}
		place, runs = r.Place, runs+1
	}
	return place, runs, err
}
