package ldapdir

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
)

const (
	mailNickname  = "mailNickname"
	targetAddress = "targetAddress"
	maxUses       = 100
)

// InUse is directory.Publisher's. An alias is in use as an account name, as Exchange's alias
// and as a name in the container; an address as somebody's own, as where a contact's mail
// goes, and as a user principal name.
func (p *Publisher) InUse(ctx context.Context, aliases, addresses []string, except string) ([]directory.Use, error) {
	what := fmt.Sprintf("who has %.200q", slices.Concat(aliases, addresses))
	return read(ctx, p, what, func(ctx context.Context, c *conn) ([]directory.Use, error) {
		s, err := c.knows(ctx)
		if err != nil {
			return nil, err
		}
		var all []directory.Use
		for _, cl := range p.claims(s, aliases, addresses) {
			uses, err := cl.users(ctx, c, except)
			if err != nil {
				return nil, err
			}
			for _, u := range uses {
				if !slices.Contains(all, u) && len(all) < maxUses {
					all = append(all, u)
				}
			}
		}
		return all, nil
	})
}

// claims are aliases or addresses that are asked for below a base.
type claims struct {
	base       string
	values     []string
	attributes []string
}

// claims returns what is asked, with the attributes that the schema has: what it does not
// know may mean anything in a filter.
func (p *Publisher) claims(s *schema, aliases, addresses []string) (all []claims) {
	known := func(names ...string) []string {
		return slices.DeleteFunc(names, func(n string) bool { return !s.has(n) })
	}
	aliases = slices.DeleteFunc(slices.Clone(aliases), func(a string) bool { return !sound(a) })
	boxes := make([]string, 0, len(addresses))
	for _, a := range addresses {
		if parsed, err := address.ParseMailbox(a); err == nil {
			a = parsed.String()
		}
		if sound(a) {
			boxes = append(boxes, a)
		}
	}
	for _, cl := range []claims{
		{p.options.Container, aliases, known(cn)},
		{p.d.options.Base, aliases, known(mailNickname, sAMAccountName)},
		{p.d.options.Base, boxes, known(mail, proxyAddresses, targetAddress, userPrincipalName)},
	} {
		if len(cl.values) > 0 && len(cl.attributes) > 0 {
			all = append(all, cl)
		}
	}
	return all
}

// users returns who has one of the values. As a rule nobody has. Where somebody has, each is
// asked for by itself: what the server takes for the same is not for us to guess.
func (cl claims) users(ctx context.Context, c *conn, except string) ([]directory.Use, error) {
	uses, err := cl.ask(ctx, c, except)
	if err != nil || len(uses) == 0 || len(cl.values) == 1 {
		return uses, err
	}
	var all []directory.Use
	for _, value := range cl.values {
		uses, err := claims{cl.base, []string{value}, cl.attributes}.ask(ctx, c, except)
		if err != nil {
			return nil, err
		}
		all = append(all, uses...)
	}
	return all, nil
}

func (cl claims) ask(ctx context.Context, c *conn, except string) (uses []directory.Use, err error) {
	var filters []string
	for _, value := range cl.values {
		filters = append(filters, having(cl.attributes, value)...)
	}
	err = c.pages(ctx, query{
		base: cl.base, below: true, limit: everything, filter: anyOf(filters...), attributes: []string{objectGUID, entryUUID},
	}, func(entries []*ldap.Entry) error {
		for _, e := range entries {
			id, err := c.id(e)
			if err != nil {
				return err
			}
			if !strings.EqualFold(id, except) && len(uses) < maxUses {
				uses = append(uses, directory.Use{ID: id, Where: e.DN, Value: cl.values[0]})
			}
		}
		return nil
	})
	return uses, err
}
