package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// createGroup asks for a group, or asks for it in other words while that waits for approval.
func (s session) createGroup(ctx context.Context, c emailws.CreateDistributionGroup) (emailws.Response, error) {
	return s.change(ctx, c.Alias, c.Info, func(g group, err error) (store.Ask, error) {
		switch {
		case err == nil && g.Now.LocalPart != "", errors.Is(err, directory.ErrAccess):
			return store.Ask{}, fmt.Errorf("the distribution group %q is there already: %w", c.Alias, fault.ErrConflict)
		case err != nil && !errors.Is(err, fault.ErrNotFound):
			return store.Ask{}, err
		}
		return store.Ask{Want: properties(c.Alias, c.Name, c.Description, c.ContactCN, c.RequireAuth)}, nil
	})
}

func (s session) modifyGroup(ctx context.Context, c emailws.ModifyDistributionGroup) (emailws.Response, error) {
	return s.change(ctx, c.Alias, c.Info, func(g group, err error) (store.Ask, error) {
		return store.Ask{Want: properties(g.shown().LocalPart, c.Name, c.Description, c.ContactCN, c.RequireAuth)}, err
	})
}

func (s session) renameGroup(ctx context.Context, c emailws.RenameDistributionGroup) (emailws.Response, error) {
	answer, err := s.change(ctx, c.OldAlias, c.Info, func(g group, err error) (store.Ask, error) {
		want := g.shown()
		want.LocalPart = c.NewAlias
		return store.Ask{Want: want}, err
	})
	if !errors.Is(err, fault.ErrNotFound) {
		return answer, err
	}
	renamed, failed := s.wasRenamed(ctx, c.OldAlias, c.NewAlias)
	if failed != nil || renamed {
		return refusal(c.OldAlias, failed)
	}
	return answer, err
}

func (s session) deleteGroup(ctx context.Context, c emailws.DeleteDistributionGroup) (emailws.Response, error) {
	return s.change(ctx, c.Alias, c.Info, func(_ group, err error) (store.Ask, error) {
		return store.Ask{Delete: true}, err
	})
}

// wasRenamed reports whether the client's group that has an alias got it in place of another
// by a request: a farm that was not told so asks once more.
func (s session) wasRenamed(ctx context.Context, from, to string) (bool, error) {
	g, err := s.own(ctx, to)
	if errors.Is(err, fault.ErrNotFound) || errors.Is(err, directory.ErrAccess) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	requests, err := s.Store.Requests(ctx, directory.Approved, directory.Applied)
	return slices.ContainsFunc(requests, func(r directory.Request) bool {
		return r.Distribution == g.Key && address.FoldLocal(r.Before.LocalPart) == address.FoldLocal(from) &&
			address.FoldLocal(r.Want.LocalPart) == address.FoldLocal(to)
	}), err
}

// properties returns what a group is to show.
func properties(alias, name, description, contact string, requireAuth bool) directory.Properties {
	return directory.Properties{
		LocalPart: alias, Title: line(name, maxTitle), Description: line(description, maxDescription),
		Manager: managerOf(contact), RequireAuth: requireAuth,
	}
}
