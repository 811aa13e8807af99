package ldapdir

import (
	"context"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/text"
)

// Resolve is directory.Publisher's. By an ID or address it finds users, contacts and groups,
// by a login users only; Options.UserFilter holds for the users. Those who are disabled stay
// members.
func (p *Publisher) Resolve(ctx context.Context, members []directory.Member) ([]directory.Ref, error) {
	refs := make([]directory.Ref, len(members))
	open := make([]int, len(members)) // places in both
	for i := range members {
		open[i] = i
	}
	for _, by := range []lookup{p.byID(), p.byAddress(), p.byLogin()} {
		found, err := p.lookUp(ctx, by, members, open)
		if err != nil {
			return nil, err
		}
		open = slices.DeleteFunc(open, func(i int) bool {
			var all []directory.Ref
			for _, t := range by.terms(members[i]) {
				all = append(all, found[t.key]...)
			}
			if len(all) == 0 {
				return false
			}
			if !slices.ContainsFunc(all, func(r directory.Ref) bool { return r != all[0] }) {
				refs[i] = all[0] // otherwise nobody knows who it is
			}
			return true
		})
	}
	return refs, nil
}

// lookup is a way to find members: one is looked for by some terms, and an entry is found
// under the keys of some.
type lookup struct {
	terms  func(directory.Member) []term
	filter func(c *conn, value string) string
	found  func(c *conn, e *ldap.Entry) (keys []string) // none: it has no business among members
}

type term struct{ key, value string }

// lookUp returns the entries that the open members may be, by key.
func (p *Publisher) lookUp(ctx context.Context, by lookup, members []directory.Member, open []int) (map[string][]directory.Ref, error) {
	found := map[string][]directory.Ref{}
	var terms []term
	for _, i := range open {
		for _, t := range by.terms(members[i]) {
			if _, known := found[t.key]; !known {
				found[t.key] = nil
				terms = append(terms, t)
			}
		}
	}
	for some := range slices.Chunk(terms, maxTerms) {
		_, err := read(ctx, p, "find members", func(ctx context.Context, c *conn) (none struct{}, err error) {
			filters := make([]string, 0, len(some))
			for _, t := range some {
				filters = append(filters, by.filter(c, t.value))
			}
			entries, err := c.search(ctx, query{
				base: p.d.options.Base, below: true, filter: p.business(anyOf(filters...)),
				attributes: slices.Concat([]string{objectClass, objectGUID, entryUUID, userPrincipalName}, p.d.logins(c), p.d.options.Addresses),
			})
			for _, e := range entries {
				r := directory.Ref{Key: foldDN(e.DN), Name: e.DN}
				for _, key := range by.found(c, e) {
					if all, asked := found[key]; asked && !slices.Contains(all, r) {
						found[key] = append(all, r)
					}
				}
			}
			return none, err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// business narrows a filter to entries that may be members.
func (p *Publisher) business(filter string) string {
	if p.d.options.UserFilter == "" {
		return filter
	}
	kinds := []string{p.d.options.UserFilter, equal(objectClass, contactClass), equal(objectClass, p.options.GroupClass)}
	for _, class := range groupClasses() {
		kinds = append(kinds, equal(objectClass, class))
	}
	return allOf(filter, anyOf(kinds...))
}

// isRecipient reports whether an entry is something that mail is sent to.
func (p *Publisher) isRecipient(e *ldap.Entry) bool {
	return isUser(e) || isGroup(e) || hasClass(e, contactClass, p.options.GroupClass)
}

func (p *Publisher) byID() lookup {
	return lookup{
		terms: func(m directory.Member) []term {
			if !isID(m.ID) {
				return nil
			}
			return []term{{strings.ToLower(m.ID), m.ID}}
		},
		filter: func(c *conn, id string) string {
			if c.ad {
				return equalBytes(objectGUID, guidBytes(id))
			}
			return equal(entryUUID, id)
		},
		found: func(c *conn, e *ldap.Entry) []string {
			id, err := c.id(e)
			if err != nil || !p.isRecipient(e) {
				return nil
			}
			return []string{id}
		},
	}
}

func (p *Publisher) byAddress() lookup {
	// Wider than what proves a sender: somebody whose address only looks alike makes it
	// ambiguous.
	terms := func(mailbox string) []term {
		a, err := address.ParseMailbox(mailbox)
		if err != nil || a.Domain == "" || !sound(mailbox) {
			return nil
		}
		return []term{{a.Key(), a.String()}}
	}
	return lookup{
		terms: func(m directory.Member) (all []term) {
			for _, a := range m.Addresses {
				all = append(all, terms(a)...)
			}
			return all
		},
		filter: func(_ *conn, value string) string { return anyOf(having(p.d.options.Addresses, value)...) },
		found: func(_ *conn, e *ldap.Entry) (keys []string) {
			if !p.isRecipient(e) {
				return nil
			}
			for _, name := range p.d.options.Addresses {
				for _, a := range addressesIn(e, name) {
					for _, t := range terms(a) {
						keys = append(keys, t.key)
					}
				}
			}
			return keys
		},
	}
}

// having returns the filters of entries that have an address in one of these attributes.
func having(attributes []string, address string) (filters []string) {
	for _, name := range attributes {
		if strings.EqualFold(name, proxyAddresses) || strings.EqualFold(name, targetAddress) {
			filters = append(filters, equal(name, smtp+address))
			continue
		}
		filters = append(filters, equal(name, address))
	}
	return filters
}

func (p *Publisher) byLogin() lookup {
	names := func(c *conn) []string { return append(p.d.logins(c), userPrincipalName) }
	return lookup{
		terms: func(m directory.Member) []term {
			if !sound(m.Login) {
				return nil
			}
			return []term{{text.Fold(m.Login), m.Login}}
		},
		filter: func(c *conn, login string) string { return anyOf(having(names(c), login)...) },
		found: func(c *conn, e *ldap.Entry) (keys []string) {
			if !isUser(e) {
				return nil
			}
			for _, name := range names(c) {
				for _, login := range e.GetEqualFoldAttributeValues(name) {
					keys = append(keys, text.Fold(login))
				}
			}
			return keys
		},
	}
}
