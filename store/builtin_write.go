package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// maxValue bounds a value of an attribute, in octets.
const maxValue = 4096

// update runs f in a transaction. Changes of the built-in directory are no changes of what
// is wanted: they are on record as DirectoryWrites.
func (b *Builtin) update(ctx context.Context, what string, f func(Tx) error) error {
	if err := b.s.catalog.Update(ctx, f); err != nil {
		return fmt.Errorf("%s in the built-in directory: %w", what, err)
	}
	return nil
}

// Create is directory.Publisher's. fault.ErrConflict: also where another has one of the
// addresses.
func (b *Builtin) Create(ctx context.Context, o directory.Object, a directory.Attributes) (made directory.Actual, err error) {
	if err := directory.CheckAlias(o.Alias); err != nil {
		return directory.Actual{}, err
	}
	if err := checkAttributes(a); err != nil {
		return directory.Actual{}, err
	}
	alias := address.FoldLocal(o.Alias)
	marker := directory.Marker{Installation: b.installation, Kind: o.Kind, Key: o.Key}.String()
	err = b.update(ctx, "create "+o.Alias, func(tx Tx) error {
		e, err := tx.EntryAt(alias)
		switch {
		case err == nil && e.Marker == marker:
			made = actualOf(e)
			return nil
		case err == nil:
			return fmt.Errorf("something else has the name: %w", fault.ErrConflict)
		case !errors.Is(err, fault.ErrNotFound):
			return err
		}
		e = Entry{ID: newUUID(), Alias: alias, Marker: marker, Kind: o.Kind, Attributes: maps.Clone(a)}
		made = actualOf(e)
		return putEntry(tx, e)
	})
	return actualOr(made, err)
}

// actualOr returns an object without an error, or an error without an object.
func actualOr(a directory.Actual, err error) (directory.Actual, error) {
	if err != nil {
		return directory.Actual{}, err
	}
	return a, nil
}

// checkAttributes says what no directory would take: fault.ErrInvalid.
func checkAttributes(a directory.Attributes) error {
	for name, values := range a {
		for _, v := range values {
			if len(v) > maxValue || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return fmt.Errorf("a value of %s has more than %d octets, or is no text: %w", name, maxValue, fault.ErrInvalid)
			}
		}
	}
	return nil
}

// putEntry stores an entry with its addresses: fault.ErrConflict where another has one.
func putEntry(tx Tx, e Entry) error {
	keys := entryAddressKeys(e.Attributes)
	for _, key := range keys {
		login, err := tx.UserAt(key)
		if err == nil {
			return fmt.Errorf("the address %s belongs to user %s: %w", key, login, fault.ErrConflict)
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return err
		}
	}
	return tx.PutEntry(e, keys)
}

// entryAddressKeys returns the folded mail addresses of an entry, each once.
func entryAddressKeys(a directory.Attributes) (keys []string) {
	for _, one := range entryAddresses(a) {
		if parsed, err := address.ParseMailbox(one); err == nil && !slices.Contains(keys, parsed.Key()) {
			keys = append(keys, parsed.Key())
		}
	}
	return keys
}

// entryAddresses returns the mail addresses of an entry as they are written, the main one
// first.
func entryAddresses(a directory.Attributes) (all []string) {
	for _, proxy := range a[directory.AttrProxyAddresses] {
		kind, one, found := strings.Cut(proxy, ":")
		switch {
		case found && kind == "SMTP":
			all = slices.Insert(all, 0, one)
		case found && strings.EqualFold(kind, "smtp"):
			all = append(all, one)
		}
	}
	return append(all, a[directory.AttrMail]...)
}

// own returns the entry of an object that was found before, if it still is ours.
func (b *Builtin) own(tx Tx, was directory.Actual) (Entry, error) {
	e, err := tx.Entry(was.ID)
	if err == nil && (e.Marker != was.Marker || !strings.HasPrefix(e.Marker, directory.MarkerPrefix(b.installation))) {
		err = directory.ErrNotOwned
	}
	return e, err
}

// Modify is directory.Publisher's.
func (b *Builtin) Modify(ctx context.Context, was directory.Actual, changes []directory.Change) (now directory.Actual, err error) {
	err = b.update(ctx, "modify "+was.Alias, func(tx Tx) error {
		e, err := b.own(tx, was)
		if err != nil {
			return err
		}
		now = actualOf(e)
		for _, c := range changes {
			if len(c.After) == 0 {
				delete(now.Attributes, c.Attribute)
			} else {
				now.Attributes[c.Attribute] = slices.Clone(c.After)
			}
		}
		if err := checkAttributes(now.Attributes); err != nil || len(changes) == 0 {
			return err
		}
		e.Attributes = now.Attributes
		return putEntry(tx, e)
	})
	return actualOr(now, err)
}

// Rename is directory.Publisher's.
func (b *Builtin) Rename(ctx context.Context, was directory.Actual, alias string) (now directory.Actual, err error) {
	if err := directory.CheckAlias(alias); err != nil {
		return directory.Actual{}, err
	}
	err = b.update(ctx, "rename "+was.Alias, func(tx Tx) error {
		e, err := b.own(tx, was)
		if err != nil {
			return err
		}
		e.Alias = address.FoldLocal(alias)
		now = actualOf(e)
		return putEntry(tx, e)
	})
	return actualOr(now, err)
}

// Delete is directory.Publisher's.
func (b *Builtin) Delete(ctx context.Context, was directory.Actual) error {
	return b.update(ctx, "delete "+was.Alias, func(tx Tx) error {
		e, err := b.own(tx, was)
		if errors.Is(err, fault.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.DeleteEntry(e.ID)
	})
}
