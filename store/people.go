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
	return s.update(ctx, "user add "+u.Login, func(tx Tx) error {
		keys, err := addressKeys(tx, u)
		if err != nil {
			return err
		}
		return tx.InsertUser(u, keys)
	})
}

// SetUser changes a user: name and addresses. change gets the user as they are; it may run
// more than once. fault.ErrNotFound; the other errors are those of AddUser.
func (s *Store) SetUser(ctx context.Context, login string, change func(*access.User) error) error {
	return s.update(ctx, "user set "+login, func(tx Tx) error {
		u, err := tx.User(login)
		if err != nil {
			return err
		}
		if err := change(&u); err != nil {
			return err
		}
		u.Login = login
		keys, err := addressKeys(tx, u)
		if err != nil {
			return err
		}
		return tx.UpdateUser(u, keys)
	})
}

// addressKeys returns the folded addresses of a user: fault.ErrConflict where one belongs to
// another, or is there twice.
func addressKeys(tx Tx, u access.User) ([]string, error) {
	keys := make([]string, len(u.Addresses))
	for i, a := range u.Addresses {
		parsed, err := address.ParseMailbox(a)
		if err != nil {
			return nil, err
		}
		keys[i] = parsed.Key()
		if slices.Contains(keys[:i], keys[i]) {
			return nil, fmt.Errorf("the address %s is there twice: %w", a, fault.ErrConflict)
		}
		login, err := tx.UserAt(keys[i])
		if err == nil && login != u.Login {
			return nil, fmt.Errorf("the address %s belongs to user %s: %w", a, login, fault.ErrConflict)
		}
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
	}
	return keys, nil
}

// Users returns all users by login.
func (s *Store) Users(ctx context.Context) (us []access.User, err error) {
	err = s.view(ctx, "users", func(tx Tx) error {
		us, err = tx.Users()
		return err
	})
	return us, err
}

// Grant gives a principal a level in a scope, in place of the one it had there.
// fault.ErrNotFound: there is no such principal, site or library. Groups of the directory
// are not looked up: their principal must have the ID. fault.ErrInvalid: it is one of the
// distribution groups that we publish; whoever may edit that would edit the grant.
func (s *Store) Grant(ctx context.Context, g access.Grant) error {
	action := strings.Join([]string{"grant", g.Scope.String(), g.Principal.String(), g.Level.String()}, " ")
	return s.update(ctx, action, func(tx Tx) error {
		if err := exists(tx, g.Principal); err != nil {
			return err
		}
		ours, err := isPublished(tx, g.Principal)
		if err != nil {
			return err
		}
		if ours {
			return fmt.Errorf("%s is a distribution group that mailchute publishes: grant to the group itself: %w", g.Principal, fault.ErrInvalid)
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
// of nobody ("") is None. directory are the groups of the directory that the user is in:
// the catalog does not know them. Those among them that we publish grant nothing.
func (s *Store) LevelOf(ctx context.Context, login string, l library.Library, directory ...access.Principal) (access.Level, error) {
	if login == "" {
		return access.None, nil
	}
	level := access.None
	err := s.view(ctx, "level of "+login+" on "+l.Name, func(tx Tx) error {
		who, err := access.Closure(login, directory, tx.GroupsOf)
		if err != nil {
			return err
		}
		grants, err := tx.Grants(access.ScopesOf(l)...)
		if err != nil {
			return err
		}
		if grants, err = withoutPublished(tx, grants); err != nil {
			return err
		}
		level = access.LevelOf(grants, who)
		return nil
	})
	return level, err
}

// backendLDAP is the Backend of objects in the directory that groups of people are in, too.
const backendLDAP = "ldap"

// isPublished reports whether a principal is a distribution group of ours in the directory.
func isPublished(tx Tx, p access.Principal) (bool, error) {
	if p.Kind != access.KindDirectoryGroup {
		return false, nil
	}
	_, err := tx.KnownID(backendLDAP, strings.ToLower(p.Name))
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// withoutPublished returns the grants that are to none of our distribution groups.
func withoutPublished(tx Tx, grants []access.Grant) (others []access.Grant, _ error) {
	for _, g := range grants {
		ours, err := isPublished(tx, g.Principal)
		if err != nil {
			return nil, err
		}
		if !ours {
			others = append(others, g)
		}
	}
	return others, nil
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
	case access.KindEveryone, access.KindDirectoryGroup:
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
	_, err := siteNamed(tx, scope.Name)
	return err
}
