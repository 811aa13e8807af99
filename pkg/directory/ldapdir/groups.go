package ldapdir

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

const (
	objectSID   = "objectSid"
	tokenGroups = "tokenGroups" // AD: the SIDs of all security groups, through whatever groups
)

// maxTerms is how many things one filter asks for.
const maxTerms = 50

// GroupsOf is directory.People's. It knows groups by member (AD, groupOfNames),
// uniqueMember and memberUid, and the primary group of AD; not that of posixAccount.
func (d *Directory) GroupsOf(ctx context.Context, p directory.Person) ([]directory.Group, error) {
	what := fmt.Sprintf("groups of %q", p.Login)
	if !isID(p.ID) {
		return nil, fmt.Errorf("directory: %s: %w", what, fault.ErrNotFound)
	}
	groups, err := d.groupsOf.get(p.ID, func() ([]directory.Group, error) {
		return ask(ctx, d, what, func(ctx context.Context, c *conn) ([]directory.Group, error) {
			return d.allGroups(ctx, c, p)
		})
	})
	return slices.Clone(groups), err
}

// closure is the groups that were found so far, by ID.
type closure struct {
	d     *Directory
	c     *conn
	known map[string]directory.Group
}

func (d *Directory) allGroups(ctx context.Context, c *conn, p directory.Person) ([]directory.Group, error) {
	entries, err := d.entry(ctx, c, p.ID, append(d.personAttributes(c), tokenGroups))
	if err != nil {
		return nil, err
	}
	who, err := only(entries)
	if err != nil {
		return nil, err
	}
	now, ok, err := d.person(c, who)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.ErrNotFound
	}
	all := closure{d, c, map[string]directory.Group{}}
	members := []string{who.DN}
	if c.ad {
		direct, err := all.byToken(ctx, who.GetEqualFoldRawAttributeValues(tokenGroups))
		if err != nil {
			return nil, err
		}
		members = append(members, direct...)
	}
	if err := all.walk(ctx, members, now.Login); err != nil {
		return nil, err
	}
	groups := make([]directory.Group, 0, len(all.known))
	for _, g := range all.known {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b directory.Group) int { return cmp.Compare(a.ID, b.ID) })
	return groups, nil
}

// byToken adds the groups with the SIDs of a user's token, and returns their names. Those
// of other domains are not below the base, and are left out.
func (all closure) byToken(ctx context.Context, sids [][]byte) ([]string, error) {
	if len(sids) == 0 { // everybody has a primary group
		return nil, fmt.Errorf("%s cannot be read: the account that asks must be in the Windows Authorization Access Group", tokenGroups)
	}
	var filters []string
	for _, sid := range sids {
		filters = append(filters, equalBytes(objectSID, sid))
	}
	return all.add(ctx, filters)
}

// walk adds the groups that members are in, and those that they are in, level by level. The
// distribution groups of AD are in no token: they are found here.
func (all closure) walk(ctx context.Context, members []string, login string) error {
	var filters []string
	if !all.c.ad {
		filters = append(filters, equal("memberUid", login))
	}
	for level := 1; ; level++ {
		for _, dn := range members {
			filters = append(filters, all.isIn(dn))
		}
		added, err := all.add(ctx, filters)
		switch {
		case err != nil:
			return err
		case len(added) == 0:
			return nil
		case level > directory.MaxLevels:
			return fmt.Errorf("they are nested more than %d levels deep", directory.MaxLevels)
		}
		members, filters = added, nil
	}
}

// isIn returns the filter of groups that have a member. AD would read the whole domain for
// an attribute that it has no index of.
func (all closure) isIn(dn string) string {
	if all.c.ad {
		return equal("member", dn)
	}
	return anyOf(equal("member", dn), equal("uniqueMember", dn))
}

// add adds the groups that fit a filter of these, and returns the names of those that are
// new.
func (all closure) add(ctx context.Context, filters []string) (names []string, err error) {
	for some := range slices.Chunk(filters, maxTerms) {
		found, err := groupsAmong(all.c.search(ctx, query{
			base: all.d.options.Base, below: true, filter: anyOf(some...), attributes: groupAttributes(), limit: directory.MaxGroups,
		}))
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			g, err := all.c.group(e)
			if err != nil {
				return nil, err
			}
			if _, ok := all.known[g.ID]; !ok {
				all.known[g.ID] = g
				names = append(names, e.DN)
			}
		}
		if len(all.known) > directory.MaxGroups {
			return nil, fmt.Errorf("they are more than %d", directory.MaxGroups)
		}
	}
	return names, nil
}
