// Package sweep is the job that removes what retention lets go: held mail that was kept
// long enough, after a notice, the bytes of versions above a library's limit and of
// documents that were removed, old runs, and blobs that nothing refers to. The store has
// the rules.
package sweep

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// Job is the job sweep. It is for one goroutine.
type Job struct {
	Store *store.Store
	Log   zerolog.Logger // event 6871

	unclosed []string // runs of ours whose books could not be closed
}

var _ jobs.Job = (*Job)(nil)

// Name returns the job's name in events and run records.
func (j *Job) Name() string { return event.JobSweep }

// Run sweeps once and writes event 6871, after those of runs that were left open. A
// cancelled ctx ends it early.
func (j *Job) Run(ctx context.Context, why jobs.Trigger) (again time.Time, err error) {
	_, err = j.Sweep(ctx, why)
	if fault.Of(err) == fault.Interrupted {
		err = nil
	}
	return time.Time{}, err
}

// Sweep is Run that returns its summary; that is whole where it has a Run, whatever the
// error says.
func (j *Job) Sweep(ctx context.Context, why jobs.Trigger) (event.Summary, error) {
	if err := j.tidy(ctx); err != nil {
		return event.Summary{}, err
	}
	run, err := j.Store.OpenRun(ctx, j.Name(), string(why))
	if err != nil {
		return event.Summary{}, err
	}
	err = j.Store.Sweep(ctx, run.ID)
	j.unclosed = append(j.unclosed, run.ID)
	sum, unclosed := j.closeRuns(context.WithoutCancel(ctx))
	return sum, errors.Join(err, unclosed)
}

// tidy closes the runs that were left open, those of dead processes too.
func (j *Job) tidy(ctx context.Context) error {
	if _, err := j.closeRuns(ctx); err != nil {
		return err
	}
	dead, err := j.Store.CloseDead(ctx)
	for _, sum := range dead {
		sum.Log(j.Log)
	}
	return err
}

// closeRuns closes our own runs and returns the summary of the last.
func (j *Job) closeRuns(ctx context.Context) (sum event.Summary, err error) {
	for len(j.unclosed) > 0 {
		if sum, err = j.Store.CloseRun(ctx, j.unclosed[0], store.Backlog{}); err != nil {
			return event.Summary{}, err
		}
		sum.Log(j.Log)
		j.unclosed = j.unclosed[1:]
	}
	return sum, nil
}
