package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// A member of a group in the built-in directory is the ID of an entry, or a user or an
// address as principals are written.
const (
	userMember    = string(access.KindUser) + ":"
	addressMember = string(access.KindAddress) + ":"
)

func userRef(login string) directory.Ref {
	return directory.Ref{Key: userMember + login, Name: userMember + login}
}

// entryRef returns an entry as a member.
func entryRef(tx Tx, id string) (directory.Ref, error) {
	e, err := tx.Entry(id)
	return directory.Ref{Key: id, Name: "cn=" + e.Alias}, err
}

// Members is directory.Publisher's.
func (b *Builtin) Members(ctx context.Context, group directory.Actual) (refs []directory.Ref, err error) {
	err = b.s.view(ctx, "members of "+group.Alias, func(tx Tx) error {
		refs = nil
		if _, err := tx.Entry(group.ID); err != nil {
			return err
		}
		members, err := tx.EntryMembers(group.ID)
		if err != nil {
			return err
		}
		for _, m := range members {
			r := directory.Ref{Key: m, Name: m}
			if !strings.HasPrefix(m, userMember) && !strings.HasPrefix(m, addressMember) {
				if r, err = entryRef(tx, m); err != nil {
					return err
				}
			}
			refs = append(refs, r)
		}
		return nil
	})
	return refs, err
}

// ChangeMembers is directory.Publisher's; it does all or nothing.
func (b *Builtin) ChangeMembers(ctx context.Context, group directory.Actual, add, remove []directory.Ref) error {
	return b.update(ctx, "members of "+group.Alias, func(tx Tx) error {
		e, err := b.own(tx, group)
		if err != nil {
			return err
		}
		for _, r := range remove {
			if err := tx.RemoveEntryMember(e.ID, r.Key); err != nil {
				return err
			}
		}
		for _, r := range add {
			if err := memberExists(tx, r.Key); err != nil {
				return err
			}
			if err := tx.AddEntryMember(e.ID, r.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

// memberExists says whether something may be a member: fault.ErrNotFound.
func memberExists(tx Tx, key string) (err error) {
	if login, ok := strings.CutPrefix(key, userMember); ok {
		_, err = tx.User(login)
	} else if mail, ok := strings.CutPrefix(key, addressMember); ok {
		if _, err = address.ParseMailbox(mail); err != nil {
			err = fmt.Errorf("%w: %w", err, fault.ErrInvalid)
		}
	} else {
		_, err = tx.Entry(key)
	}
	if err != nil {
		return fmt.Errorf("member %s: %w", key, err)
	}
	return nil
}

// Resolve is directory.Publisher's. An address that no object and no user has is a member as
// it is.
func (b *Builtin) Resolve(ctx context.Context, members []directory.Member) ([]directory.Ref, error) {
	refs := make([]directory.Ref, len(members))
	err := b.s.view(ctx, "members", func(tx Tx) (err error) {
		for i, m := range members {
			if refs[i], err = resolve(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	return refs, err
}

// resolve finds a member: by its ID, else by its addresses, else by its login.
func resolve(tx Tx, m directory.Member) (directory.Ref, error) {
	if m.ID != "" {
		if r, err := entryRef(tx, m.ID); !errors.Is(err, fault.ErrNotFound) {
			return r, err
		}
	}
	var found []directory.Ref
	for _, a := range m.Addresses {
		owners, err := ownersOf(tx, a)
		if err != nil {
			return directory.Ref{}, err
		}
		for _, o := range owners {
			if !slices.Contains(found, o) {
				found = append(found, o)
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return directory.Ref{}, nil
	}
	if m.Login != "" {
		u, err := tx.User(m.Login)
		if err == nil {
			return userRef(u.Login), nil
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return directory.Ref{}, err
		}
	}
	for _, a := range m.Addresses {
		if parsed, err := address.ParseMailbox(a); err == nil {
			return directory.Ref{Key: addressMember + parsed.Key(), Name: addressMember + parsed.String()}, nil
		}
	}
	return directory.Ref{}, nil
}
