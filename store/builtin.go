package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// BackendBuiltin is the Backend of the built-in directory, as its Capabilities say it.
const BackendBuiltin = "builtin"

// Builtin is the built-in directory: contacts and distribution groups in the catalog, for a
// farm without LDAP. Everybody may be a member who is an object of it or a user of the
// catalog, and every address. Unlike others it keeps addresses unique.
type Builtin struct {
	s            *Store
	installation string
}

var _ directory.Publisher = (*Builtin)(nil)

// OpenBuiltin opens the built-in directory for the objects of this installation.
func (s *Store) OpenBuiltin(ctx context.Context) (*Builtin, error) {
	id, err := s.Installation(ctx)
	if err != nil {
		return nil, err
	}
	return &Builtin{s, id}, nil
}

// Preflight is directory.Publisher's: the catalog can be read.
func (b *Builtin) Preflight(ctx context.Context) (directory.Capabilities, error) {
	c := directory.Capabilities{
		Backend: BackendBuiltin,
		Modes:   []directory.Mode{directory.ModePlain, directory.ModeExchange, directory.ModeHandover},
	}
	n := 0
	err := b.s.view(ctx, "built-in directory", func(tx Tx) error {
		n = 0
		for _, err := range tx.Entries() {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	c.Facts = []directory.Fact{{OK: true, Text: fmt.Sprintf("the directory is the catalog's own, with %d objects: mailchute recipients writes them for the mail server", n)}}
	if err != nil {
		c.Facts = []directory.Fact{{Text: "the catalog cannot be read: " + err.Error()}}
	}
	return c, err
}

// Each is directory.Publisher's.
func (b *Builtin) Each(ctx context.Context, yield func(directory.Actual) error) error {
	var all []directory.Actual
	err := b.s.view(ctx, "objects of the built-in directory", func(tx Tx) error {
		all = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if strings.HasPrefix(e.Marker, directory.MarkerPrefix(b.installation)) {
				all = append(all, actualOf(e))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range all {
		if err := yield(a); err != nil {
			return err
		}
	}
	return nil
}

// ByID is directory.Publisher's.
func (b *Builtin) ByID(ctx context.Context, id string) (directory.Actual, error) {
	return b.entry(ctx, "object "+id, func(tx Tx) (Entry, error) { return tx.Entry(id) })
}

// ByAlias is directory.Publisher's.
func (b *Builtin) ByAlias(ctx context.Context, alias string) (directory.Actual, error) {
	return b.entry(ctx, "object "+alias, func(tx Tx) (Entry, error) { return tx.EntryAt(address.FoldLocal(alias)) })
}

func (b *Builtin) entry(ctx context.Context, what string, find func(Tx) (Entry, error)) (a directory.Actual, err error) {
	err = b.s.view(ctx, what, func(tx Tx) error {
		e, err := find(tx)
		if err == nil {
			a = actualOf(e)
		}
		return err
	})
	return a, err
}

// actualOf shows an entry as others show their objects.
func actualOf(e Entry) directory.Actual {
	a := maps.Clone(e.Attributes)
	if a == nil {
		a = directory.Attributes{}
	}
	return directory.Actual{ID: e.ID, Where: "cn=" + e.Alias, Kind: e.Kind, Alias: e.Alias, Marker: e.Marker, InPlace: true, Attributes: a}
}

// maxUses is how many others InUse names.
const maxUses = 100

// InUse is directory.Publisher's: objects, and users of the catalog, whose ID is theirs as
// principals.
func (b *Builtin) InUse(ctx context.Context, aliases, addresses []string, except string) (uses []directory.Use, err error) {
	err = b.s.view(ctx, "who has an address", func(tx Tx) error {
		uses = nil
		add := func(id, where, value string) {
			known := func(u directory.Use) bool { return u.ID == id }
			if id != except && len(uses) < maxUses && !slices.ContainsFunc(uses, known) {
				uses = append(uses, directory.Use{ID: id, Where: where, Value: value})
			}
		}
		for _, alias := range aliases {
			e, err := tx.EntryAt(address.FoldLocal(alias))
			if err == nil {
				add(e.ID, "cn="+e.Alias, alias)
			} else if !errors.Is(err, fault.ErrNotFound) {
				return err
			}
		}
		for _, a := range addresses {
			owners, err := ownersOf(tx, a)
			if err != nil {
				return err
			}
			for _, o := range owners {
				add(o.Key, o.Name, a)
			}
		}
		return nil
	})
	return uses, err
}

// ownersOf returns who has an address: an object or a user, or both; nobody has what is no
// address.
func ownersOf(tx Tx, a string) (owners []directory.Ref, _ error) {
	parsed, err := address.ParseMailbox(a)
	if err != nil {
		return nil, nil //nolint:nilerr // nobody has it
	}
	id, err := tx.EntryOf(parsed.Key())
	if err == nil {
		r, err := entryRef(tx, id)
		if err != nil {
			return nil, err
		}
		owners = append(owners, r)
	} else if !errors.Is(err, fault.ErrNotFound) {
		return nil, err
	}
	login, err := tx.UserAt(parsed.Key())
	if err == nil {
		owners = append(owners, userRef(login))
	} else if !errors.Is(err, fault.ErrNotFound) {
		return nil, err
	}
	return owners, nil
}
