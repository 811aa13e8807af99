// Package incoming is the Incoming E-Mail job: it drains drop folders into libraries.
//
// One message goes top to bottom through message.go: claim, envelope, MIME, sender, a
// decision for each recipient, settle, and only then is the drop file removed. pass.go
// does that for all files of a run; verdict.go decides, for the job and for Explain
// alike, by what judge.go knows of the farm; examine.go decodes, and plan.go asks the
// libraries what documents they want; disposition.go says what happens after an
// error; memory.go bounds what is kept of the messages in hand. feed.go keeps the drop
// folders open, apart.go keeps them apart, and watch.go hears of arrivals.
package incoming

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/pkg/directory"
	"mailchute/pkg/dkim"
	"mailchute/pkg/durable"
	"mailchute/pkg/event"
	"mailchute/pkg/message"
	"mailchute/store"
)

// Options are what the job works with.
type Options struct {
	Store   *store.Store
	Feeds   []Feed
	Domains []string // the mail domains that are the farm's own
	Limits  message.Limits
	// DKIM verifies the signatures of feeds that ask for it; nil: there is none.
	DKIM *dkim.Verifier
	// People is the directory of people who are no users of the catalog; nil: there is none.
	People directory.People
	// Space returns the free bytes and the size of the file system that holds the store.
	Space func() (free, total int64, err error)
	// MinFree is the share of it below which nothing is claimed; 0: it may be full.
	MinFree float64
	// RunTime is how long a run claims; the next one follows at once. 60 s where zero.
	RunTime time.Duration
	// InFlight bounds the items that are claimed and not finished; 256 where zero.
	InFlight int
	// Apart are the files and folders, the store's above all, that no drop folder may have
	// to do with.
	Apart []Neighbour
	// OpenFolder opens a drop folder; durable.Open where nil.
	OpenFolder func(path string) (durable.FS, error)
	Log        zerolog.Logger // events 6871, 6872 and 6873
	// Progress is called now and then during a run, from one goroutine at a time; nil: never.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Processed int
	Documents int
	Errors    int // held, deleted or deferred
}

// Job is the Incoming E-Mail job. Run and Drain are for one goroutine at a time.
type Job struct {
	Options
	feeds  []*feed
	judges judges

	held        heldRoom
	treeTrouble jobs.Trouble
	unclosed    []unclosed
	first       int // the feed that the next run begins with
}

// New makes the job. It opens no folder before its first run.
func New(o Options) *Job {
	if o.RunTime == 0 {
		o.RunTime = time.Minute
	}
	if o.InFlight == 0 {
		o.InFlight = 256
	}
	if o.OpenFolder == nil {
		o.OpenFolder = durable.Open
	}
	j := &Job{Options: o, judges: judges{store: o.Store, people: o.people(), domains: o.Domains}}
	for _, f := range o.Feeds {
		log := o.Log.With().Str("feed", f.Name).Str("path", f.Path).Logger()
		j.feeds = append(j.feeds, &feed{Feed: f, log: log, openFolder: o.OpenFolder, apart: func() error { return j.apart(f) }})
	}
	return j
}

// people returns how the directory is asked.
func (o Options) people() *people { return &people{directory: o.People, log: o.Log} }

// judge returns a judge for a single question.
func (o Options) judge() *judge { return newJudge(o.Store, o.people(), o.Domains) }

// Name returns the job's name in events and run records.
func (j *Job) Name() string { return event.JobIncoming }

// Close lets the drop folders go.
func (j *Job) Close() error {
	var errs []error
	for _, f := range j.feeds {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}

// Run drains the feeds for at most RunTime and writes event 6871. A run by arrival that
// finds nothing leaves no record. A cancelled ctx ends it after the messages in hand.
func (j *Job) Run(ctx context.Context, why jobs.Trigger) (again time.Time, err error) {
	p, err := j.begin(ctx, why)
	if err != nil {
		return time.Time{}, err
	}
	p.drain(ctx)
	_, err = p.end(ctx)
	if err == nil && p.full() {
		return time.Now(), nil
	}
	return j.nextDue(), err
}

// Drain does one run until nothing is left that can be taken: it waits for files that
// are settling, at most twice the longest settle time of the feeds. The error also says
// which feeds could not be drained, and that mail waits for the directory; the rest was.
func (j *Job) Drain(ctx context.Context) (event.Summary, error) {
	p, err := j.begin(ctx, jobs.Manual)
	if err != nil {
		return event.Summary{}, err
	}
	var patience time.Duration
	for _, f := range j.feeds {
		patience = max(patience, 2*f.settle())
	}
	giveUp := time.Now().Add(patience)
	for ctx.Err() == nil && p.trouble() == nil {
		before := p.claimed
		p.until = time.Now().Add(j.RunTime)
		p.drain(ctx)
		if p.full() && p.trouble() == nil {
			continue
		}
		if p.claimed > before {
			giveUp = time.Now().Add(patience)
		}
		due := j.nextDue()
		if due.IsZero() || due.After(giveUp) {
			break
		}
		pause(ctx, time.Until(due))
	}
	sum, err := p.end(ctx)
	return sum, errors.Join(err, p.unfed, p.waits)
}

// nextDue returns when the first waiting file can be taken; zero: none waits.
func (j *Job) nextDue() (first time.Time) {
	for _, f := range j.feeds {
		due := f.nextDue()
		if !due.IsZero() && (first.IsZero() || due.Before(first)) {
			first = due
		}
	}
	return first
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
