package directorytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// looking holds that only what changes something writes, and nothing twice.
func looking(p *publishing) {
	p.byHand()
	o, made := p.create(directory.KindContact, "looked")
	_, group := p.create(directory.KindGroup, "group")
	refs := p.resolve(alice())
	p.sets(group, refs, nil)
	before := p.Admin.Writes(p.T)
	if _, err := p.Publisher.Preflight(p.Context()); err != nil {
		p.Error(err)
	}
	p.reads(made.ID, o, attributes(o))
	if _, err := p.Publisher.InUse(p.Context(), []string{o.Alias}, o.Addresses, ""); err != nil {
		p.Error(err)
	}
	p.resolve(alice(), carol())
	p.has(group, refs...)
	if now, err := p.Publisher.Modify(p.Context(), made, nil); err != nil {
		p.Error(err)
	} else {
		p.is(now, o, attributes(o))
	}
	if err := p.Publisher.ChangeMembers(p.Context(), group, nil, nil); err != nil {
		p.Error(err)
	}
	if after := p.Admin.Writes(p.T); after != before {
		p.Errorf("nothing was changed by %d writes", after-before)
	}
	if _, err := p.Publisher.Modify(p.Context(), made, change("displayName", "changed")); err != nil {
		p.Error(err)
	}
	if after := p.Admin.Writes(p.T); after != before+1 {
		p.Errorf("one change was %d writes", after-before)
	}
}

// many has more objects than a directory gives at once in a list of one page.
func many(p *publishing) {
	objects := cmp.Or(p.Objects, 20)
	want := map[string]bool{}
	for i := range objects {
		o := p.object(directory.KindContact, fmt.Sprint("m", i))
		made, err := p.Publisher.Create(p.Context(), o, attributes(o))
		if err != nil {
			p.Fatal(err)
		}
		want[made.ID] = true
	}
	all := p.each()
	for id := range all {
		delete(want, id)
	}
	if len(all) != objects || len(want) > 0 {
		p.Errorf("got %d objects, want %d; %d are missing", len(all), objects, len(want))
	}
	enough, seen := errors.New("enough"), 0
	err := p.Publisher.Each(p.Context(), func(directory.Actual) error {
		if seen++; seen == objects/2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != objects/2 {
		p.Errorf("got %v after %d, want %v after %d", err, seen, enough, objects/2)
	}
}

// stopped asks with a context that has ended, and with one that ends meanwhile.
func stopped(p *publishing) {
	o, made := p.create(directory.KindContact, "stopped")
	_, group := p.create(directory.KindGroup, "group")
	refs := p.resolve(alice())
	ctx, cancel := context.WithCancel(p.Context())
	cancel()
	other := p.object(directory.KindContact, "other")
	for name, do := range map[string]func() error{
		"Preflight": func() error { _, err := p.Publisher.Preflight(ctx); return err },
		"Each":      func() error { return p.Publisher.Each(ctx, func(directory.Actual) error { return nil }) },
		"ByID":      func() error { _, err := p.Publisher.ByID(ctx, made.ID); return err },
		"ByAlias":   func() error { _, err := p.Publisher.ByAlias(ctx, o.Alias); return err },
		"InUse":     func() error { _, err := p.Publisher.InUse(ctx, nil, o.Addresses, ""); return err },
		"Create":    func() error { _, err := p.Publisher.Create(ctx, other, attributes(other)); return err },
		"Modify":    func() error { _, err := p.Publisher.Modify(ctx, made, change("displayName", "changed")); return err },
		"Rename":    func() error { _, err := p.Publisher.Rename(ctx, made, other.Alias); return err },
		"Delete":    func() error { return p.Publisher.Delete(ctx, made) },
		"Members":   func() error { _, err := p.Publisher.Members(ctx, group); return err },
		"Resolve":   func() error { _, err := p.Publisher.Resolve(ctx, []directory.Member{alice()}); return err },
		"change":    func() error { return p.Publisher.ChangeMembers(ctx, group, refs, nil) },
	} {
		if err := do(); fault.Of(err) != fault.Interrupted {
			p.Errorf("%s: got %v, want that it was interrupted", name, err)
		}
	}
	p.reads(made.ID, o, attributes(o))
	p.has(group)
	if all := p.each(); len(all) != 2 {
		p.Errorf("got %d objects, want 2", len(all))
	}
}

// powerless has an account that may look, and change nothing.
func powerless(p *publishing) {
	if p.Powerless == nil {
		p.Skip("everybody may do the same there")
	}
	o, made := p.create(directory.KindContact, "safe")
	able := p.Publisher
	p.Publisher = p.Powerless
	if !p.RightsUnknown {
		p.notReady()
	}
	p.refuses(made, directory.ErrAccess)
	other := p.object(directory.KindContact, "other")
	_, err := p.Publisher.Create(p.Context(), other, attributes(other))
	p.fails("create", err, directory.ErrAccess)
	p.reads(made.ID, o, attributes(o))
	p.Publisher = able
}

// notReady checks that it is said beforehand that nothing can be published.
func (p *publishing) notReady() {
	p.Helper()
	c, err := p.Publisher.Preflight(p.Context())
	for _, f := range c.Facts {
		if !f.OK {
			return
		}
	}
	if err == nil {
		p.Errorf("got %+v, want that something is wrong", c)
	}
}

// astray publishes to a container that is not there: that it is empty is no answer.
func astray(p *publishing) {
	if p.Astray == nil {
		p.Skip("it has no container")
	}
	able := p.Publisher
	p.Publisher = p.Astray
	p.notReady()
	if err := p.Publisher.Each(p.Context(), func(directory.Actual) error { return nil }); err == nil {
		p.Error("there is no container, and no error")
	}
	o := p.object(directory.KindContact, "astray")
	if _, err := p.Publisher.Create(p.Context(), o, attributes(o)); err == nil {
		p.Error("there is no container, and something was made")
	}
	p.Publisher = able
}
