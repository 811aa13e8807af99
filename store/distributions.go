package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// Ask is what somebody wants of a distribution group.
type Ask struct {
	// Want is all that the distribution group should show; without a Title, that of the
	// group of the catalog.
	Want          directory.Properties
	Delete        bool   // the distribution group is to go from the directory; Want does not matter
	Actor         string // who asks; "": the store's
	Mail          string // the mail address of who asks; "" is not known
	Justification string
}

// AskDistribution asks for a distribution group for a group of the catalog, for a change of
// it or for its end. What needs no approval is approved at once. While a request waits, the
// one who made it edits it by asking again; to ask for the end supersedes it, and cancels
// one for a new distribution group without more. The answer is the request, or the open one
// that asks for the same; the zero Request: it is so already.
//
// fault.ErrNotFound: there is no such group. fault.ErrInvalid: an address, a title or a
// manager that cannot be. fault.ErrConflict: the local part is somebody's, and the error
// says whose; or a request is open. directory.ErrUnsupported: the policy has no distribution
// groups.
func (s *Store) AskDistribution(ctx context.Context, group string, a Ask) (r directory.Request, err error) {
	err = s.decide(ctx, "distribution group of "+group, func(tx Tx, p directory.Policy, now time.Time) error {
		r = directory.Request{}
		g, err := tx.Group(group)
		if err != nil {
			return err
		}
		d, err := tx.DistributionOf(group)
		if errors.Is(err, fault.ErrNotFound) {
			d, err = Distribution{Key: newUUID(), Group: group, Name: "group " + group}, nil
		}
		if err != nil {
			return err
		}
		if a.Want.Title == "" {
			a.Want.Title = titleOf(g.Title, g.Name)
		}
		if err := managerExists(tx, a.Want.Manager); err != nil && !a.Delete {
			return err
		}
		r, err = asking{tx, p, now, s.actorOr(a.Actor)}.ask(d, a, p.AliasPrefix)
		return err
	})
	return r, err
}

// decide runs f in a transaction, with the policy. Whatever f changes it puts on record itself.
func (s *Store) decide(ctx context.Context, what string, f func(tx Tx, p directory.Policy, now time.Time) error) error {
	err := s.catalog.Update(ctx, func(tx Tx) error {
		p, err := directoryPolicy(tx)
		if err != nil {
			return err
		}
		return f(tx, p, s.time())
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// actorOr returns who does something: the store's actor where nobody is named.
func (s *Store) actorOr(named string) string {
	if named == "" {
		return s.actor
	}
	return named
}

func titleOf(title, name string) string {
	if title == "" {
		return name
	}
	return title
}

// managerExists says whether somebody may be named as a manager: a user of the catalog, one
// of the directory of people, an address, or nobody.
func managerExists(tx Tx, manager string) error {
	if manager == "" {
		return nil
	}
	who, err := access.ParsePrincipal(manager)
	if err != nil || who.Kind != access.KindUser {
		if _, err := address.ParseMailbox(manager); err != nil {
			return fmt.Errorf("manager %q: use user:LOGIN or an address: %w", manager, fault.ErrInvalid)
		}
		return nil
	}
	if isPerson(who.Name) {
		return nil
	}
	return exists(tx, who)
}

// Distributions returns all distribution groups, by key.
func (s *Store) Distributions(ctx context.Context) (ds []Distribution, err error) {
	err = s.view(ctx, "distribution groups", func(tx Tx) error {
		ds, err = tx.Distributions()
		return err
	})
	return ds, err
}

// DistributionOf returns that of a group of the catalog: fault.ErrNotFound.
func (s *Store) DistributionOf(ctx context.Context, group string) (d Distribution, err error) {
	err = s.view(ctx, "distribution group of "+group, func(tx Tx) error {
		d, err = tx.DistributionOf(group)
		return err
	})
	return d, err
}
