// Package sweep is the job that removes what retention lets go: held mail that was kept
// long enough, after a notice, the bytes of versions above a library's limit, old runs, and
// blobs that nothing refers to. The store has the rules.
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

// Job is the job sweep.
type Job struct {
	Store *store.Store
	Log   zerolog.Logger // event 6871
}

var _ jobs.Job = (*Job)(nil)

// Name returns the job's name in events and run records.
func (j *Job) Name() string { return event.JobSweep }

// Run sweeps once and writes event 6871. A cancelled ctx ends it early.
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
	run, err := j.Store.OpenRun(ctx, j.Name(), string(why))
	if err != nil {
		return event.Summary{}, err
	}
	err = j.Store.Sweep(ctx, run.ID)
	sum, unclosed := j.Store.CloseRun(context.WithoutCancel(ctx), run.ID, 0)
	if unclosed == nil {
		sum.Log(j.Log)
	}
	return sum, errors.Join(err, unclosed)
}
