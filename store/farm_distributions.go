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
// that has an alias, or asks for it, else a new one whose local part is wanted to be that,
// and which is from then on the client's who asks. fault.ErrNotFound: there is none with the
// alias, and something else is wanted. directory.ErrAccess: it is another client's.
func (s *Store) AskFarmDistribution(ctx context.Context, alias string, a Ask) (r directory.Request, err error) {
	err = s.decide(ctx, "distribution group "+alias+" of another farm", func(tx Tx, p directory.Policy, now time.Time) error {
		r = directory.Request{}
		client := s.actorOr(a.Actor)
		d, _, err := farmDistribution(tx, client, alias)
		isNew := !a.Delete && address.FoldLocal(a.Want.LocalPart) == address.FoldLocal(alias)
		if errors.Is(err, fault.ErrNotFound) && isNew {
			d, err = newFarmDistribution(tx, client, alias)
		}
		if err != nil {
			return err
		}
		if a.Want.Title == "" {
			a.Want.Title = a.Want.LocalPart
		}
		r, err = asking{tx, p, now, client}.ask(d, a, "")
		return err
	})
	return r, err
}

// newFarmDistribution returns a new distribution group of a client, or the one that the
// directory could not take before.
func newFarmDistribution(tx Tx, client, alias string) (Distribution, error) {
	name := farmGroupName(alias)
	all, err := tx.Distributions()
	if err != nil {
		return Distribution{}, err
	}
	for _, d := range all {
		if d.Client != client || d.Name != name || d.Now.LocalPart != "" {
			continue
		}
		if open, err := openRequest(tx, d.Key); err != nil || open.ID == 0 {
			return d, err
		}
	}
	return Distribution{Key: newUUID(), Client: client, Name: name}, nil
}

// FarmDistribution returns the client's distribution group that has an alias, or asks for
// it, and its open request, of which the ID is 0 where none is. fault.ErrNotFound: there is
// none of another farm; directory.ErrAccess: it is another client's.
func (s *Store) FarmDistribution(ctx context.Context, client, alias string) (d Distribution, open directory.Request, err error) {
	err = s.view(ctx, "distribution group "+alias+" of another farm", func(tx Tx) error {
		d, open, err = farmDistribution(tx, client, alias)
		return err
	})
	return d, open, err
}

func farmDistribution(tx Tx, client, alias string) (d Distribution, open directory.Request, err error) {
	missing := fmt.Errorf("%q: %w", alias, fault.ErrNotFound)
	key := address.FoldLocal(alias)
	owner, err := tx.OwnerOf(key)
	if errors.Is(err, fault.ErrNotFound) || err == nil && owner.Distribution == "" {
		return d, open, missing
	}
	if err != nil {
		return d, open, err
	}
	if d, err = tx.Distribution(owner.Distribution); err != nil {
		return d, open, err
	}
	if open, err = openRequest(tx, d.Key); err != nil {
		return d, open, err
	}
	switch isOld := key != address.FoldLocal(d.Now.LocalPart) && key != address.FoldLocal(open.Want.LocalPart); {
	case d.Client == "" || isOld:
		return Distribution{}, directory.Request{}, missing
	case d.Client != client:
		return Distribution{}, directory.Request{}, fmt.Errorf("%q is the group of %s: %w", alias, d.Client, directory.ErrAccess)
	}
	return d, open, nil
}

// SetFarmMembers changes the members of a client's distribution group: "user:LOGIN" and
// "contact:ALIAS". change gets them sorted; it may run more than once. No approval is needed.
// The errors are those of FarmDistribution, and fault.ErrInvalid: something that cannot be a
// member.
func (s *Store) SetFarmMembers(ctx context.Context, client, alias string, change func([]string) ([]string, error)) error {
	return s.decide(ctx, "members of the distribution group "+alias, func(tx Tx, _ directory.Policy, now time.Time) error {
		d, _, err := farmDistribution(tx, client, alias)
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
		return tx.InsertChange(Change{At: now, Actor: client, Action: action})
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
