package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// contactMember stands before the alias of a contact among the members of another farm's
// distribution group.
const contactMember = "contact:"

// AskFarmDistribution is AskDistribution for a distribution group of another farm: the one
// that has an alias, or asks for it, else a new one whose local part is wanted to be that.
// fault.ErrNotFound: there is none with the alias, and something else is wanted.
func (s *Store) AskFarmDistribution(ctx context.Context, alias string, a Ask) (r directory.Request, err error) {
	err = s.decide(ctx, "distribution group "+alias+" of another farm", func(tx Tx, p directory.Policy, now time.Time) error {
		r = directory.Request{}
		d, err := farmDistribution(tx, alias)
		isNew := !a.Delete && address.FoldLocal(a.Want.LocalPart) == address.FoldLocal(alias)
		if errors.Is(err, fault.ErrNotFound) && isNew {
			d, err = Distribution{Key: newUUID(), Name: farmGroupName(alias)}, nil
		}
		if err != nil {
			return err
		}
		if a.Want.Title == "" {
			a.Want.Title = a.Want.LocalPart
		}
		r, err = asking{tx, p, now, s.actorOr(a.Actor)}.ask(d, a, "")
		return err
	})
	return r, err
}

// FarmDistribution returns the distribution group of another farm that has an alias, or asks
// for it: fault.ErrNotFound.
func (s *Store) FarmDistribution(ctx context.Context, alias string) (d Distribution, err error) {
	err = s.view(ctx, "distribution group "+alias+" of another farm", func(tx Tx) error {
		d, err = farmDistribution(tx, alias)
		return err
	})
	return d, err
}

func farmDistribution(tx Tx, alias string) (Distribution, error) {
	missing := fmt.Errorf("distribution group %q of another farm: %w", alias, fault.ErrNotFound)
	key := address.FoldLocal(alias)
	owner, err := tx.OwnerOf(key)
	if errors.Is(err, fault.ErrNotFound) || err == nil && owner.Distribution == "" {
		return Distribution{}, missing
	}
	if err != nil {
		return Distribution{}, err
	}
	d, err := tx.Distribution(owner.Distribution)
	if err != nil {
		return Distribution{}, err
	}
	if d.Group != "" || d.Orphan {
		return Distribution{}, missing
	}
	open, err := openRequest(tx, d.Key)
	if err == nil && key != address.FoldLocal(d.Now.LocalPart) && key != address.FoldLocal(open.Want.LocalPart) {
		return Distribution{}, missing // the address that it had
	}
	return d, err
}

// SetFarmMembers changes the members of another farm's distribution group: "user:LOGIN" and
// "contact:ALIAS". change gets them sorted; it may run more than once. No approval is needed.
// fault.ErrNotFound; fault.ErrInvalid: something that cannot be a member.
func (s *Store) SetFarmMembers(ctx context.Context, alias string, change func([]string) ([]string, error)) error {
	return s.decide(ctx, "members of the distribution group "+alias, func(tx Tx, _ directory.Policy, now time.Time) error {
		d, err := farmDistribution(tx, alias)
		if err != nil {
			return err
		}
		members, err := change(slices.Clone(d.Members))
		if err != nil {
			return err
		}
		for _, m := range members {
			if err := checkFarmMember(m); err != nil {
				return err
			}
		}
		members = slices.Compact(slices.Sorted(slices.Values(members)))
		if slices.Equal(members, d.Members) {
			return nil
		}
		action := fmt.Sprintf("members of %s: %d, were %d", d.Name, len(members), len(d.Members))
		d.Members = members
		if err := tx.PutDistribution(d); err != nil {
			return err
		}
		return tx.InsertChange(Change{At: now, Actor: s.actor, Action: action})
	})
}

// checkFarmMember says what cannot be a member: fault.ErrInvalid.
func checkFarmMember(m string) error {
	if alias, ok := cutContact(m); ok {
		return directory.CheckAlias(alias)
	}
	if p, err := access.ParsePrincipal(m); err != nil || p.Kind != access.KindUser {
		return fmt.Errorf("member %q: use user:LOGIN or contact:ALIAS: %w", m, fault.ErrInvalid)
	}
	return nil
}
