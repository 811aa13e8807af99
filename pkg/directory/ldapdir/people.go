package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// ByAddress is directory.People's.
func (d *Directory) ByAddress(ctx context.Context, a address.Address) (directory.Person, error) {
	wanted := a.String()
	what := fmt.Sprintf("address %.200q", wanted)
	const maxAddress = 320 // RFC 5321 §4.5.3.1: 64, "@", 255
	if a.IsNull() || a.Domain == "" || len(wanted) > maxAddress || !sound(wanted) {
		return directory.Person{}, fmt.Errorf("directory: %s: %w", what, fault.ErrNotFound)
	}
	return ownCopy(d.byAddress.get(wanted, func() (directory.Person, error) {
		return ask(ctx, d, what, func(ctx context.Context, c *conn) (directory.Person, error) {
			var filters []string
			for _, name := range d.options.Addresses {
				value := wanted
				if strings.EqualFold(name, proxyAddresses) {
					value = smtp + value
				}
				filters = append(filters, equal(name, value))
			}
			return d.onePerson(ctx, c, anyOf(filters...), func(e *ldap.Entry) bool {
				return slices.ContainsFunc(d.options.Addresses, func(name string) bool {
					return slices.ContainsFunc(addressesIn(e, name), func(own string) bool {
						has, err := address.ParseMailbox(own)
						return err == nil && has.Domain != "" && a.Proves(has)
					})
				})
			})
		})
	}))
}

// ByLogin is directory.People's.
func (d *Directory) ByLogin(ctx context.Context, login string) (directory.Person, error) {
	what := fmt.Sprintf("login %.200q", login)
	if !sound(login) {
		return directory.Person{}, fmt.Errorf("directory: %s: %w", what, fault.ErrNotFound)
	}
	return ownCopy(d.byLogin.get(login, func() (directory.Person, error) {
		return ask(ctx, d, what, func(ctx context.Context, c *conn) (directory.Person, error) {
			names := append(d.logins(c), userPrincipalName)
			var filters []string
			for _, name := range names {
				filters = append(filters, equal(name, login))
			}
			return d.onePerson(ctx, c, anyOf(filters...), func(e *ldap.Entry) bool {
				return slices.ContainsFunc(names, func(name string) bool {
					return slices.ContainsFunc(e.GetEqualFoldAttributeValues(name), func(own string) bool { return same(own, login) })
				})
			})
		})
	}))
}

// ownCopy returns what the caller may change; what is kept may be given to others.
func ownCopy(p directory.Person, err error) (directory.Person, error) {
	p.Addresses = slices.Clone(p.Addresses)
	return p, err
}

// onePerson returns the user that fits; the server's idea of what fits is only the first
// word.
func (d *Directory) onePerson(ctx context.Context, c *conn, filter string, fits func(*ldap.Entry) bool) (directory.Person, error) {
	if d.options.UserFilter != "" {
		filter = allOf(d.options.UserFilter, filter)
	}
	entries, err := c.search(ctx, query{base: d.options.Base, below: true, filter: filter, attributes: d.personAttributes(c)})
	if err != nil {
		return directory.Person{}, err
	}
	var found []directory.Person
	for _, e := range entries {
		if !fits(e) {
			continue
		}
		p, ok, err := d.person(c, e)
		if err != nil {
			return directory.Person{}, err
		}
		if ok {
			found = append(found, p)
		}
	}
	return only(found)
}

// only returns what is there once.
func only[A any](found []A) (one A, err error) {
	switch len(found) {
	case 0:
		return one, fault.ErrNotFound
	case 1:
		return found[0], nil
	}
	return one, fmt.Errorf("%w: %d have it", directory.ErrAmbiguous, len(found))
}

// Group is directory.People's. A name is a cn or sAMAccountName.
func (d *Directory) Group(ctx context.Context, name string) (directory.Group, error) {
	what := fmt.Sprintf("group %.200q", name)
	if !sound(name) {
		return directory.Group{}, fmt.Errorf("directory: %s: %w", what, fault.ErrNotFound)
	}
	return d.groups.get(name, func() (directory.Group, error) {
		return ask(ctx, d, what, func(ctx context.Context, c *conn) (directory.Group, error) {
			entries, err := d.groupEntries(ctx, c, name)
			if err != nil {
				return directory.Group{}, err
			}
			e, err := only(entries)
			if err != nil {
				return directory.Group{}, err
			}
			return c.group(e)
		})
	})
}

// groupEntries returns the groups of an ID, a distinguished name or a name.
func (d *Directory) groupEntries(ctx context.Context, c *conn, name string) ([]*ldap.Entry, error) {
	if isID(name) {
		return groupsAmong(d.entry(ctx, c, name, groupAttributes()))
	}
	if dn, err := ldap.ParseDN(name); err == nil && d.isBelowBase(dn) {
		found, err := groupsAmong(c.search(ctx, query{base: name, filter: anything, attributes: groupAttributes()}))
		if len(found) > 0 || err != nil && !errors.Is(err, errNoEntry) {
			return found, err
		}
	}
	found, err := groupsAmong(c.search(ctx, query{
		base: d.options.Base, below: true, attributes: groupAttributes(),
		filter: anyOf(equal(cn, name), equal(sAMAccountName, name)),
	}))
	return slices.DeleteFunc(found, func(e *ldap.Entry) bool {
		names := append(e.GetEqualFoldAttributeValues(cn), e.GetEqualFoldAttributeValues(sAMAccountName)...)
		return !slices.ContainsFunc(names, func(own string) bool { return same(own, name) })
	}), err
}

// groupsAmong leaves out entries that are no groups.
func groupsAmong(entries []*ldap.Entry, err error) ([]*ldap.Entry, error) {
	return slices.DeleteFunc(entries, func(e *ldap.Entry) bool { return !isGroup(e) }), err
}

func (d *Directory) isBelowBase(dn *ldap.DN) bool {
	base, err := ldap.ParseDN(d.options.Base)
	return err == nil && base.AncestorOfFold(dn)
}

// entry returns the entry of an ID, none where there is none.
func (d *Directory) entry(ctx context.Context, c *conn, id string, attributes []string) ([]*ldap.Entry, error) {
	if !c.ad {
		return c.search(ctx, query{base: d.options.Base, below: true, filter: equal(entryUUID, id), attributes: attributes})
	}
	found, err := c.search(ctx, query{base: byGUID(id), filter: anything, attributes: attributes})
	if errors.Is(err, errNoEntry) {
		return nil, nil
	}
	return found, err
}
