package main

import (
	"context"
	"fmt"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
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

func (p *planner) planUser(w placed[wish[access.User]]) error {
	login := w.what.empty.Login
	now, there := p.users[login]
	if !there {
		now = w.what.empty
	}
	after := now
	if err := w.what.change(&after); err != nil {
		return err
	}
	if err := p.allowAddresses(after); err != nil {
		return fmt.Errorf("%s: %w", w.at, err)
	}
	for _, a := range now.Addresses {
		delete(p.addresses, addressKey(a))
	}
	p.keepUser(after)
	do := func(ctx context.Context) error { return p.farm.SetUser(ctx, login, w.what.change) }
	if !there {
		do = func(ctx context.Context) error { return p.farm.AddUser(ctx, after) }
	}
	p.add(w.at, do, differencesOf("user", login, there, newUserJSON(now), newUserJSON(after))...)
	return nil
}

// allowAddresses refuses addresses that belong to another user, or that a user has twice.
func (p *planner) allowAddresses(u access.User) error {
	own := map[string]bool{}
	for _, a := range u.Addresses {
		key := addressKey(a)
		if owner, taken := p.addresses[key]; taken && owner != u.Login {
			return fmt.Errorf("the address %s belongs to user %s: %w", a, owner, fault.ErrConflict)
		}
		if own[key] {
			return fmt.Errorf("the address %s is there twice: %w", a, fault.ErrConflict)
		}
		own[key] = true
	}
	return nil
}

// allowGroup refuses what the store would refuse, before anything is changed.
func (p *planner) allowGroup(g access.Group) error {
	if _, known := p.sites[g.Site]; !known {
		return absent(fault.ErrNotFound, "site %s", g.Site)
	}
	self := access.GroupPrincipal(g.Name)
	above := p.above(self)
	for _, m := range g.Members {
		if m == self {
			continue // it means nothing
		}
		if err := p.known(m); err != nil {
			return err
		}
		if above[m] {
			return fmt.Errorf("%s cannot be a member of %s, which is in it already, itself or through others: %w", m, self, fault.ErrConflict)
		}
	}
	return nil
}

// above returns the groups that a group is in, itself or through others.
func (p *planner) above(group access.Principal) map[access.Principal]bool {
	found := map[access.Principal]bool{}
	for next := []access.Principal{group}; len(next) > 0; next = next[1:] {
		for _, g := range p.groups {
			of := access.GroupPrincipal(g.Name)
			if of != group && !found[of] && slices.Contains(g.Members, next[0]) {
				found[of] = true
				next = append(next, of)
			}
		}
	}
	return found
}

// known returns nil where a principal is there by now.
func (p *planner) known(who access.Principal) error {
	there := true
	switch who.Kind {
	case access.KindUser:
		_, there = p.users[who.Name]
	case access.KindGroup:
		_, there = p.groups[who.Name]
	case access.KindAddress, access.KindEveryone, access.KindDirectoryGroup:
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

func (p *planner) planGrant(ctx context.Context, wish placed[grantJSON]) error {
	g, err := wish.what.grant()
	if err != nil {
		return wrong(wish.at, err)
	}
	if g.Principal, _, err = p.farm.found(ctx, g.Principal); err != nil {
		return fmt.Errorf("%s: %w", wish.at, err)
	}
	wish.what.Principal = g.Principal.String()
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
