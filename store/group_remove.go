package store

import (
	"context"
	"errors"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// RemoveGroup removes a group, with its grants and its memberships: fault.ErrNotFound. For
// its distribution group that is a request to delete it: where the policy wants an approval
// for that, the distribution group stays as it is, and nobody becomes a member, until
// somebody has approved.
func (s *Store) RemoveGroup(ctx context.Context, name string) error {
	return s.decide(ctx, "group remove "+name, func(tx Tx, p directory.Policy, now time.Time) error {
		if _, err := tx.Group(name); err != nil {
			return err
		}
		if err := (asking{tx, p, now, s.actor}).orphan(name); err != nil {
			return err
		}
		if err := tx.DeleteGroup(name); err != nil {
			return err
		}
		return tx.InsertChange(Change{At: now, Actor: s.actor, Action: "group remove " + name})
	})
}

// orphan asks for the end of the distribution group, if there is one, of a group that goes.
func (q asking) orphan(group string) error {
	d, err := q.tx.DistributionOf(group)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	d.Group, d.Orphan = "", true
	if err := q.tx.PutDistribution(d); err != nil {
		return err
	}
	const why = "the group was removed"
	open, err := openRequest(q.tx, d.Key)
	switch {
	case err != nil:
		return err
	case open.Kind == directory.RequestDelete && open.ID != 0:
		return nil
	case open.ID != 0:
		if _, err := q.supersede(d, open, why); err != nil {
			return err
		}
	}
	if d.Now.LocalPart == "" {
		return q.tidy(d.Key)
	}
	want := d.Now
	want.LocalPart = ""
	_, err = q.insert(d, want, []directory.RequestKind{directory.RequestDelete}, Ask{Justification: why})
	return err
}
