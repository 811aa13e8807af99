package dms

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// class is what an error of the directory means for a run.
type class int

const (
	none        class = iota
	transient         // the directory is down or busy
	refused           // an administrator must act
	permanent         // of this object; the others go on
	vanished          // the object has changed since it was read: the next run looks again
	interrupted       // we were asked to stop
)

// classOf returns what an error of a Publisher means.
func classOf(err error) class {
	switch {
	case fault.Of(err) == fault.Interrupted:
		return interrupted
	case errors.Is(err, directory.ErrAccess), errors.Is(err, directory.ErrUnsupported), errors.Is(err, directory.ErrIncomplete):
		return refused
	case errors.Is(err, fault.ErrConflict), errors.Is(err, fault.ErrInvalid), errors.Is(err, directory.ErrNotOwned), errors.Is(err, directory.ErrAmbiguous):
		return permanent
	case errors.Is(err, fault.ErrNotFound):
		return vanished
	}
	return transient
}

// stateOf returns the state of an object that failed for good.
func stateOf(err error) directory.ObjectState {
	switch {
	case errors.Is(err, directory.ErrNotOwned):
		return directory.ObjectForeign
	case errors.Is(err, fault.ErrConflict), errors.Is(err, directory.ErrAmbiguous):
		return directory.ObjectConflict
	}
	return directory.ObjectFailed
}

// outage is an error of the directory that ends a run.
type outage struct {
	err  error
	what class
}

func (o *outage) Error() string { return o.err.Error() }
func (o *outage) Unwrap() error { return o.err }

// down marks an error of the directory as one that ends the run; nil stays nil.
func down(err error) error {
	if err == nil || classOf(err) == interrupted {
		return err
	}
	return &outage{err, classOf(err)}
}

// The waits for the directory.
const (
	firstWait   = 5 * time.Second
	longestWait = 15 * time.Minute // also where an administrator must act
	busyWait    = 5 * time.Second  // for another process
)

// wait returns how long to leave the directory alone after so many runs in a row that it
// ended.
func (o *outage) wait(runs int) time.Duration {
	d := longestWait
	if o.what != refused {
		d = min(firstWait<<min(runs-1, 10), longestWait)
	}
	return jitter(d)
}

// The waits for an object that failed.
const (
	firstTry   = time.Minute
	longestTry = 4 * time.Hour
	manyTries  = 8 // that were transient, in about two hours: then it has failed for good
)

// objectWait returns how long to leave an object alone that failed so often in a row.
func objectWait(tries int) time.Duration {
	return jitter(min(firstTry<<min(tries-1, 10), longestTry))
}

// jitter makes a wait up to a tenth shorter, so that several processes do not meet.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/10) }

// isAhead reports whether a time has still to come. One that is farther away than most, the
// longest wait, does not count: the clock was set back since.
func isAhead(at, now time.Time, most time.Duration) bool {
	return now.Before(at) && !at.After(now.Add(most))
}

// pause waits; a cancelled ctx ends that with an error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
