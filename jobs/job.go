// Package jobs says when: a Job does one pass, a Bell asks for it, Loop runs it, and a
// Schedule rings by the clock. Runs of one loop never overlap.
package jobs

import (
	"context"
	"time"
)

// Trigger says why a run began.
type Trigger string

// The triggers.
const (
	Schedule Trigger = "schedule"
	Arrival  Trigger = "arrival"
	Start    Trigger = "start"
	Manual   Trigger = "manual"
)

// Job does one pass of something.
type Job interface {
	// Name is the job's name in events and run records.
	Name() string
	// Run does one pass. again is when the next is due at the latest, whatever the
	// schedule says: a file that is settling, a retry, work left over. Zero: nothing
	// waits. A cancelled ctx ends the pass early, with what is in hand finished or given
	// back, and is no error.
	Run(ctx context.Context, why Trigger) (again time.Time, err error)
}
