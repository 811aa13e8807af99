package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// AddUser adds a user. fault.ErrConflict: the login or an address is in use, and then
// the error names whose it is.
func (s *Store) AddUser(ctx context.Context, u access.User) error {
	if err := library.CheckName(u.Login); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	keys := make([]string, len(u.Addresses))
	for i, a := range u.Addresses {
		parsed, err := address.ParseMailbox(a)
		if err != nil {
			return err
		}
		keys[i] = parsed.Key()
	}
	return s.update(ctx, "user add "+u.Login, func(tx Tx) error {
		for i, k := range keys {
			login, err := tx.UserAt(k)
			if err == nil {
				return fmt.Errorf("the address %s belongs to user %s: %w", u.Addresses[i], login, fault.ErrConflict)
			}
			if !errors.Is(err, fault.ErrNotFound) {
				return err
			}
		}
		return tx.InsertUser(u, keys)
	})
}

// Users returns all users by login.
func (s *Store) Users(ctx context.Context) (us []access.User, err error) {
	err = s.view(ctx, "users", func(tx Tx) error {
		us, err = tx.Users()
		return err
	})
	return us, err
}

// AddGroup adds a group whose members must exist (addresses excepted). The errors are
// those of AddLibrary.
func (s *Store) AddGroup(ctx context.Context, g access.Group) error {
	if err := library.CheckName(g.Name); err != nil {
		return err
	}
	if g.LocalPart != "" {
		if err := address.CheckLocalPart(g.LocalPart); err != nil {
			return err
		}
	}
	return s.update(ctx, "group add "+g.Name, func(tx Tx) error {
		for _, m := range g.Members {
			if m.Kind == access.KindGroup && m.Name == g.Name {
				continue // a group may hold itself; it means nothing
			}
			if err := exists(tx, m); err != nil {
				return err
			}
		}
		if err := tx.InsertGroup(g); err != nil {
			return err
		}
		return claimLocalPart(tx, g.LocalPart, Owner{Group: g.Name})
	})
}

// Groups returns all groups by name.
func (s *Store) Groups(ctx context.Context) (gs []access.Group, err error) {
	err = s.view(ctx, "groups", func(tx Tx) error {
		gs, err = tx.Groups()
		return err
	})
	return gs, err
}

// Grant gives a principal a level in a scope, in place of the one it had there.
// fault.ErrNotFound: there is no such principal, site or library.
func (s *Store) Grant(ctx context.Context, g access.Grant) error {
	action := strings.Join([]string{"grant", g.Scope.String(), g.Principal.String(), g.Level.String()}, " ")
	return s.update(ctx, action, func(tx Tx) error {
		if err := exists(tx, g.Principal); err != nil {
			return err
		}
		if err := scopeExists(tx, g.Scope); err != nil {
			return err
		}
		return tx.PutGrant(g)
	})
}

// Revoke takes a grant away: fault.ErrNotFound where there is none.
func (s *Store) Revoke(ctx context.Context, scope access.Scope, p access.Principal) error {
	return s.update(ctx, "revoke "+scope.String()+" "+p.String(), func(tx Tx) error {
		return tx.DeleteGrant(scope, p)
	})
}

// Grants returns the grants of the given scopes; all where none is given.
func (s *Store) Grants(ctx context.Context, scopes ...access.Scope) (gs []access.Grant, err error) {
	err = s.view(ctx, "grants", func(tx Tx) error {
		gs, err = tx.Grants(scopes...)
		return err
	})
	return gs, err
}

// UserAt returns the login of the user who has an address: fault.ErrNotFound. proved says
// that the address is written so that it proves its sender (address.Proves), and does
// not only look like one of the user's.
func (s *Store) UserAt(ctx context.Context, a address.Address) (login string, proved bool, err error) {
	err = s.view(ctx, "user with the address "+a.String(), func(tx Tx) error {
		login, err = tx.UserAt(a.Key())
		if err != nil {
			return err
		}
		u, err := tx.User(login)
		if err != nil {
			return err
		}
		proved = slices.ContainsFunc(u.Addresses, func(own string) bool {
			has, err := address.ParseMailbox(own)
			return err == nil && a.Proves(has)
		})
		return nil
	})
	return login, proved, err
}

// LevelOf returns the level that a user has on a library, through whatever groups; that
// of nobody ("") is None.
func (s *Store) LevelOf(ctx context.Context, login string, l library.Library) (access.Level, error) {
	if login == "" {
		return access.None, nil
	}
	level := access.None
	err := s.view(ctx, "level of "+login+" on "+l.Name, func(tx Tx) error {
		who, err := access.Closure(login, tx.GroupsOf)
		if err != nil {
			return err
		}
		grants, err := tx.Grants(access.ScopesOf(l)...)
		if err != nil {
			return err
		}
		level = access.LevelOf(grants, who)
		return nil
	})
	return level, err
}

// exists says whether a principal may be named: fault.ErrNotFound.
func exists(tx Tx, p access.Principal) error {
	var err error
	switch p.Kind {
	case access.KindUser:
		_, err = tx.User(p.Name)
	case access.KindGroup:
		_, err = tx.Group(p.Name)
	case access.KindAddress:
		_, err = address.ParseMailbox(p.Name)
	case access.KindEveryone:
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	return nil
}

func scopeExists(tx Tx, scope access.Scope) error {
	if scope.Kind == access.ScopeLibrary {
		_, err := tx.Library(scope.Name)
		if err != nil {
			return fmt.Errorf("%s: %w", scope, err)
		}
		return nil
	}
	sites, err := tx.Sites()
	if err != nil {
		return err
	}
	for _, s := range sites {
		if s.Name == scope.Name {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", scope, fault.ErrNotFound)
}
