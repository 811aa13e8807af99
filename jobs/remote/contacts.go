package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mailchute/pkg/address"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
	"mailchute/store"
)

func (s session) createContact(ctx context.Context, c emailws.CreateContact) error {
	return s.put(ctx, s.contact(c.Alias, c.FirstName, c.LastName, c.ForwardingEmail, c.RequireAuth), "")
}

// modifyContact changes a contact; the new alias may be left out. A farm that was not told
// that it has another alias already asks once more: then it is told now.
func (s session) modifyContact(ctx context.Context, c emailws.ModifyContact) error {
	if c.OldAlias == "" {
		return fmt.Errorf("no old alias: %w", fault.ErrInvalid)
	}
	alias := c.NewAlias
	if alias == "" {
		alias = c.OldAlias
	}
	want := s.contact(alias, c.FirstName, c.LastName, c.ForwardingEmail, c.RequireAuth)
	err := s.put(ctx, want, c.OldAlias)
	if !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	all, failed := s.Store.FarmContacts(ctx)
	if failed != nil {
		return failed
	}
	if slices.ContainsFunc(all, func(has store.FarmContact) bool { has.Key = ""; return has == want }) {
		return nil
	}
	return err
}

// put stores a contact, in place of the one with the alias old where that is not "".
func (s session) put(ctx context.Context, c store.FarmContact, old string) error {
	if !isAddress(c.Forward) {
		return fmt.Errorf("%q is no address: %w", c.Forward, fault.ErrInvalid)
	}
	return s.Store.PutFarmContact(ctx, c, old)
}

// contact returns a contact of the client.
func (s session) contact(alias, first, last, forward string, requireAuth bool) store.FarmContact {
	return store.FarmContact{
		Alias: address.FoldLocal(alias), FirstName: line(first, maxTitle), LastName: line(last, maxTitle),
		Forward: forward, RequireAuth: requireAuth, Client: s.actor(),
	}
}
