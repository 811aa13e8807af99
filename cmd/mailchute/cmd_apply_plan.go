package main

import (
	"context"
	"fmt"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/library"
)

// planner finds what differs between the farm and what is declared. It walks through what
// is declared in the order of the changes, and keeps what the farm will be like by then.
type planner struct {
	farm      *farm
	settings  map[string]string
	sites     map[string]library.Site
	users     map[string]access.User
	groups    map[string]access.Group
	libraries map[string]library.Library
	grants    map[access.Scope]map[access.Principal]access.Level
	owners    map[string]string               // "library invoices", by folded local part
	addresses map[string]string               // logins, by folded address
	lists     map[string]directory.Properties // of distribution groups, by group

	steps   []step
	changed map[string]string // settings
	touched []library.Library // added or changed
	asked   []int64           // requests that were made
	follow  bool              // the directory has to
}

// step is one change in the store, which people read as at least one difference.
type step struct {
	at          string
	differences []difference
	do          func(context.Context) error
}

// newPlanner reads the farm.
func newPlanner(ctx context.Context, f *farm) (*planner, error) {
	p := &planner{
		farm: f, settings: map[string]string{}, sites: map[string]library.Site{}, users: map[string]access.User{},
		groups: map[string]access.Group{}, libraries: map[string]library.Library{},
		grants: map[access.Scope]map[access.Principal]access.Level{},
		owners: map[string]string{}, addresses: map[string]string{}, changed: map[string]string{},
		lists: map[string]directory.Properties{},
	}
	for _, read := range []func(context.Context) error{p.readPlaces, p.readPeople, p.readDistributions} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *planner) readPlaces(ctx context.Context) error {
	settings, err := p.farm.Settings(ctx)
	if err != nil {
		return err
	}
	sites, err := p.farm.Sites(ctx)
	if err != nil {
		return err
	}
	libraries, err := p.farm.Libraries(ctx)
	for _, s := range settings {
		p.settings[s.Key] = s.Value
	}
	for _, s := range sites {
		p.sites[s.Name] = s
	}
	for _, l := range libraries {
		p.keepLibrary(l)
	}
	return err
}

func (p *planner) readPeople(ctx context.Context) error {
	users, err := p.farm.Users(ctx)
	if err != nil {
		return err
	}
	groups, err := p.farm.Groups(ctx)
	if err != nil {
		return err
	}
	grants, err := p.farm.Grants(ctx)
	for _, u := range users {
		p.keepUser(u)
	}
	for _, g := range groups {
		p.groups[g.Name] = g
	}
	for _, g := range grants {
		p.keepGrant(g)
	}
	return err
}

// plan finds the steps. Its errors say where the fault stands in the file.
func (p *planner) plan(ctx context.Context, wanted declared) error {
	err := p.planSettings(ctx, wanted.settings)
	if err == nil {
		err = planEach(wanted.sites, func(w wish[library.Site]) string { return "site " + w.empty.Name }, p.planSite)
	}
	if err == nil {
		err = planEach(wanted.users, func(w wish[access.User]) string { return "user " + w.empty.Login }, p.planUser)
	}
	if err == nil {
		err = planEach(wanted.groups, func(w groupWish) string { return "group " + w.empty.Name }, p.planGroup)
	}
	if err == nil {
		err = planEach(wanted.libraries, func(l libraryWish) string { return "library " + l.empty.Name },
			func(l placed[libraryWish]) error { return p.planLibrary(ctx, l) })
	}
	if err == nil {
		err = planEach(wanted.grants, func(g grantJSON) string { return "grant " + g.Scope + " " + g.Principal },
			func(g placed[grantJSON]) error { return p.planGrant(ctx, g) })
	}
	return err
}

// planEach plans what is declared of one kind; each may be declared once.
func planEach[T any](all []placed[T], name func(T) string, plan func(placed[T]) error) error {
	first := map[string]string{}
	for _, one := range all {
		key := name(one.what)
		if at, twice := first[key]; twice {
			return wrong(one.at, fmt.Errorf("%s is declared at %s already", key, at))
		}
		first[key] = one.at
		if err := plan(one); err != nil {
			return err
		}
	}
	return nil
}

// add puts a step at the end, unless there is no difference.
func (p *planner) add(at string, do func(context.Context) error, differences ...difference) {
	if len(differences) > 0 {
		p.steps = append(p.steps, step{at, differences, do})
	}
}

// planSettings makes one step of all settings: the store takes all or none.
func (p *planner) planSettings(ctx context.Context, all []placed[settingJSON]) error {
	var differences []difference
	given := map[string]bool{}
	for _, s := range all {
		key, value := s.what.Key, s.what.Value
		if given[key] {
			return wrong(s.at, fmt.Errorf("setting %q is there twice", key))
		}
		given[key] = true
		now, known := p.settings[key]
		if !known {
			return wrong(s.at, fmt.Errorf("there is no setting %q (settings show lists them)", key))
		}
		if now == value {
			continue
		}
		p.changed[key] = value
		if err := p.farm.CheckSettings(ctx, p.changed); err != nil {
			return fmt.Errorf("%s: %w", s.at, err)
		}
		differences = append(differences, difference{Action: "change", Kind: "setting", Name: key, From: now, To: value})
	}
	if len(differences) > 0 {
		set := func(ctx context.Context) error { return p.farm.SetSettings(ctx, p.changed) }
		p.add(all[0].at, set, differences...)
	}
	return nil
}

func (p *planner) planSite(w placed[wish[library.Site]]) error {
	name := w.what.empty.Name
	now, there := p.sites[name]
	if !there {
		now = w.what.empty
		if err := checkNewName(name); err != nil {
			return wrong(w.at, err)
		}
	}
	after := now
	if err := w.what.change(&after); err != nil {
		return err
	}
	p.sites[name] = after
	was := siteJSON(now)
	do := func(ctx context.Context) error { return p.farm.SetSite(ctx, name, w.what.change) }
	if !there {
		was = siteJSON{Name: name}
		do = func(ctx context.Context) error { return p.farm.AddSite(ctx, after) }
	}
	p.add(w.at, do, differencesOf("site", name, there, was, siteJSON(after))...)
	return nil
}
