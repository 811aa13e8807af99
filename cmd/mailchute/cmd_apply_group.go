package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// groupDeclared is a group as a file declares it: its distribution group is that which is
// approved, or asked for.
type groupDeclared struct {
	Name         string   `json:"name"`
	Site         string   `json:"site"`
	Title        string   `json:"title"`
	Members      []string `json:"members"`
	Distribution string   `json:"distribution"`
	Description  string   `json:"description"`
	Manager      string   `json:"manager"`
}

func newGroupDeclared(g access.Group, p directory.Properties) groupDeclared {
	shown := newGroupJSON(g)
	return groupDeclared{g.Name, g.Site, g.Title, shown.Members, p.LocalPart, p.Description, p.Manager}
}

// keepDistribution keeps what a distribution group is like, and what its local part is.
func (p *planner) keepDistribution(group string, now directory.Properties) {
	if was := p.lists[group]; was.LocalPart != "" {
		delete(p.owners, address.FoldLocal(was.LocalPart))
	}
	p.lists[group] = now
	if now.LocalPart != "" {
		p.owners[address.FoldLocal(now.LocalPart)] = "group " + group
	}
}

// readDistributions reads what is approved of distribution groups, and what is asked for.
func (p *planner) readDistributions(ctx context.Context) error {
	all, err := p.farm.Distributions(ctx)
	if err != nil {
		return err
	}
	open, err := p.farm.Requests(ctx, directory.Pending, directory.Approved)
	for _, d := range all {
		now := d.Now
		for _, r := range open {
			if r.Distribution == d.Key {
				now = r.Want
			}
		}
		if now.LocalPart == "" { // its end is asked for, and the rest of it says nothing any more
			now = directory.Properties{}
		}
		if d.Group != "" {
			p.keepDistribution(d.Group, now)
		} else if now.LocalPart != "" {
			p.owners[address.FoldLocal(now.LocalPart)] = d.Name
		}
	}
	return err
}

func (p *planner) planGroup(w placed[groupWish]) error {
	name := w.what.empty.Name
	now, there := p.groups[name]
	if !there {
		now = w.what.empty
	}
	after := now
	if err := w.what.change(&after); err != nil {
		return err
	}
	was := p.lists[name]
	want := was
	w.what.distribution(&want)
	if want.LocalPart != "" && (after.Title != now.Title || was.LocalPart == "") {
		want.Title = after.Title
	}
	err := p.allowGroup(after)
	if err == nil {
		err = p.allowDistribution(name, want)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w.at, err)
	}
	p.groups[name] = after
	p.keepDistribution(name, want)
	before := newGroupDeclared(now, was)
	if !there {
		before = groupDeclared{Name: name, Members: []string{}}
	}
	do := func(ctx context.Context) error {
		if err := p.makeGroup(ctx, there, after, w.what.change); err != nil {
			return err
		}
		return p.askGroup(ctx, name, was, want)
	}
	p.add(w.at, do, differencesOf("group", name, there, before, newGroupDeclared(after, want))...)
	return nil
}

// makeGroup adds a group, or changes it as it is by then.
func (p *planner) makeGroup(ctx context.Context, there bool, after access.Group, change func(*access.Group) error) error {
	if !there {
		return p.farm.AddGroup(ctx, after)
	}
	if p.lists[after.Name].LocalPart != "" {
		p.follow = true // its members may have changed
	}
	return p.farm.SetGroup(ctx, after.Name, change)
}

// askGroup asks for what a distribution group is to be like.
func (p *planner) askGroup(ctx context.Context, group string, was, want directory.Properties) error {
	if was == want {
		return nil
	}
	r, err := p.farm.AskDistribution(ctx, group, store.Ask{Want: want, Delete: want.LocalPart == ""})
	if err == nil && r.ID != 0 {
		p.asked = append(p.asked, r.ID)
		p.follow = true
	}
	return err
}

// allowDistribution refuses what the store would refuse, before anything is changed.
func (p *planner) allowDistribution(group string, want directory.Properties) error {
	if want.LocalPart == "" {
		if was := p.lists[group]; was.LocalPart == "" && (want.Description != "" || want.Manager != "") {
			return misconfigured(errors.New(`description and manager are those of a distribution group: write distribution = "LOCAL-PART"`))
		}
		return nil
	}
	if err := address.CheckLocalPart(want.LocalPart); err != nil {
		return misconfigured(err)
	}
	if m, err := access.ParsePrincipal(want.Manager); err == nil && m.Kind == access.KindUser && !strings.HasPrefix(m.Name, directory.LoginPrefix) {
		if err := p.known(m); err != nil {
			return err
		}
	}
	if owner, taken := p.owners[address.FoldLocal(want.LocalPart)]; taken && owner != "group "+group {
		return fmt.Errorf("the local part %q belongs to %s: %w", want.LocalPart, owner, fault.ErrConflict)
	}
	return nil
}

// requestMade is a request that apply has made, and what came of it.
type requestMade struct {
	Action string `json:"action"` // request
	followed
}

// followApplied makes the directory follow what apply has changed of groups.
func (c *cli) followApplied(ctx context.Context, f *farm, p *planner) error {
	if !p.follow {
		return nil
	}
	why, err := c.follow(ctx, f)
	if err != nil {
		return err
	}
	var worst error
	if why != "" && f.publishes() {
		worst = errHeld
		c.tell("warning: the directory has still to follow: " + why)
	}
	for _, id := range p.asked {
		r, _, err := f.Request(ctx, id)
		if err != nil {
			return err
		}
		said, end := outcomeOf(r, why)
		if end != nil && !errors.Is(worst, errSaid) {
			worst = end
		}
		if err := c.say(requestMade{"request", followed{newRequestJSON(r), followJSON{why == "", why}}}, "%s", said); err != nil {
			return err
		}
	}
	return worst
}
