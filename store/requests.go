package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// Verdict is what somebody decides about a request.
type Verdict struct {
	Revision int // that was seen; 0: whatever it is
	Comment  string
	Actor    string // who decides; "": the store's
}

// ApproveRequest approves a pending request, or lets a failed one be tried again, if it is
// the last of its distribution group. From then on the directory has to follow.
//
// fault.ErrStale: it was edited since; fault.ErrConflict: it is in another state, or its
// local part is another's by now; directory.ErrFourEyes; fault.ErrNotFound.
func (s *Store) ApproveRequest(ctx context.Context, id int64, d Verdict) (directory.Request, error) {
	return s.decideRequest(ctx, "approve", id, d, func(q asking, was directory.Request) (directory.Request, error) {
		if err := q.checkRetry(was); err != nil {
			return was, err
		}
		now, e, err := was.Approve(q.actor, d.Revision, q.now, q.p, d.Comment)
		if err != nil {
			return was, err
		}
		return now, q.approved(was, now, e)
	})
}

// RejectRequest ends a pending request; what was approved before stays. The errors are those
// of ApproveRequest, and fault.ErrConflict where the group is gone whose distribution group
// is to go: nothing else could become of that.
func (s *Store) RejectRequest(ctx context.Context, id int64, d Verdict) (directory.Request, error) {
	return s.decideRequest(ctx, "reject", id, d, func(q asking, was directory.Request) (directory.Request, error) {
		now, e, err := was.Reject(q.actor, d.Revision, q.now, q.p, d.Comment)
		if err != nil {
			return was, err
		}
		return now, q.turnedDown(was, now, "reject", e)
	})
}

// WithdrawRequest takes a pending request back. Its errors are those of RejectRequest.
func (s *Store) WithdrawRequest(ctx context.Context, id int64, d Verdict) (directory.Request, error) {
	return s.decideRequest(ctx, "withdraw", id, d, func(q asking, was directory.Request) (directory.Request, error) {
		if d.Revision != 0 && d.Revision != was.Revision {
			return was, fmt.Errorf("it is in revision %d: %w", was.Revision, fault.ErrStale)
		}
		now, e, err := was.Withdraw(q.actor, q.now, d.Comment)
		if err != nil {
			return was, err
		}
		return now, q.turnedDown(was, now, "withdraw", e)
	})
}

// decideRequest lets f decide about a request in a transaction.
func (s *Store) decideRequest(ctx context.Context, verb string, id int64, d Verdict, f func(q asking, was directory.Request) (directory.Request, error)) (r directory.Request, err error) {
	err = s.decide(ctx, fmt.Sprintf("request %s %d", verb, id), func(tx Tx, p directory.Policy, now time.Time) error {
		was, err := tx.Request(id)
		if err != nil {
			return err
		}
		r, err = f(asking{tx, p, now, s.actorOr(d.Actor)}, was)
		return err
	})
	return r, err
}

// checkRetry says why a failed request cannot be tried again.
func (q asking) checkRetry(r directory.Request) error {
	if r.State != directory.Failed {
		return nil
	}
	all, err := q.tx.RequestsOf(r.Distribution)
	if err != nil {
		return err
	}
	if last := all[len(all)-1]; last.ID != r.ID {
		return fmt.Errorf("request %d came after it: %w", last.ID, fault.ErrConflict)
	}
	_, err = q.tx.Distribution(r.Distribution)
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("%s has no distribution group any more: %w", r.Name, fault.ErrConflict)
	}
	return err
}

// turnedDown writes the end of a pending request that somebody did not want.
func (q asking) turnedDown(was, now directory.Request, verb string, e directory.Event) error {
	d, err := q.tx.Distribution(now.Distribution)
	if err != nil {
		return err
	}
	if d.Orphan {
		return fmt.Errorf("%s was removed: the end of its distribution group can only be approved: %w", d.Name, fault.ErrConflict)
	}
	return q.ended(d, was, now, verb, e)
}

// Requests returns those in the given states, by number; all where none is given.
func (s *Store) Requests(ctx context.Context, states ...directory.RequestState) (rs []directory.Request, err error) {
	err = s.view(ctx, "requests", func(tx Tx) error {
		rs, err = tx.Requests(states...)
		return err
	})
	return rs, err
}

// Request returns a request and what happened to it, oldest first: fault.ErrNotFound.
func (s *Store) Request(ctx context.Context, id int64) (r directory.Request, events []directory.Event, err error) {
	err = s.view(ctx, fmt.Sprintf("request %d", id), func(tx Tx) error {
		if r, err = tx.Request(id); err != nil {
			return err
		}
		events, err = tx.RequestEvents(id)
		return err
	})
	return r, events, err
}
