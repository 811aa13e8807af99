package main

import (
	"context"
	"fmt"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// keepUser keeps a user, and whose their addresses are.
func (p *planner) keepUser(u access.User) {
	p.users[u.Login] = u
	for _, a := range u.Addresses {
		p.addresses[addressKey(a)] = u.Login
	}
}

// addressKey returns how an address is compared; one that cannot be read is itself.
func addressKey(a string) string {
	parsed, err := address.ParseMailbox(a)
	if err != nil {
		return a
	}
	return parsed.Key()
}

func (p *planner) planUser(u placed[access.User]) error {
	login := u.what.Login
	now, there := p.users[login]
	for _, a := range u.what.Addresses {
		owner, taken := p.addresses[addressKey(a)]
		switch {
		case taken && owner != login:
			return fmt.Errorf("%s: the address %s belongs to user %s: %w", u.at, a, owner, fault.ErrConflict)
		case there && !taken:
			return fixed(u.at, "user %s has not the address %s", login, a)
		}
	}
	if there {
		return sameTitle(u.at, "user "+login, now.Name, u.what.Name)
	}
	p.keepUser(u.what)
	p.add(u.at, func(ctx context.Context) error { return p.farm.AddUser(ctx, u.what) },
		addition("user", login, userJSON{Login: login}, newUserJSON(u.what)))
	return nil
}

// keepGroup keeps a group, and what its local part is.
func (p *planner) keepGroup(g access.Group) {
	p.groups[g.Name] = g
	if g.LocalPart != "" {
		p.owners[address.FoldLocal(g.LocalPart)] = "group " + g.Name
	}
}

func (p *planner) planGroup(wish placed[groupWish]) error {
	g := wish.what.Group
	now, there := p.groups[g.Name]
	for _, m := range g.Members {
		if err := p.known(m); err != nil && (m.Kind != access.KindGroup || m.Name != g.Name) {
			return fmt.Errorf("%s: %w", wish.at, err)
		}
		if there && !slices.Contains(now.Members, m) {
			return fixed(wish.at, "group %s has not the member %s", g.Name, m)
		}
	}
	if there {
		if g.Site != "" && g.Site != now.Site {
			return fixed(wish.at, "group %s is in site %s, not %s", g.Name, now.Site, g.Site)
		}
		return sameTitle(wish.at, "group "+g.Name, now.Title, g.Title)
	}
	g.Site = or(g.Site, store.DefaultSite)
	if _, known := p.sites[g.Site]; !known {
		return fmt.Errorf("%s: %w", wish.at, absent(fault.ErrNotFound, "site %s", g.Site))
	}
	p.keepGroup(g)
	p.add(wish.at, func(ctx context.Context) error { return p.farm.AddGroup(ctx, g) },
		addition("group", g.Name, groupJSON{Name: g.Name, Members: []string{}}, newGroupJSON(g)))
	return nil
}

// known returns nil where a principal is there by now.
func (p *planner) known(who access.Principal) error {
	there := true
	switch who.Kind {
	case access.KindUser:
		_, there = p.users[who.Name]
	case access.KindGroup:
		_, there = p.groups[who.Name]
	case access.KindAddress, access.KindEveryone:
	}
	if there {
		return nil
	}
	return absent(fault.ErrNotFound, "%s %s", who.Kind, who.Name)
}

// keepGrant keeps the level of a principal in a scope.
func (p *planner) keepGrant(g access.Grant) {
	if p.grants[g.Scope] == nil {
		p.grants[g.Scope] = map[access.Principal]access.Level{}
	}
	p.grants[g.Scope][g.Principal] = g.Level
}

func (p *planner) planGrant(wish placed[grantJSON]) error {
	g, err := wish.what.grant()
	if err != nil {
		return wrong(wish.at, err)
	}
	if err := p.known(g.Principal); err != nil {
		return fmt.Errorf("%s: %w", wish.at, err)
	}
	if !p.knownScope(g.Scope) {
		return fmt.Errorf("%s: %w", wish.at, absent(fault.ErrNotFound, "%s %s", g.Scope.Kind, g.Scope.Name))
	}
	now, there := p.grants[g.Scope][g.Principal]
	d := difference{Action: "change", Kind: "grant", Name: g.Scope.String() + " " + g.Principal.String(), To: wish.what}
	if there {
		if now == g.Level {
			return nil
		}
		d.Setting, d.From, d.To = "level", now.String(), g.Level.String()
	} else {
		d.Action, d.shown = "add", g.Level.String()
	}
	p.keepGrant(g)
	p.add(wish.at, func(ctx context.Context) error { return p.farm.Grant(ctx, g) }, d)
	return nil
}

func (p *planner) knownScope(s access.Scope) bool {
	there := false
	switch s.Kind {
	case access.ScopeSite:
		_, there = p.sites[s.Name]
	case access.ScopeLibrary:
		_, there = p.libraries[s.Name]
	}
	return there
}

// grant reads a grant as the grant command does.
func (g grantJSON) grant() (access.Grant, error) {
	parsed, err := parseGrant(g.Scope, g.Principal)
	if err == nil {
		parsed.Level, err = access.ParseLevel(g.Level)
	}
	return parsed, err
}
