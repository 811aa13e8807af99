package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// universalDistribution is the groupType of a group that grants nothing (MS-ADTS §2.2.12).
// One that says nothing of it becomes a security group in AD.
const universalDistribution = "8"

// Create is directory.Publisher's.
func (p *Publisher) Create(ctx context.Context, o directory.Object, a directory.Attributes) (directory.Actual, error) {
	what := fmt.Sprintf("create %.200q", o.Alias)
	if err := errors.Join(directory.CheckAlias(o.Alias), checkKey(o.Key), checkKind(o.Kind)); err != nil {
		return directory.Actual{}, fmt.Errorf("directory: %s: %w", what, err)
	}
	return change(ctx, p, what, func(ctx context.Context, c *conn) (directory.Actual, error) {
		marker := directory.Marker{Installation: p.options.Installation, Kind: o.Kind, Key: o.Key}.String()
		if found, err := p.ours(ctx, c, o.Alias, marker); !errors.Is(err, fault.ErrNotFound) {
			return found, err
		}
		s, err := c.knows(ctx)
		if err != nil {
			return directory.Actual{}, err
		}
		entry, err := p.entryFor(s, o, marker, a)
		if err != nil {
			return directory.Actual{}, err
		}
		return p.add(ctx, c, entry, p.accounts(s, o.Kind, o.Alias, o.Key))
	})
}

func checkKey(key string) error {
	if !isID(key) || key != strings.ToLower(key) {
		return fmt.Errorf("the key %.40q is no UUID: %w", key, fault.ErrInvalid)
	}
	return nil
}

func checkKind(k directory.Kind) error {
	if k != directory.KindContact && k != directory.KindGroup {
		return fmt.Errorf("there are no objects of kind %.40q: %w", string(k), fault.ErrInvalid)
	}
	return nil
}

// newEntry is an entry that is not there yet.
type newEntry struct {
	alias, marker string
	attributes    directory.Attributes
}

// entryFor returns the entry that an object becomes, but for its account name.
func (p *Publisher) entryFor(s *schema, o directory.Object, marker string, a directory.Attributes) (newEntry, error) {
	class, classes := p.class(o.Kind), []string{"top", "person", "organizationalPerson"}
	if o.Kind == directory.KindGroup {
		classes = []string{"top"}
	}
	if !s.hasClass(class) {
		return newEntry{}, fmt.Errorf("the schema has no class %s: %w", class, directory.ErrUnsupported)
	}
	fields := s.entryOf(class)
	e := newEntry{o.Alias, marker, directory.Attributes{
		objectClass: append(classes, class), cn: {o.Alias}, p.options.MarkerAttribute: {marker},
	}}
	for name, values := range a {
		values, err := p.values(fields, name, values)
		if err != nil {
			return newEntry{}, err
		}
		if len(values) > 0 {
			e.attributes[name] = values
		}
	}
	if fields.needs(surname) && e.attributes[surname] == nil {
		e.attributes[surname] = []string{o.Alias}
	}
	if o.Kind == directory.KindGroup && (s.ad || fields.allows(groupType)) {
		e.attributes[groupType] = []string{universalDistribution}
	}
	if !fields.allows(p.options.MarkerAttribute) {
		return newEntry{}, missingAttribute(p.options.MarkerAttribute)
	}
	return e, nil
}

func (p *Publisher) class(k directory.Kind) string {
	if k == directory.KindGroup {
		return p.options.GroupClass
	}
	return contactClass
}

func missingAttribute(name string) error {
	return fmt.Errorf("the schema has no attribute %s here: %w", name, directory.ErrUnsupported)
}

// values returns what is written of an attribute: no empty values.
func (p *Publisher) values(fields fields, name string, values []string) ([]string, error) {
	if !slices.Contains(p.managed, name) {
		return nil, fmt.Errorf("attribute %.40q is not one that is published: %w", name, fault.ErrInvalid)
	}
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	for _, v := range values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return nil, fmt.Errorf("%s: %.100q is no text: %w", name, v, fault.ErrInvalid)
		}
	}
	if len(values) > 0 && !fields.allows(name) {
		return nil, missingAttribute(name)
	}
	return values, nil
}

// accounts returns the account names that an object may have, the best first; none where it
// has no account name. The directory has each once, for users and computers, too.
func (p *Publisher) accounts(s *schema, k directory.Kind, alias, key string) []string {
	if k != directory.KindGroup || !s.entryOf(p.options.GroupClass).allows(sAMAccountName) {
		return nil
	}
	name := p.options.AccountPrefix + alias
	return []string{name, name + "-" + key[:min(len(key), 4)]}
}

// add makes an entry, or finds that it was made before.
func (p *Publisher) add(ctx context.Context, c *conn, e newEntry, accounts []string) (directory.Actual, error) {
	if len(accounts) == 0 {
		accounts = []string{""}
	}
	var refused error
	for _, account := range accounts {
		refused = c.write(ctx, func(l *ldap.Conn) error { return l.Add(e.request(p.options.Container, account)) })
		if refused != nil && !isTaken(refused) {
			break
		}
		// Where something is there, that is it, whatever was answered. Where nothing is,
		// somebody has the account name.
		found, err := p.ours(ctx, c, e.alias, e.marker)
		if !errors.Is(err, fault.ErrNotFound) {
			return found, err
		}
		if refused == nil {
			return directory.Actual{}, errors.New("it was made, and cannot be found")
		}
	}
	if code(refused) == ldap.LDAPResultNoSuchObject {
		if err := p.contains(ctx, c); err != nil {
			return directory.Actual{}, err
		}
	}
	return directory.Actual{}, refused
}

// ours returns what has a name in the container: fault.ErrConflict where it is something else
// than what has this marker, fault.ErrNotFound where there is nothing.
func (p *Publisher) ours(ctx context.Context, c *conn, alias, marker string) (directory.Actual, error) {
	found, err := p.at(ctx, c, alias)
	if err != nil {
		return directory.Actual{}, err
	}
	if found.Marker != marker || found.Kind == "" {
		return directory.Actual{}, fmt.Errorf("%q is there already: %w", found.Where, fault.ErrConflict)
	}
	return found, nil
}

// isTaken reports whether a change was refused because, perhaps, somebody has the name.
func isTaken(err error) bool {
	return code(err) == ldap.LDAPResultEntryAlreadyExists || code(err) == ldap.LDAPResultConstraintViolation
}

// request returns what makes an entry.
func (e newEntry) request(container, account string) *ldap.AddRequest {
	r := ldap.NewAddRequest(child(e.alias, container), nil)
	for _, name := range slices.Sorted(maps.Keys(e.attributes)) {
		r.Attribute(name, e.attributes[name])
	}
	if account != "" {
		r.Attribute(sAMAccountName, []string{account})
	}
	return r
}

// contains returns directory.ErrUnsupported where there is no container.
func (p *Publisher) contains(ctx context.Context, c *conn) error {
	found, err := c.search(ctx, query{base: p.options.Container, filter: anything, attributes: []string{objectClass}})
	if errors.Is(err, errNoEntry) || err == nil && len(found) == 0 {
		return fmt.Errorf("the container %q is not there, or may not be read: %w", p.options.Container, directory.ErrUnsupported)
	}
	return err
}
