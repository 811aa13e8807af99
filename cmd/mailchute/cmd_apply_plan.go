package main

import (
	"context"
	"fmt"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
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
	owners    map[string]string // "library invoices", by folded local part
	addresses map[string]string // logins, by folded address

	steps   []step
	changed map[string]string // settings
	touched []library.Library // added or changed
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
	}
	for _, read := range []func(context.Context) error{p.readPlaces, p.readPeople} {
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
		p.keepGroup(g)
	}
	for _, g := range grants {
		p.keepGrant(g)
	}
	return err
}

// plan finds the steps. Its errors say where the fault stands in the file.
func (p *planner) plan(ctx context.Context, wanted declared) error {
	err := p.planSettings(wanted.settings)
	if err == nil {
		err = planEach(wanted.sites, func(s library.Site) string { return "site " + s.Name }, p.planSite)
	}
	if err == nil {
		err = planEach(wanted.users, func(u access.User) string { return "user " + u.Login }, p.planUser)
	}
	if err == nil {
		err = planEach(wanted.groups, func(g groupWish) string { return "group " + g.Name }, p.planGroup)
	}
	if err == nil {
		err = planEach(wanted.libraries, func(l libraryWish) string { return "library " + l.empty.Name },
			func(l placed[libraryWish]) error { return p.planLibrary(ctx, l) })
	}
	if err == nil {
		err = planEach(wanted.grants, func(g grantJSON) string { return "grant " + g.Scope + " " + g.Principal }, p.planGrant)
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
func (p *planner) planSettings(all []placed[settingJSON]) error {
	var differences []difference
	given := map[string]bool{}
	for _, s := range all {
		if given[s.what.Key] {
			return wrong(s.at, fmt.Errorf("setting %q is there twice", s.what.Key))
		}
		given[s.what.Key] = true
		now, known := p.settings[s.what.Key]
		if !known {
			return wrong(s.at, fmt.Errorf("there is no setting %q (settings show lists them)", s.what.Key))
		}
		if now != s.what.Value {
			p.changed[s.what.Key] = s.what.Value
			differences = append(differences, difference{Action: "change", Kind: "setting", Name: s.what.Key, From: now, To: s.what.Value})
		}
	}
	if len(differences) > 0 {
		set := func(ctx context.Context) error { return p.farm.SetSettings(ctx, p.changed) }
		p.add(all[0].at, set, differences...)
	}
	return nil
}

func (p *planner) planSite(s placed[library.Site]) error {
	now, there := p.sites[s.what.Name]
	if there {
		return sameTitle(s.at, "site "+now.Name, now.Title, s.what.Title)
	}
	if err := checkNewName(s.what.Name); err != nil {
		return wrong(s.at, err)
	}
	p.sites[s.what.Name] = s.what
	p.add(s.at, func(ctx context.Context) error { return p.farm.AddSite(ctx, s.what) },
		addition("site", s.what.Name, siteJSON{Name: s.what.Name}, siteJSON(s.what)))
	return nil
}

// sameTitle refuses to change a title, or a name for people, that was set for good.
func sameTitle(at, what, now, wanted string) error {
	if wanted == "" || wanted == now {
		return nil
	}
	return fixed(at, "%s is %q to people, not %q", what, now, wanted)
}

// fixed is the conflict with something that cannot be changed after it was added.
func fixed(at, format string, args ...any) error {
	return fmt.Errorf("%s: %s, and cannot be changed: correct the file: %w", at, fmt.Sprintf(format, args...), fault.ErrConflict)
}

// keepLibrary keeps a library, and what its local part is.
func (p *planner) keepLibrary(l library.Library) {
	if now := p.libraries[l.Name]; now.LocalPart != "" {
		delete(p.owners, address.FoldLocal(now.LocalPart))
	}
	p.libraries[l.Name] = l
	if l.LocalPart != "" {
		p.owners[address.FoldLocal(l.LocalPart)] = "library " + l.Name
	}
}

func (p *planner) planLibrary(ctx context.Context, wish placed[libraryWish]) error {
	now, there := p.libraries[wish.what.empty.Name]
	if !there {
		now = wish.what.empty
		if err := checkNewName(now.Name); err != nil {
			return wrong(wish.at, err)
		}
	}
	after := now
	after.Settings.BlockedTypes = slices.Clone(now.Settings.BlockedTypes)
	if err := wish.what.change(&after); err != nil {
		return wrong(wish.at, err)
	}
	if err := p.allowLibrary(ctx, now, after, there); err != nil {
		return fmt.Errorf("%s: %w", wish.at, err)
	}
	p.keepLibrary(after)
	was, is := newLibraryJSON(now), newLibraryJSON(after)
	differences := alterations("library", now.Name, was, is)
	do := func(ctx context.Context) error { return p.setLibrary(ctx, now.Name, wish.what.change) }
	if !there {
		empty := newLibraryJSON(library.Library{Name: now.Name, Inherit: true})
		differences = []difference{addition("library", now.Name, empty, is)}
		do = func(ctx context.Context) error { return p.farm.AddLibrary(ctx, after) }
	}
	p.add(wish.at, do, differences...)
	if len(differences) > 0 {
		p.touched = append(p.touched, after)
	}
	return nil
}

// setLibrary changes a library as it is by then: another process may have changed it.
func (p *planner) setLibrary(ctx context.Context, name string, change func(*library.Library) error) error {
	return p.farm.SetLibrary(ctx, name, func(l *library.Library) error {
		now := *l
		if err := change(l); err != nil {
			return err
		}
		return moves(ctx, p.farm, now, *l)
	})
}

// allowLibrary refuses what the store would refuse, before anything is changed.
func (p *planner) allowLibrary(ctx context.Context, now, after library.Library, there bool) error {
	if after.LocalPart != "" {
		if err := address.CheckLocalPart(after.LocalPart); err != nil {
			return misconfigured(err)
		}
		if owner, taken := p.owners[address.FoldLocal(after.LocalPart)]; taken && owner != "library "+now.Name {
			return fmt.Errorf("the local part %q belongs to %s: %w", after.LocalPart, owner, fault.ErrConflict)
		}
	}
	if _, known := p.sites[after.Site]; !known {
		return absent(fault.ErrNotFound, "site %s", after.Site)
	}
	if !there {
		return nil
	}
	if now.Archived {
		return fmt.Errorf("library %s is archived: give the new one another name: %w", now.Name, fault.ErrConflict)
	}
	return moves(ctx, p.farm, now, after)
}

// moves refuses to move a library to another site while it has documents.
func moves(ctx context.Context, f *farm, now, after library.Library) error {
	if now.Site == after.Site {
		return nil
	}
	if err := staysEmpty(ctx, f, after); err != nil {
		return fmt.Errorf("library %s: %w", now.Name, err)
	}
	return nil
}
