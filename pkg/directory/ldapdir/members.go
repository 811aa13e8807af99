package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

const (
	maxChanged  = 500 // members in one request: AD takes some 5,000 values
	maxRestarts = 5   // of reading a group that somebody changes meanwhile
	maxRefused  = 20  // members that the directory does not take, before it is asked no more
)

// Members is directory.Publisher's.
func (p *Publisher) Members(ctx context.Context, group directory.Actual) ([]directory.Ref, error) {
	what := fmt.Sprintf("members of %.200q", group.Alias)
	if !isID(group.ID) {
		return nil, fmt.Errorf("directory: %s: %w", what, fault.ErrNotFound)
	}
	return read(ctx, p, what, func(ctx context.Context, c *conn) ([]directory.Ref, error) { return p.members(ctx, c, group.ID) })
}

func (p *Publisher) members(ctx context.Context, c *conn, id string) ([]directory.Ref, error) {
	if c.ad {
		return p.rangedMembers(ctx, c, id)
	}
	// OpenLDAP knows no ranges: asked for one, it says nothing at all.
	entries, err := p.d.entry(ctx, c, id, []string{member})
	if err != nil {
		return nil, err
	}
	e, err := only(entries)
	if err != nil {
		return nil, err
	}
	return refs(e.GetEqualFoldAttributeValues(member)), nil
}

// refs returns the entries of names, each once.
func refs(names []string) []directory.Ref {
	all, known := make([]directory.Ref, 0, len(names)), make(map[string]bool, len(names))
	for _, name := range names {
		if key := foldDN(name); !known[key] {
			known[key] = true
			all = append(all, directory.Ref{Key: key, Name: name})
		}
	}
	return all
}

// rangedMembers reads the members in parts, and starts again when the group was changed
// meanwhile. Where the server does not say so, two readings must be the same.
func (p *Publisher) rangedMembers(ctx context.Context, c *conn, id string) ([]directory.Ref, error) {
	var before []string
	for range maxRestarts {
		names, sure, err := ranged(ctx, member, fmt.Sprintf("%s;range=0-%d", member, rangeSize-1), func(ctx context.Context, attributes ...string) (*ldap.Entry, error) {
			entries, err := p.d.entry(ctx, c, id, attributes)
			if err != nil {
				return nil, err
			}
			return only(entries)
		})
		switch {
		case errors.Is(err, errChanged):
			before = nil
			continue
		case err != nil:
			return nil, err
		case sure || before != nil && slices.Equal(before, names):
			return refs(names), nil
		}
		before = names
	}
	return nil, errChanged
}

// ChangeMembers is directory.Publisher's.
func (p *Publisher) ChangeMembers(ctx context.Context, group directory.Actual, add, remove []directory.Ref) error {
	_, err := change(ctx, p, fmt.Sprintf("change the members of %.200q", group.Alias), func(ctx context.Context, c *conn) (none struct{}, err error) {
		now, err := p.fresh(ctx, c, group)
		if err != nil {
			return none, err
		}
		if now.Kind != directory.KindGroup {
			return none, fmt.Errorf("%q is no group: %w", now.Where, directory.ErrNotOwned)
		}
		m := membership{p: p, c: c, group: now}
		if err := m.changeAll(ctx, ldap.DeleteAttribute, remove); err != nil {
			return none, err
		}
		return none, m.changeAll(ctx, ldap.AddAttribute, add)
	})
	return err
}

// membership changes the members of a group.
type membership struct {
	p       *Publisher
	c       *conn
	group   directory.Actual
	refused int
}

func (m *membership) changeAll(ctx context.Context, operation uint, who []directory.Ref) error {
	var errs []error
	known := map[string]bool{"": true} // the zero Ref is nobody
	who = slices.DeleteFunc(slices.Clone(who), func(r directory.Ref) bool {
		key := foldDN(r.Name)
		double := known[key]
		known[key] = true
		return double
	})
	for some := range slices.Chunk(who, maxChanged) {
		before := m.refused
		err := m.change(ctx, operation, some)
		errs = append(errs, err)
		if m.refused > maxRefused || err != nil && m.refused == before {
			break // it is not about the members
		}
	}
	return errors.Join(errs...)
}

// change adds or removes members. The server does all of a request or nothing: where it
// refuses one, the request is put without those that are done, and then by halves.
func (m *membership) change(ctx context.Context, operation uint, who []directory.Ref) error {
	err := m.send(ctx, operation, who)
	if err == nil || m.refused > maxRefused || !isAboutMembers(err) {
		return err
	}
	if _, err := m.p.fresh(ctx, m.c, m.group); err != nil {
		return err
	}
	left := who
	perhaps, surely := isDone(operation, code(err))
	if perhaps {
		left, err = m.left(ctx, operation, who, err)
		if len(left) == 0 {
			return err
		}
		if len(left) < len(who) {
			return m.change(ctx, operation, left)
		}
	}
	if len(left) == 1 {
		if surely {
			return nil // it is there, or not, by another name than ours
		}
		m.refused++
		if code(err) == ldap.LDAPResultUnwillingToPerform { // it is about this member: it is asked for alone
			err = fmt.Errorf("%w: %w", fault.ErrInvalid, err)
		}
		return fmt.Errorf("member %q: %w", left[0].Name, err)
	}
	half := len(left) / 2
	return errors.Join(m.change(ctx, operation, left[:half]), m.change(ctx, operation, left[half:]))
}

func (m *membership) send(ctx context.Context, operation uint, who []directory.Ref) error {
	names := make([]string, 0, len(who))
	for _, r := range who {
		names = append(names, r.Name)
	}
	r := m.p.guarded(m.c, m.group)
	if operation == ldap.AddAttribute {
		r.Add(member, names)
	} else {
		r.Delete(member, names)
	}
	return m.c.write(ctx, func(l *ldap.Conn) error { return l.Modify(r) })
}

// isAboutMembers reports whether a request may have been refused because of one of its members.
func isAboutMembers(err error) bool {
	switch code(err) {
	case ldap.LDAPResultNoSuchObject, ldap.LDAPResultNoSuchAttribute, ldap.LDAPResultAttributeOrValueExists, ldap.LDAPResultEntryAlreadyExists,
		ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultConstraintViolation, ldap.LDAPResultInvalidAttributeSyntax, ldap.LDAPResultInvalidDNSyntax:
		return true
	}
	return false
}

// isDone reports whether a result may say that a member is there already, or not any more, and
// whether it says nothing else: OpenLDAP and AD have their own for each.
func isDone(operation uint, code uint16) (perhaps, surely bool) {
	if operation == ldap.AddAttribute {
		surely = code == ldap.LDAPResultAttributeOrValueExists || code == ldap.LDAPResultEntryAlreadyExists
		return surely, surely
	}
	surely = code == ldap.LDAPResultNoSuchAttribute
	return surely || code == ldap.LDAPResultUnwillingToPerform || code == ldap.LDAPResultNoSuchObject, surely
}

// left returns those of who with whom something is to be done still, and, where the group
// cannot be read, the error.
func (m *membership) left(ctx context.Context, operation uint, who []directory.Ref, refused error) ([]directory.Ref, error) {
	have, err := m.p.members(ctx, m.c, m.group.ID)
	if err != nil {
		return nil, err
	}
	is := make(map[string]bool, len(have))
	for _, r := range have {
		is[r.Key] = true
	}
	left := slices.DeleteFunc(slices.Clone(who), func(r directory.Ref) bool { return is[foldDN(r.Name)] == (operation == ldap.AddAttribute) })
	if len(left) == 0 {
		return nil, nil
	}
	return left, refused
}
