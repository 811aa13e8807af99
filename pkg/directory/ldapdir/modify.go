package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// guarded returns a change of an object that the server makes only where the object has our
// marker still: it takes the marker away and puts it back.
func (p *Publisher) guarded(c *conn, a directory.Actual) *ldap.ModifyRequest {
	r := ldap.NewModifyRequest(nameOf(c, a), nil)
	r.Delete(p.options.MarkerAttribute, []string{a.Marker})
	r.Add(p.options.MarkerAttribute, []string{a.Marker})
	return r
}

// modify sends what guarded made.
func (p *Publisher) modify(ctx context.Context, c *conn, a directory.Actual, r *ldap.ModifyRequest) error {
	err := c.write(ctx, func(l *ldap.Conn) error { return l.Modify(r) })
	if code(err) == ldap.LDAPResultNoSuchAttribute {
		return fmt.Errorf("%q: %w: %w", a.Where, directory.ErrNotOwned, err)
	}
	return p.unlessGone(ctx, c, a, err)
}

// unlessGone looks whether an object is there still when a change of it found nothing. It
// may be something else that is not there, like the entry of a manager: that is transient.
func (p *Publisher) unlessGone(ctx context.Context, c *conn, a directory.Actual, err error) error {
	if code(err) != ldap.LDAPResultNoSuchObject {
		return err
	}
	if _, now := p.fresh(ctx, c, a); now != nil {
		return now
	}
	return err
}

// Modify is directory.Publisher's. It also gives a group the account name that goes with its
// alias, where a Rename came no further.
func (p *Publisher) Modify(ctx context.Context, was directory.Actual, changes []directory.Change) (directory.Actual, error) {
	return change(ctx, p, fmt.Sprintf("change %.200q", was.Alias), func(ctx context.Context, c *conn) (directory.Actual, error) {
		now, err := p.fresh(ctx, c, was)
		if err != nil {
			return directory.Actual{}, err
		}
		s, err := c.knows(ctx)
		if err != nil {
			return directory.Actual{}, err
		}
		r, err := p.replace(c, s, now, changes)
		if err != nil {
			return directory.Actual{}, err
		}
		if r != nil {
			if err := p.modify(ctx, c, now, r); err != nil {
				return directory.Actual{}, err
			}
		}
		if err := p.account(ctx, c, s, now); err != nil {
			return directory.Actual{}, err
		}
		return p.find(ctx, c, now.ID)
	})
}

// replace returns the request that makes changes; nil where there are none.
func (p *Publisher) replace(c *conn, s *schema, now directory.Actual, changes []directory.Change) (*ldap.ModifyRequest, error) {
	fields, r, empty := s.entryOf(p.class(now.Kind)), p.guarded(c, now), true
	for _, ch := range changes {
		values, err := p.values(fields, ch.Attribute, ch.After)
		if err != nil {
			return nil, err
		}
		if len(values) == 0 {
			if !fields.allows(ch.Attribute) {
				continue // it cannot be there
			}
			if fields.needs(ch.Attribute) {
				values = []string{now.Alias}
			}
		}
		r.Replace(ch.Attribute, values)
		empty = false
	}
	if empty {
		return nil, nil //nolint:nilnil // nothing is to be done
	}
	return r, nil
}

// account gives a group the account name that goes with its alias.
func (p *Publisher) account(ctx context.Context, c *conn, s *schema, now directory.Actual) (err error) {
	m, err := directory.ParseMarker(now.Marker)
	if err != nil {
		return err
	}
	names := p.accounts(s, now.Kind, now.Alias, m.Key)
	has := strings.Join(now.Attributes[sAMAccountName], "")
	if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, has) }) {
		return nil
	}
	for _, name := range names {
		r := p.guarded(c, now)
		r.Replace(sAMAccountName, []string{name})
		if err = p.modify(ctx, c, now, r); !isTaken(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("account name of %q: %w", now.Where, err)
	}
	return nil
}

// Rename is directory.Publisher's.
func (p *Publisher) Rename(ctx context.Context, was directory.Actual, alias string) (directory.Actual, error) {
	what := fmt.Sprintf("rename %.200q to %.200q", was.Alias, alias)
	if err := directory.CheckAlias(alias); err != nil {
		return directory.Actual{}, fmt.Errorf("directory: %s: %w", what, err)
	}
	return change(ctx, p, what, func(ctx context.Context, c *conn) (directory.Actual, error) {
		now, err := p.fresh(ctx, c, was)
		if err != nil {
			return directory.Actual{}, err
		}
		if !now.InPlace && !now.Below {
			return directory.Actual{}, fmt.Errorf("%q is not in the container any more: %w", now.Where, directory.ErrNotOwned)
		}
		s, err := c.knows(ctx)
		if err != nil {
			return directory.Actual{}, err
		}
		if now.Alias != alias || !now.InPlace {
			if err := p.move(ctx, c, now, alias); err != nil {
				return directory.Actual{}, err
			}
			if now, err = p.fresh(ctx, c, was); err != nil {
				return directory.Actual{}, err
			}
		}
		if err := p.account(ctx, c, s, now); err != nil {
			return directory.Actual{}, err
		}
		return p.find(ctx, c, now.ID)
	})
}

// move gives an object another name, in the container.
func (p *Publisher) move(ctx context.Context, c *conn, now directory.Actual, alias string) error {
	r := ldap.NewModifyDNRequest(now.Where, rdn(alias), true, "") // Samba takes no GUID for a name here
	if !now.InPlace {
		r.NewSuperior = p.options.Container
	}
	err := c.write(ctx, func(l *ldap.Conn) error { return l.ModifyDN(r) })
	if code(err) == ldap.LDAPResultNoSuchObject {
		if gone := p.contains(ctx, c); gone != nil {
			return gone
		}
	}
	return p.unlessGone(ctx, c, now, err)
}

// Delete is directory.Publisher's. It deletes one entry, never what is below it.
func (p *Publisher) Delete(ctx context.Context, was directory.Actual) error {
	_, err := change(ctx, p, fmt.Sprintf("delete %.200q", was.Alias), func(ctx context.Context, c *conn) (none struct{}, err error) {
		now, err := p.fresh(ctx, c, was)
		if errors.Is(err, fault.ErrNotFound) {
			return none, nil
		}
		if err != nil {
			return none, err
		}
		if !now.InPlace {
			return none, fmt.Errorf("%q is not in the container any more: %w", now.Where, directory.ErrNotOwned)
		}
		if err := p.isLeaf(ctx, c, now); err != nil {
			return none, err
		}
		// The assertion control (RFC 4528) would bind it to what was just read. But OpenLDAP's
		// memberof puts the same assertion to the groups that it then changes: they would keep
		// members that are gone.
		err = c.write(ctx, func(l *ldap.Conn) error { return l.Del(ldap.NewDelRequest(nameOf(c, now), nil)) })
		if err = p.unlessGone(ctx, c, now, err); errors.Is(err, fault.ErrNotFound) {
			return none, nil
		}
		return none, err
	})
	return err
}

// isLeaf returns fault.ErrConflict where something stands below an object.
func (p *Publisher) isLeaf(ctx context.Context, c *conn, a directory.Actual) error {
	found, err := c.search(ctx, query{base: a.Where, below: true, filter: anything, attributes: []string{cn}})
	if err != nil {
		return err
	}
	if len(found) > 1 {
		return fmt.Errorf("something stands below %q: %w", a.Where, fault.ErrConflict)
	}
	return nil
}
