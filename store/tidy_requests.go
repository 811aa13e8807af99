package store

import (
	"context"
	"errors"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// TidyRequests does what time asks for: it cancels requests that have waited for too long,
// says which of the others are to be reminded of, and frees local parts that are not
// reserved any more: those that were given up, and the old ones of distribution groups that
// got another.
func (s *Store) TidyRequests(ctx context.Context) (reminded, expired []directory.Request, err error) {
	return s.tidyRequests(ctx, true)
}

// sweepRequests is TidyRequests without the reminders, which a sweep tells nobody: for where
// nothing is published, and the job dms does not run.
func (s *Store) sweepRequests(ctx context.Context) error {
	_, _, err := s.tidyRequests(ctx, false)
	return err
}

func (s *Store) tidyRequests(ctx context.Context, remind bool) (reminded, expired []directory.Request, err error) {
	due := false
	err = s.view(ctx, "requests that are due", func(tx Tx) error {
		due, err = anyDue(tx, remind, s.time())
		return err
	})
	if err != nil || !due {
		return nil, nil, err
	}
	err = s.decide(ctx, "requests that are due", func(tx Tx, p directory.Policy, now time.Time) error {
		reminded, expired = nil, nil
		if !remind {
			p.Remind = 0
		}
		q := asking{tx, p, now, directory.ActorJob}
		pending, err := tx.Requests(directory.Pending)
		if err != nil {
			return err
		}
		for _, r := range pending {
			after, err := q.tidyRequest(r)
			switch {
			case err != nil:
				return err
			case after.State == directory.Cancelled:
				expired = append(expired, after)
			case after != r:
				reminded = append(reminded, after)
			}
		}
		return q.freeLocalParts()
	})
	return reminded, expired, err
}

// anyDue reports whether time asks for anything.
func anyDue(tx Tx, remind bool, now time.Time) (bool, error) {
	p, err := directoryPolicy(tx)
	if err != nil {
		return false, err
	}
	pending, err := tx.Requests(directory.Pending)
	if err != nil {
		return false, err
	}
	for _, r := range pending {
		if isDue(r, r.Asked, p.Expire, now) || remind && isDue(r, later(r.Asked, r.Reminded), p.Remind, now) {
			return true, nil
		}
	}
	parts, err := tx.LocalParts()
	if err != nil {
		return false, err
	}
	for _, part := range parts {
		if part.Owner.due(now) {
			return true, nil
		}
	}
	return false, nil
}

// isDue reports whether a request has waited for so long since a time; 0 is for ever.
func isDue(r directory.Request, since time.Time, wait time.Duration, now time.Time) bool {
	return r.State == directory.Pending && wait > 0 && !since.Add(wait).After(now)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// tidyRequest lets a pending request expire, or notes that it is reminded of. One that ends
// a distribution group whose group is gone does not expire: nobody would ask again.
func (q asking) tidyRequest(r directory.Request) (directory.Request, error) {
	d, err := q.tx.Distribution(r.Distribution)
	if err != nil {
		return r, err
	}
	if !d.Orphan && isDue(r, r.Asked, q.p.Expire, q.now) {
		after, e, err := r.Expire(q.now)
		if err != nil {
			return r, err
		}
		return after, q.ended(d, r, after, "expire", e)
	}
	if !isDue(r, later(r.Asked, r.Reminded), q.p.Remind, q.now) {
		return r, nil
	}
	after, e, err := r.Remind(q.now)
	if err != nil {
		return r, err
	}
	return after, transition(q.tx, r, after, "remind", e)
}

// freeLocalParts frees what is not reserved any more. What a request may still bring back
// waits until it has ended.
func (q asking) freeLocalParts() error {
	parts, err := q.tx.LocalParts()
	if err != nil {
		return err
	}
	for _, part := range parts {
		if !part.Owner.due(q.now) {
			continue
		}
		if part.Owner.Distribution != "" {
			open, err := openRequest(q.tx, part.Owner.Distribution)
			if err != nil {
				return err
			}
			if open.ID != 0 {
				continue
			}
		}
		if err := q.freeLocalPart(part); err != nil {
			return err
		}
	}
	return nil
}

// freeLocalPart frees one, on record.
func (q asking) freeLocalPart(part LocalPart) error {
	name, err := ownerName(q.tx, part.Key, part.Owner)
	if errors.Is(err, fault.ErrNotFound) {
		name, err = "nobody", nil
	}
	if err != nil {
		return err
	}
	if part.Owner.Was != "" {
		err = q.tx.ReleaseLocalPart(part.Key)
	} else {
		err = giveUpLocalPart(q.tx, part.Key, q.now)
	}
	if err != nil {
		return err
	}
	return q.tx.InsertChange(Change{At: q.now, Actor: q.actor, Action: "local part " + part.Key + " of " + name + " given up"})
}
