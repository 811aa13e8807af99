package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// managed returns the attributes that are written in any mode.
func managed() (all []string) {
	for _, m := range modes() {
		all = slices.Concat(all, directory.Managed(directory.KindContact, m), directory.Managed(directory.KindGroup, m))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func modes() []directory.Mode {
	return []directory.Mode{directory.ModePlain, directory.ModeExchange, directory.ModeHandover}
}

// attributes are those that actual reads.
func (p *Publisher) attributes() []string {
	return append([]string{objectClass, objectGUID, entryUUID, cn, p.options.MarkerAttribute, sAMAccountName, groupType}, p.managed...)
}

// actual returns what an entry is.
func (p *Publisher) actual(c *conn, e *ldap.Entry) (directory.Actual, error) {
	id, err := c.id(e)
	if err != nil {
		return directory.Actual{}, err
	}
	a := directory.Actual{ID: id, Where: e.DN, Kind: p.kind(e), Marker: p.marker(e), Attributes: directory.Attributes{}}
	below, directly := standsIn(p.container, e.DN)
	a.InPlace, a.Below = directly, below && !directly
	named, ok := aliasOf(e.DN)
	if a.Alias = named; !ok {
		a.Alias = e.GetEqualFoldAttributeValue(cn)
	}
	for _, name := range append([]string{sAMAccountName, groupType}, p.managed...) {
		if values := e.GetEqualFoldAttributeValues(name); len(values) > 0 {
			a.Attributes[name] = values
		}
	}
	return a, nil
}

// kind returns what an entry is, "" for what we never make. A group that somebody has made a
// security group grants rights: it is none of ours any more.
func (p *Publisher) kind(e *ldap.Entry) directory.Kind {
	const security = 1 << 31 // GROUP_TYPE_SECURITY_ENABLED, MS-ADTS §2.2.12; AD writes it as a sign
	flags, _ := strconv.ParseInt(e.GetEqualFoldAttributeValue(groupType), 10, 64)
	switch {
	case hasClass(e, p.options.GroupClass) && flags&security == 0:
		return directory.KindGroup
	case hasClass(e, contactClass):
		return directory.KindContact
	}
	return ""
}

// marker returns the marker of an entry. Several values are none that we know.
func (p *Publisher) marker(e *ldap.Entry) string {
	return strings.Join(e.GetEqualFoldAttributeValues(p.options.MarkerAttribute), "\n")
}

// find returns the object of an ID.
func (p *Publisher) find(ctx context.Context, c *conn, id string) (directory.Actual, error) {
	entries, err := p.d.entry(ctx, c, id, p.attributes())
	return p.one(c, entries, err)
}

// at returns what has a name in the container.
func (p *Publisher) at(ctx context.Context, c *conn, alias string) (directory.Actual, error) {
	entries, err := c.search(ctx, query{
		base: child(alias, p.options.Container), filter: anything, attributes: p.attributes(),
	})
	if errors.Is(err, errNoEntry) {
		err = nil
	}
	return p.one(c, entries, err)
}

func (p *Publisher) one(c *conn, entries []*ldap.Entry, err error) (directory.Actual, error) {
	if err != nil {
		return directory.Actual{}, err
	}
	e, err := only(entries)
	if err != nil {
		return directory.Actual{}, err
	}
	return p.actual(c, e)
}

// fresh returns an object of ours as it is now: fault.ErrNotFound, or ErrNotOwned.
func (p *Publisher) fresh(ctx context.Context, c *conn, was directory.Actual) (directory.Actual, error) {
	m, err := directory.ParseMarker(was.Marker)
	if err != nil || m.Installation != p.options.Installation {
		return directory.Actual{}, fmt.Errorf("%w: its marker is %.200q", directory.ErrNotOwned, was.Marker)
	}
	if !isID(was.ID) {
		return directory.Actual{}, fault.ErrNotFound
	}
	now, err := p.find(ctx, c, was.ID)
	if err != nil {
		return directory.Actual{}, err
	}
	if now.Marker != was.Marker || now.Kind == "" {
		return directory.Actual{}, fmt.Errorf("%q: %w: its marker is %.200q, its kind %q", now.Where, directory.ErrNotOwned, now.Marker, now.Kind)
	}
	return now, nil
}

// nameOf returns how an object is named in a change.
func nameOf(c *conn, a directory.Actual) string {
	if c.ad {
		return byGUID(a.ID)
	}
	return a.Where
}
