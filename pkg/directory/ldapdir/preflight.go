package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/directory"
)

// Preflight is directory.Publisher's. It writes nothing: a right to write may still be
// missing where the server does not say which there are.
func (p *Publisher) Preflight(ctx context.Context) (directory.Capabilities, error) {
	caps := directory.Capabilities{Backend: "ldap", Server: p.server()}
	report := func(err error, ok string) {
		f := directory.Fact{OK: err == nil, Text: ok}
		if err != nil {
			f.Text = err.Error()
		}
		caps.Facts = append(caps.Facts, f)
	}
	_, err := read(ctx, p, "preflight", func(ctx context.Context, c *conn) (none struct{}, err error) {
		caps.Modes, caps.Facts = nil, nil
		report(nil, p.greeting(c))
		there := p.contains(ctx, c)
		if there == nil {
			var known bool
			if known, there = p.mayCreate(ctx, c); there == nil && known {
				report(nil, fmt.Sprintf("the container %q is there, and %q may create contacts and groups in it", p.options.Container, p.d.options.BindDN))
			} else if there == nil {
				report(nil, fmt.Sprintf("the container %q is there; the server does not say what %q may do in it", p.options.Container, p.d.options.BindDN))
			}
		}
		if there != nil {
			report(there, "")
		}
		s, err := c.knows(ctx)
		if err != nil {
			report(err, "")
			return none, errors.Join(there, err)
		}
		for _, m := range modes() {
			lacks := p.lacks(s, m)
			if len(lacks) == 0 {
				caps.Modes = append(caps.Modes, m)
				report(nil, fmt.Sprintf("mode %s: the schema has what it needs", m))
				continue
			}
			why := fmt.Sprintf("mode %s is not possible: the schema lacks %s", m, strings.Join(lacks, ", "))
			if m != directory.ModePlain {
				report(nil, why)
				continue
			}
			err = fmt.Errorf("%s: %w", why, directory.ErrUnsupported)
			report(err, "")
		}
		return none, errors.Join(there, err)
	})
	if err != nil && len(caps.Facts) == 0 {
		report(err, "")
	}
	return caps, err
}

func (p *Publisher) greeting(c *conn) string {
	kind, over := "an LDAP directory", "TLS"
	if c.ad {
		kind = "Active Directory"
	}
	if p.d.target.host == "" {
		over = "a socket of this computer"
	}
	return fmt.Sprintf("%s answers over %s: %s", p.server(), over, kind)
}

// mayCreate asks AD whether we may create contacts and groups in the container; other servers
// do not say.
func (p *Publisher) mayCreate(ctx context.Context, c *conn) (known bool, err error) {
	const allowed = "allowedChildClassesEffective" // MS-ADTS §3.1.1.4.5.22
	if !c.ad {
		return false, nil
	}
	found, err := c.search(ctx, query{base: p.options.Container, filter: anything, attributes: []string{allowed}})
	if err != nil || len(found) != 1 {
		return false, err
	}
	classes := found[0].GetEqualFoldAttributeValues(allowed)
	for _, class := range []string{contactClass, p.options.GroupClass} {
		if !slices.ContainsFunc(classes, func(c string) bool { return strings.EqualFold(c, class) }) {
			return false, fmt.Errorf("%q may not create objects of class %s in %q: give it the right to: %w",
				p.d.options.BindDN, class, p.options.Container, directory.ErrAccess)
		}
	}
	return true, nil
}

// lacks returns what a mode needs and the schema has not.
func (p *Publisher) lacks(s *schema, m directory.Mode) (all []string) {
	for _, k := range []directory.Kind{directory.KindContact, directory.KindGroup} {
		class := p.class(k)
		if !s.hasClass(class) {
			all = append(all, "the class "+class)
			continue
		}
		names := append(directory.Managed(k, m), p.options.MarkerAttribute, cn)
		given := append(slices.Clone(names), objectClass, surname, groupType, sAMAccountName)
		if k == directory.KindGroup {
			names = append(names, member) // there are groups without
		}
		fields := s.entryOf(class)
		for _, name := range names {
			if !fields.allows(name) {
				all = append(all, fmt.Sprintf("%s in the class %s", name, class))
			}
		}
		for name := range fields.must {
			if !s.ad && !slices.ContainsFunc(given, func(n string) bool { return strings.EqualFold(n, name) }) {
				all = append(all, fmt.Sprintf("a class %s that does not demand %s", class, name))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
