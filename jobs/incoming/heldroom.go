package incoming

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"mailchute/jobs"
	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// strangers are the reasons to hold mail that anybody can cause who knows nothing of the
// farm. Only this mail is bounded by held_max.
var strangers = []fault.Reason{
	fault.UnknownAddress, fault.ForeignDomain, fault.NoPermission, fault.NotAuthenticated, fault.AmbiguousSender,
	fault.SenderBlocked, fault.RateLimited, fault.UnsafeHost, fault.AutoReply, fault.Loop,
}

// ofStranger reports whether the verdict holds mail that held_max bounds.
func (v verdict) ofStranger(p access.Policy) bool {
	reason := v.decision.Reason
	return !v.allowed() && slices.Contains(strangers, reason) && stateFor(p, reason) == store.Held
}

// errNoRoom: recipients of the message wait until held mail takes up less.
var errNoRoom = errors.New("held mail has reached held_max")

// noRoom says what to do about it.
func noRoom(p access.Policy) error {
	return fmt.Errorf("%w (%s): release or refuse held mail, or set held_max higher", errNoRoom, library.FormatSize(p.HeldMax))
}

// heldRoom is the room for held mail: the catalog's sum, and what is on its way.
type heldRoom struct {
	trouble jobs.Trouble

	mu    sync.Mutex
	taken int64 // by messages that this process has in hand
}

// full reports whether held mail has reached held_max, and takes room for size more
// bytes where it has not.
func (r *heldRoom) full(ctx context.Context, s *store.Store, p access.Policy, size int64) (bool, error) {
	if p.HeldMax == 0 {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	held, err := s.HeldBytes(ctx)
	if err != nil || held+r.taken >= p.HeldMax {
		return true, err
	}
	r.taken += size
	return false, nil
}

// give gives back what was taken: the message is held by now, or will not be.
func (r *heldRoom) give(size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= size
}

// reportRoom says that held mail has reached held_max when that begins, and when it is
// over.
func (j *Job) reportRoom(p access.Policy, full bool) {
	var err error
	began := "Mail of strangers waits in the drop folders until there is room to hold it."
	if p.HeldFull == access.HeldFullDelete {
		began = "Mail of strangers is deleted, since there is no room to hold it."
	}
	if full {
		err = noRoom(p)
	}
	j.held.trouble.Report(j.Log, err, began, "There is room to hold mail of strangers again.")
}

// lookForRoom asks at the beginning of a run whether there is room to hold mail.
func (j *Job) lookForRoom(ctx context.Context) error {
	p, err := j.Store.Policy(ctx)
	if err != nil {
		return err
	}
	full, err := j.held.full(ctx, j.Store, p, 0)
	if err == nil {
		j.reportRoom(p, full)
	}
	return err
}

// takeRoom takes the room that the message needs where it will be held, and notes where
// there is none. A second call does so for what was rejected since.
func (p *pass) takeRoom(ctx context.Context, a *arrival) (err error) {
	if a.room > 0 || a.crowded {
		return nil
	}
	if !slices.ContainsFunc(a.verdicts, func(v verdict) bool { return v.ofStranger(a.policy) }) {
		return nil
	}
	a.crowded, err = p.held.full(ctx, p.Store, a.policy, a.Size)
	switch {
	case err != nil:
		return outage{err}
	case a.crowded:
		p.reportRoom(a.policy, true)
	case a.policy.HeldMax > 0:
		a.room = a.Size
	}
	return nil
}

// waits reports whether a recipient must wait for room.
func (a *arrival) waits(v verdict) bool {
	return a.crowded && a.policy.HeldFull != access.HeldFullDelete && v.ofStranger(a.policy)
}

// stillWaits reports whether nobody gets the message before there is room. That was put
// on record when it was first postponed: a flood is neither read nor recorded each time.
func (a *arrival) stillWaits() bool {
	return a.Deferrals > 0 && len(a.verdicts) > 0 && !slices.ContainsFunc(a.verdicts, func(v verdict) bool { return !a.waits(v) })
}

// decided returns what the store settles for a recipient who does not wait.
func (a *arrival) decided(v verdict) store.Decided {
	d := v.decided(a.policy)
	if a.crowded && v.ofStranger(a.policy) {
		d.State, d.Detail = store.Deleted, fmt.Sprintf("%s; %v", d.Detail, noRoom(a.policy))
	}
	return d
}
