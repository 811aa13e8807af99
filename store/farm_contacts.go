package store

import (
	"context"
	"errors"
	"fmt"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
)

// PutFarmContact stores a contact of another farm: a new one where old is "", else in place
// of the one that has the alias old, which must be the same client's. The key is the
// store's to give. fault.ErrConflict: the alias is somebody's local part, and the error
// says whose; fault.ErrNotFound: the client has no contact old; fault.ErrInvalid: an alias
// or an address that cannot be.
func (s *Store) PutFarmContact(ctx context.Context, c FarmContact, old string) error {
	if err := checkFarmContact(c); err != nil {
		return err
	}
	c.Alias = address.FoldLocal(c.Alias)
	action := "contact add " + c.Alias + " of " + c.Client
	if old != "" {
		action = "contact set " + old + " of " + c.Client + " as " + c.Alias
	}
	return s.updateAs(ctx, s.actorOr(c.Client), action, func(tx Tx) error {
		now := s.time()
		c.Key = newUUID()
		if old != "" {
			was, err := clientsContact(tx, c.Client, old)
			if err != nil {
				return err
			}
			if c.Key = was.Key; was.Alias != c.Alias {
				if err := giveUpLocalPart(tx, was.Alias, now); err != nil {
					return err
				}
			}
		}
		if err := tx.PutFarmContact(c); err != nil && !errors.Is(err, fault.ErrConflict) {
			return err
		}
		// Where another contact has the alias, this says whose it is.
		return claimLocalPart(tx, c.Alias, Owner{Contact: c.Key}, now)
	})
}

// clientsContact returns a contact of a client: fault.ErrNotFound.
func clientsContact(tx Tx, client, alias string) (FarmContact, error) {
	c, err := tx.FarmContact(address.FoldLocal(alias))
	if err == nil && c.Client != client {
		err = fmt.Errorf("contact %q of %s: %w", alias, client, fault.ErrNotFound)
	}
	return c, err
}

func checkFarmContact(c FarmContact) error {
	if err := address.CheckLocalPart(c.Alias); err != nil {
		return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
	}
	if err := directory.CheckAlias(c.Alias); err != nil {
		return err
	}
	if _, err := address.ParseMailbox(c.Forward); err != nil {
		return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
	}
	for _, name := range []string{c.FirstName, c.LastName} {
		if len(name) > maxTitle || text.Safe(name) != name {
			return fmt.Errorf("the name %q is too long, or has control or direction characters: %w", text.Cut(name, maxTitle), fault.ErrInvalid)
		}
	}
	return nil
}

// RemoveFarmContact removes a client's contact, and gives its local part up:
// fault.ErrNotFound.
func (s *Store) RemoveFarmContact(ctx context.Context, client, alias string) error {
	return s.updateAs(ctx, s.actorOr(client), "contact remove "+alias+" of "+client, func(tx Tx) error {
		c, err := clientsContact(tx, client, alias)
		if err != nil {
			return err
		}
		if err := giveUpLocalPart(tx, c.Alias, s.time()); err != nil {
			return err
		}
		return tx.DeleteFarmContact(c.Key)
	})
}

// FarmContacts returns those of all other farms, by alias.
func (s *Store) FarmContacts(ctx context.Context) (cs []FarmContact, err error) {
	err = s.view(ctx, "contacts of other farms", func(tx Tx) error {
		cs, err = tx.FarmContacts()
		return err
	})
	return cs, err
}
