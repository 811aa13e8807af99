package jobs

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"
)

// Pace bounds how often a loop runs.
type Pace struct {
	// Apart is the least time between the end of a run and the next one by arrival;
	// 250 ms where zero.
	Apart time.Duration
	// Retry is the wait after a run that failed; 5 s where zero. It doubles with each that
	// fails after it, to sixteen times as much, and is up to a quarter longer by chance.
	// The schedule may ring earlier.
	Retry time.Duration
}

// doublings is how often a wait doubles at most: 5 s become 80 s.
const doublings = 4

// wait returns how long to wait after so many runs in a row that failed.
func (p Pace) wait(failed int) time.Duration {
	d := p.Retry << min(failed-1, doublings)
	return d + rand.N(d/4)
}

// Loop runs the job at once, and then whenever its bell rings or a run asked for another
// one, one run at a time, until ctx is done. What a run returns as an error is logged,
// when it begins and when it is over, not every time.
func Loop(ctx context.Context, j Job, b *Bell, p Pace, log zerolog.Logger) {
	if p.Apart == 0 {
		p.Apart = 250 * time.Millisecond
	}
	if p.Retry == 0 {
		p.Retry = 5 * time.Second
	}
	var trouble Trouble
	failed := 0
	log = log.With().Str("job", j.Name()).Logger()
	why := Start
	for ctx.Err() == nil {
		again, err := j.Run(ctx, why)
		if ctx.Err() != nil {
			return
		}
		trouble.Report(log, err, "The job could not run; it will be tried again.", "The job runs again.")
		if failed++; err == nil {
			failed = 0
		} else {
			again = time.Now().Add(p.wait(failed))
		}
		why = next(ctx, b, p.Apart, again)
	}
}

// next waits for what asks for the next run. A run by arrival comes at least apart after
// the one before.
func next(ctx context.Context, b *Bell, apart time.Duration, again time.Time) Trigger {
	pause := time.NewTimer(apart)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return Arrival
	case <-b.scheduled:
		return Schedule
	case <-pause.C:
	}
	var due <-chan time.Time
	if !again.IsZero() {
		t := time.NewTimer(time.Until(again))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-b.scheduled:
		return Schedule
	case <-b.arrived:
	case <-due:
	}
	return Arrival
}
