// Package dms is the job that makes a directory follow the catalog: contacts of libraries
// and distribution groups. It reads what is wanted and what is there, plans, and applies
// the plan a step at a time; what it has written it records before it goes on.
package dms

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// Options are what a Job is made of.
type Options struct {
	Store     *store.Store
	Publisher directory.Publisher
	Domains   []string       // the mail domains that are the farm's own
	Mode      directory.Mode // what is written of an object; ModePlain where empty
	// MaxDeletes and MaxDeleteShare are the brake, as in directory.PlanOptions.
	MaxDeletes     int
	MaxDeleteShare float64
	// Enforce sets right what others changed; otherwise it is reported, and stays.
	Enforce bool
	// KeepForeignMembers leaves members in a group that others added.
	KeepForeignMembers bool
	// WritesPerSecond bounds how fast the directory is written to; 0: nothing does.
	WritesPerSecond int
	Log             zerolog.Logger // event 6871, and what a person should look at
	// Now is the clock; time.Now where nil.
	Now func() time.Time
}

// Job is the job dms. Run, Apply and Plan are for one goroutine at a time; any number of
// processes may have a Job on the same catalog and directory.
type Job struct {
	Options
	limit    limiter
	outages  int          // runs in a row that the directory ended
	until    time.Time    // no run by arrival before: the directory is down
	trouble  jobs.Trouble // with the directory
	braked   jobs.Trouble // the brake, which a person has to let go
	busy     bool         // another process has the lease
	said     map[report]bool
	unread   jobs.Trouble                    // with seeing changes of the catalog
	tried    map[string]directory.Attributes // what was wanted of objects when they failed, by key
	unclosed []unclosed                      // runs of ours whose books could not be closed
}

var _ jobs.Job = (*Job)(nil)

// New makes the job.
func New(o Options) *Job {
	if o.Mode == "" {
		o.Mode = directory.ModePlain
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Job{Options: o, limit: newLimiter(o.WritesPerSecond), said: map[report]bool{}, tried: map[string]directory.Attributes{}}
}

// Name returns the job's name in events and run records.
func (j *Job) Name() string { return event.JobDirectory }

// ErrBusy says that another process is making the directory follow at this moment.
var ErrBusy = errors.New("another process is at work on the directory")

// Run makes the directory follow once. It writes event 6871; one by arrival or at start
// that had nothing to do leaves no record. A directory that is down or refuses us, and one
// that another process is at work on, are no errors: they are logged once, and again says
// when to try; runs by arrival before that do nothing.
func (j *Job) Run(ctx context.Context, why jobs.Trigger) (again time.Time, err error) {
	if why == jobs.Arrival && isAhead(j.until, j.Now(), longestWait) {
		return j.until, nil
	}
	p, err := j.apply(ctx, why, true, ApplyOptions{})
	if fault.Of(err) == fault.Interrupted {
		return time.Time{}, nil
	}
	return j.next(p, err)
}

// next says once what kept a run from its end, and when the next is due.
func (j *Job) next(p *pass, err error) (again time.Time, _ error) {
	if errors.Is(err, ErrBusy) {
		j.sayBusy(err)
		return j.Now().Add(busyWait), nil
	}
	down, isDown := errors.AsType[*outage](err)
	if err != nil && !isDown && !isBrake(err) {
		return time.Time{}, err
	}
	j.busy = false
	j.sayBrake(err)
	j.until = time.Time{}
	if !isDown {
		j.outages = 0
		j.trouble.Report(j.Log, nil, "", "The directory can be written to again.")
		return p.again, nil
	}
	j.outages++
	j.until = j.Now().Add(down.wait(j.outages))
	j.trouble.Report(j.Log, err, "The directory cannot be made to follow; it will be tried again.", "")
	return j.until, nil
}

// sayBusy says once that another process has the lease.
func (j *Job) sayBusy(err error) {
	if !j.busy {
		j.Log.Info().Str("reason", err.Error()).Msg("Another process makes the directory follow.")
	}
	j.busy = true
}

// sayBrake says once that the brake holds a run, and once that nothing holds it any more.
func (j *Job) sayBrake(err error) {
	if !isBrake(err) {
		err = nil
	}
	j.braked.Report(j.Log, err,
		"The directory was left as it is: too much would be deleted.",
		"Nothing keeps the directory from being written to any more.")
}
