package dms

import (
	"context"
	"errors"

	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/store"
)

// unclosed is a run whose books are to be closed.
type unclosed struct {
	store.DirectoryRun
	counted bool // what it saw is in the books
}

// tidyRuns closes the runs that were left open, those of dead processes too.
func (p *pass) tidyRuns(ctx context.Context) error {
	if _, err := p.closeRuns(ctx); err != nil || !p.tidies {
		return err
	}
	dead, err := p.Store.CloseDead(ctx)
	for _, sum := range dead {
		sum.Log(p.Log)
	}
	return err
}

// closeRuns closes our own runs and returns the summary of the last.
func (j *Job) closeRuns(ctx context.Context) (sum event.Summary, err error) {
	for len(j.unclosed) > 0 {
		u := &j.unclosed[0]
		if !u.counted {
			if err := j.Store.CountDirectory(ctx, u.DirectoryRun); err != nil {
				return event.Summary{}, err
			}
			u.counted = true
		}
		if sum, err = j.Store.CloseRun(ctx, u.Run, store.Backlog{}); err != nil {
			return event.Summary{}, err
		}
		sum.Log(j.Log)
		j.unclosed = j.unclosed[1:]
	}
	return sum, nil
}

// open gives the run its record, unless it has one.
func (p *pass) open(ctx context.Context) error {
	if p.run != "" {
		return nil
	}
	r, err := p.Store.OpenRun(ctx, p.Name(), string(p.why))
	p.run = r.ID
	return err
}

// close closes the run's books, if it has any.
func (p *pass) close(ctx context.Context) (err error) {
	if p.run == "" {
		return nil
	}
	count := store.DirectoryRun{Run: p.run, Objects: p.plan.Objects, Reported: len(p.reports) - p.failures}
	if p.held {
		count.Reported++
	}
	waiting, err := p.Store.Requests(ctx, directory.Pending)
	count.Pending = len(waiting)
	p.unclosed = append(p.unclosed, unclosed{DirectoryRun: count})
	sum, failed := p.closeRuns(ctx)
	p.sum = sum
	return errors.Join(err, failed)
}
