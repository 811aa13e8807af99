package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// OpenRun opens a run's books and returns it.
func (s *Store) OpenRun(ctx context.Context, job, trigger string) (Run, error) {
	now := s.time()
	r := Run{
		ID:  now.Format("20060102T150405.000Z") + "-" + strings.ToLower(rand.Text()[:6]),
		Job: job, Trigger: trigger, Host: s.host, Process: s.process.name(), Started: now, State: RunOpen,
	}
	if err := s.catalog.Update(ctx, func(tx Tx) error { return tx.InsertRun(r) }); err != nil {
		return Run{}, fmt.Errorf("open a run: %w", err)
	}
	return r, nil
}

// CloseRun closes a run's books and returns its summary, computed from the rows. Of books
// that are closed already it returns the summary.
func (s *Store) CloseRun(ctx context.Context, id string, backlog Backlog) (event.Summary, error) {
	if _, err := s.closeRun(ctx, id, RunClosed, backlog); err != nil {
		return event.Summary{}, err
	}
	return s.Run(ctx, id, event.MaxListed)
}

// CloseDead closes the runs whose process has died, as aborted, and returns the summaries
// of those that it was the first to close.
func (s *Store) CloseDead(ctx context.Context) ([]event.Summary, error) {
	var open []Run
	err := s.catalog.View(ctx, func(tx Tx) (err error) {
		open, err = tx.OpenRuns()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("runs left open: %w", err)
	}
	var out []event.Summary
	for _, r := range open {
		dead, err := s.process.dead(r.Process)
		if err != nil {
			return out, err
		}
		if !dead {
			continue
		}
		first, err := s.closeRun(ctx, r.ID, RunAborted, Backlog{})
		if err != nil {
			return out, err
		}
		if !first {
			continue
		}
		sum, err := s.Run(ctx, r.ID, event.MaxListed)
		if err != nil {
			return out, err
		}
		out = append(out, sum)
	}
	return out, nil
}

// closeRun closes a run's books, unless that has been done; first reports that it was not.
func (s *Store) closeRun(ctx context.Context, id string, to RunState, backlog Backlog) (first bool, err error) {
	now := s.time()
	err = s.updateAndClear(ctx, func(tx Tx) error {
		r, err := tx.Run(id)
		if err != nil {
			return err
		}
		if first = r.State == RunOpen; !first {
			return nil
		}
		r.State, r.Ended, r.Backlog = to, now, backlog
		if err := seal(tx, &r); err != nil {
			return err
		}
		return tx.UpdateRun(r)
	})
	if err != nil {
		return false, fmt.Errorf("close run %s: %w", id, err)
	}
	return first, nil
}

// booksOpen says why nothing can be written into a run's books, nil for nothing. It
// asks once for each run and keeps the answer in known.
func booksOpen(tx Tx, run string, known map[string]error) error {
	err, ok := known[run]
	if ok {
		return err
	}
	r, err := tx.Run(run)
	if err == nil && r.State != RunOpen {
		err = fmt.Errorf("the books of run %s are %s", run, r.State)
	}
	if err != nil {
		err = down(err)
	}
	known[run] = err
	return err
}

// Run returns a run's summary with lists of at most listed entries (0: all).
func (s *Store) Run(ctx context.Context, id string, listed int) (event.Summary, error) {
	var sum event.Summary
	err := s.catalog.View(ctx, func(tx Tx) error {
		r, err := tx.Run(id)
		if err != nil {
			return err
		}
		sum, err = summarise(tx, r, listed)
		return err
	})
	if err != nil {
		return event.Summary{}, fmt.Errorf("run %s: %w", id, err)
	}
	return sum, nil
}

// Runs returns the summaries of the newest runs that began at or after since, newest
// first: at most limit of them (0: all), with lists of at most event.MaxListed entries.
func (s *Store) Runs(ctx context.Context, since time.Time, limit int) ([]event.Summary, error) {
	var out []event.Summary
	err := s.catalog.View(ctx, func(tx Tx) error {
		runs, err := tx.Runs(since, limit)
		if err != nil {
			return err
		}
		for _, r := range runs {
			sum, err := summarise(tx, r, event.MaxListed)
			if err != nil {
				return err
			}
			out = append(out, sum)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	return out, nil
}

// summarise computes event 6871 from a run's record and, as far as it is open, its rows.
func summarise(tx Tx, r Run, listed int) (event.Summary, error) {
	sum := event.New(r.ID, r.Job, r.Trigger)
	sum.State, sum.Host, sum.Started = string(r.State), r.Host, r.Started
	sum.Backlog, sum.BacklogOldest = r.Backlog.Files, r.Backlog.Oldest
	sum.Digest, sum.Previous = digestText(r.Digest), digestText(r.Previous)
	if !r.Ended.IsZero() {
		sum.ElapsedMS = float64(r.Ended.Sub(r.Started).Microseconds()) / 1000
	}
	counts := r.Counts
	list := event.NewLists(&sum, listed)
	for p, err := range tx.ProcessedOf(r.ID) {
		if err != nil {
			return sum, err
		}
		if r.State == RunOpen {
			counts.add(p)
		}
		list.MessageID(p.MessageID)
		for _, rcpt := range p.Waiting {
			list.Failure(event.Failure{
				MessageID: p.MessageID, File: p.File, Recipient: rcpt,
				State: string(Deferred), Reason: string(Deferred), Detail: p.Detail,
			})
		}
	}
	for o, err := range tx.OutcomesOfRun(r.ID) {
		if err != nil {
			return sum, err
		}
		list.Failure(event.Failure{
			MessageID: o.Item.MessageID, File: o.Item.File, Sender: o.Item.Sender, Recipient: o.Outcome.Recipient,
			State: string(o.Outcome.State), Reason: string(o.Outcome.Reason), Detail: o.Outcome.Detail,
		})
		if o.Outcome.Reason == fault.UnknownAddress {
			list.UnknownAddress(o.Outcome.Recipient)
		}
	}
	counts.show(&sum)
	if r.Job == event.JobSweep {
		var err error
		if sum.Sweep, err = sweptBy(tx, r.ID); err != nil {
			return sum, err
		}
	}
	if r.Job == event.JobDirectory {
		var err error
		if sum.Directory, err = publishedBy(tx, r.ID); err != nil {
			return sum, err
		}
	}
	sum.Conclude()
	return sum, nil
}

// show puts the counts into a summary.
func (c Counts) show(sum *event.Summary) {
	sum.Processed, sum.Filed, sum.Duplicate = c.Processed, c.Filed, c.Duplicate
	sum.Held, sum.Deleted, sum.Deferred = c.Held, c.Deleted, c.Deferred
	sum.Errors = c.Held + c.Deleted + c.Deferred
	sum.Documents, sum.Bytes, sum.Skipped = c.Documents, c.Bytes, c.Skipped
}

// digestText returns a digest for a summary, "" for none.
func digestText(d message.Digest) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}
