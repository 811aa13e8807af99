package directory

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrIncomplete says that too little of what is known was found in the directory to make a
// plan of: fewer than half, and more than three objects are missing.
var ErrIncomplete = errors.New("the directory shows too few of the known objects")

// BrakeError says that a plan has more deletions than are allowed.
type BrakeError struct {
	Deletes int // that the plan has
	Limit   int // that are allowed
	Plan    Plan
}

// Error says how many deletions there would be, how many are allowed, and what to do.
func (e *BrakeError) Error() string {
	return fmt.Sprintf("too many deletions: it would be %d, and %d are allowed; look at 'mailchute directory plan': 'mailchute directory apply --max-deletes %d' does it",
		e.Deletes, e.Limit, e.Deletes)
}

// PlanOptions are what MakePlan goes by.
type PlanOptions struct {
	Installation string
	Backend      string // of the directory: what is known of another was never created in this one
	Mode         Mode
	// MaxDeletes and MaxDeleteShare are the brake: more deletions than the one, or than the
	// other as a part of all objects that are known to be there, are too many. The share
	// always allows three.
	MaxDeletes     int
	MaxDeleteShare float64
	// Allowed is how many deletions a person has allowed, whatever the brake says; 0: nobody
	// has.
	Allowed int
	Enforce bool // what others changed is set right; otherwise it is only reported
	// Rebuild makes anew what is known and was not found, however much it is: there is no
	// ErrIncomplete, and what somebody deleted is created also where nothing is enforced.
	Rebuild  bool
	Now      time.Time
	Managers map[string]Ref // of groups, by Object.Key, as far as the directory has them
}

// Plan is what is to be done.
type Plan struct {
	Steps   []Step // in the order in which they are done; reports come first
	Objects int    // that are wanted
}

// fewObjects may always be missing, or be deleted: shares of few objects say little.
const fewObjects = 3

// MakePlan compares what is wanted and what was once wanted and is gone with what was found,
// and returns what makes the directory follow. What was found must be all that Each
// yields, and whatever else ByID returns of the IDs that are known; there may be more. Each
// object has at most a rename and a modify, or one other step, but for those in each other's
// way: one of them is put aside first, under another alias and without its addresses. The
// order is: deletions, renames with the changes that go with them, changes that give an
// address up, creations, other changes. Members are not compared: the caller does that for
// groups that have no report that keeps it from it, after the other steps. An object that is
// wanted, not Frozen and without a step is there as it is wanted, also where what is known of
// it is behind: then a change was made and not recorded, and is to be recorded now.
//
// With a *BrakeError the plan is returned, too. With ErrIncomplete there is none.
func MakePlan(wanted []Wanted, gone []Known, found []Actual, o PlanOptions) (Plan, error) {
	p := newPlanner(wanted, gone, found, o)
	if present := p.present(); !o.Rebuild && present*2 < p.known && p.known-present > fewObjects {
		return Plan{}, fmt.Errorf("%w: %d of %d", ErrIncomplete, present, p.known)
	}
	for _, w := range wanted {
		p.want(w)
	}
	for _, k := range gone {
		if !p.wanted[k.Key] {
			p.drop(k)
		}
	}
	p.others()
	steps := p.inOrder()
	plan := Plan{Steps: append(p.reports, steps...), Objects: len(wanted)}
	if n, limit := len(p.deletes), p.limit(); n > limit {
		return plan, &BrakeError{Deletes: n, Limit: limit, Plan: plan}
	}
	return plan, nil
}

// limit returns how many deletions are allowed.
func (p *planner) limit() int {
	if p.Allowed > 0 {
		return p.Allowed
	}
	share := math.Ceil(p.MaxDeleteShare * float64(p.known))
	return min(p.MaxDeletes, max(fewObjects, int(share)))
}

// present returns how many of the known objects were found.
func (p *planner) present() int {
	n := 0
	for id := range p.keyOf {
		if _, ok := p.byID[id]; ok {
			n++
		}
	}
	return n
}
