package dms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/jobs"
	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/store"
)

// ApplyOptions are what a person may say about one run.
type ApplyOptions struct {
	// Deletes raises the brake for this run: so many objects may be deleted; 0: as many as
	// the Job's options say.
	Deletes int
	// Rebuild is directory.PlanOptions.Rebuild: the container was emptied or replaced.
	Rebuild bool
	// Progress is called after each step, from one goroutine; nil: never. total may grow.
	Progress func(done, total int)
}

// Apply is Run that returns what it set out to do, its summary, and every error: ErrBusy, a
// *directory.BrakeError, with which nothing was changed, or what ended it early. The plan
// lacks members of groups. The summary is whole where it has a Run, whatever the error says.
// By arrival it is for one that has changed something and sees to it that the directory
// follows at once: what else is due, reminders and the books of dead processes, is left to
// Run, and objects that failed to their time.
func (j *Job) Apply(ctx context.Context, why jobs.Trigger, o ApplyOptions) (directory.Plan, event.Summary, error) {
	p, err := j.apply(ctx, why, why != jobs.Arrival, o)
	return p.plan, p.sum, err
}

// pass is one run.
type pass struct {
	*Job
	*world
	ApplyOptions
	why         jobs.Trigger
	tidies      bool   // requests that are due, and the books of dead processes, are seen to
	run         string // "": it has no record yet
	plan        directory.Plan
	sum         event.Summary
	again       time.Time // when something that waits is due; zero: nothing waits
	reports     []report
	created     bool  // objects that others may be members of
	failing     class // of the last write, where it failed
	skipped     bool  // an object was left as it was, and is tried again
	held        bool  // the whole plan, for a person to look at
	failures    int   // reports that are writes that failed
	done, total int
}

// apply does one run, under the lease and within its books.
func (j *Job) apply(ctx context.Context, why jobs.Trigger, tidies bool, o ApplyOptions) (p *pass, err error) {
	p = &pass{Job: j, ApplyOptions: o, why: why, tidies: tidies}
	if err := p.tidyRuns(ctx); err != nil {
		return p, err
	}
	taken, holder, err := j.Store.TakeLease(ctx, j.Name())
	if err != nil {
		return p, err
	}
	if !taken {
		return p, fmt.Errorf("%w: process %s since %s", ErrBusy, holder.Process, holder.At.Format(time.RFC3339))
	}
	defer func() {
		err = errors.Join(err, j.Store.ReleaseLease(context.WithoutCancel(ctx), j.Name()))
	}()
	if why == jobs.Schedule || why == jobs.Manual {
		if err := p.open(ctx); err != nil {
			return p, err
		}
	}
	err = p.follow(ctx)
	return p, errors.Join(err, p.close(context.WithoutCancel(ctx)))
}

// follow makes the directory follow the catalog.
func (p *pass) follow(ctx context.Context) (err error) {
	if err := p.tidyRequests(ctx); err != nil {
		return err
	}
	p.world, err = p.look(ctx, p.why == jobs.Manual)
	if err == nil {
		p.plan, err = p.Job.plan(p.world, p.ApplyOptions)
		p.held = err != nil
	}
	if err == nil {
		p.heed(p.plan)
		if err = p.steps(ctx); err == nil {
			err = p.settle(ctx)
		}
	}
	p.report(err == nil)
	if err != nil {
		err = errors.Join(err, p.delay(context.WithoutCancel(ctx), err))
	}
	return err
}

// later notes that something is due at a time.
func (p *pass) later(at time.Time) {
	if p.again.IsZero() || at.Before(p.again) {
		p.again = at
	}
}

// tidyRequests says which requests wait, and which have waited for too long.
func (p *pass) tidyRequests(ctx context.Context) error {
	if !p.tidies {
		return nil
	}
	reminded, expired, err := p.Store.TidyRequests(ctx)
	if err != nil {
		return err
	}
	if n := len(reminded); n > 0 {
		p.Log.Warn().Int("requests", n).Strs("of", namesOf(reminded)).
			Msg("Requests for distribution groups wait for an approval: see 'mailchute request list'.")
	}
	if n := len(expired); n > 0 {
		p.Log.Warn().Int("requests", n).Strs("of", namesOf(expired)).
			Msg("Requests for distribution groups have expired: nobody decided.")
	}
	return nil
}

// namesOf returns what requests are about, at most as many as an event lists.
func namesOf(requests []directory.Request) []string {
	names := []string{}
	for _, r := range requests[:min(len(requests), event.MaxListed)] {
		names = append(names, fmt.Sprintf("%d %s", r.ID, r.Name))
	}
	return names
}

// hasOwnTrouble reports whether the object of a request failed itself, in this run or before.
func (p *pass) hasOwnTrouble(r directory.Request) bool {
	if p.world == nil {
		return false
	}
	o := p.objects[r.Distribution]
	return o != nil && (o.recorded || o.known.Trouble != "" && p.Now().Before(o.known.Next))
}

// delay notes with the requests that the directory has still to follow why it does not.
// The error is the catalog's.
func (p *pass) delay(ctx context.Context, cause error) error {
	var out *outage
	if !isBrake(cause) && !errors.As(cause, &out) {
		return nil
	}
	approved, err := p.Store.Requests(ctx, directory.Approved)
	if err != nil {
		return err
	}
	for _, r := range approved {
		if r.Trouble == cause.Error() || p.hasOwnTrouble(r) {
			continue
		}
		if err := p.open(ctx); err != nil {
			return err
		}
		wait := store.Ending{Request: r.ID, To: directory.Approved, Trouble: cause.Error()}
		if err := p.Store.RecordDirectory(ctx, p.run, store.DirectoryResult{Ends: []store.Ending{wait}}); err != nil {
			return err
		}
	}
	return nil
}
