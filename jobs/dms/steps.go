package dms

import (
	"context"
	"fmt"

	"mailchute/pkg/directory"
	"mailchute/store"
)

// steps carries out the plan, and then brings members up to date.
func (p *pass) steps(ctx context.Context) error {
	p.total = len(p.plan.Steps)
	for _, s := range p.plan.Steps {
		if err := p.step(ctx, s); err != nil {
			return err
		}
		p.advance()
	}
	return p.members(ctx)
}

// advance says that a step is done.
func (p *pass) advance() {
	p.done++
	p.total = max(p.total, p.done)
	if p.Progress != nil {
		p.Progress(p.done, p.total)
	}
}

// step carries out a step, or notes what it reports.
func (p *pass) step(ctx context.Context, s directory.Step) error {
	o := p.objects[s.Object.Key]
	if p.noted(o, s) || o == nil || o.stuck {
		return nil
	}
	switch s.Action {
	case directory.ActCreate:
		return p.create(ctx, o, s)
	case directory.ActRename:
		return p.rename(ctx, o, s)
	case directory.ActModify:
		return p.modify(ctx, o, s)
	case directory.ActDelete, directory.ActForget:
		return p.remove(ctx, o, s)
	case directory.ActMembers, directory.ActConflict, directory.ActForeign, directory.ActMoved, directory.ActUnknown,
		directory.ActCopy, directory.ActDrift, directory.ActWait, directory.ActInvalid:
	}
	return fmt.Errorf("a plan of objects with the step %q", s.Action)
}

// create makes an object, or adopts the one that an earlier run made and could not record.
func (p *pass) create(ctx context.Context, o *object, s directory.Step) error {
	done, err := p.write(ctx, o, s, created(s.Attributes), func() (err error) {
		o.actual, err = directory.Claim(ctx, p.Publisher, s.Object, s.Attributes)
		return err
	}, func(k *directory.Known) { k.Applied = s.Attributes })
	o.there = o.there || done
	p.created = p.created || done
	return err
}

// rename gives an object the alias that the step says.
func (p *pass) rename(ctx context.Context, o *object, s directory.Step) error {
	was := o.actual.Alias
	to := func(alias string) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			o.actual, err = p.Publisher.Rename(ctx, o.actual, alias)
			return err
		}
	}
	var addresses []string
	if s.Object.Alias == o.Alias { // else it is put aside, for another to take its place
		addresses = o.Addresses
	}
	_, err := p.write(ctx, o, s, s.Changes, func() error {
		return p.alone(ctx, o, []string{s.Object.Alias}, addresses, to(s.Object.Alias), to(was))
	}, func(*directory.Known) {})
	return err
}

// modify changes attributes of an object.
func (p *pass) modify(ctx context.Context, o *object, s directory.Step) error {
	if len(s.Changes) == 0 { // it is as it should be, and only the record of it is missing
		return nil
	}
	to := func(changes []directory.Change) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			o.actual, err = p.Publisher.Modify(ctx, o.actual, changes)
			return err
		}
	}
	_, err := p.write(ctx, o, s, s.Changes, func() error {
		return p.alone(ctx, o, nil, added(s.Changes), to(s.Changes), to(reversed(s.Changes)))
	}, func(k *directory.Known) { k.Applied = withMembers(s.Attributes, k.Applied[attrMember]) })
	return err
}

// remove deletes an object, or forgets one that has gone already.
func (p *pass) remove(ctx context.Context, o *object, s directory.Step) error {
	r := store.DirectoryResult{Known: o.base(), Forget: true, Ends: o.ends(directory.Applied, "")}
	if s.Action == directory.ActForget {
		if o.known.ID != "" {
			r.Write = o.entry(s.Action, nil)
		}
		return p.record(ctx, r)
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	r.Write = o.entry(s.Action, removed(attributesOf(o.known)))
	if err := p.Publisher.Delete(ctx, o.actual); err != nil {
		return p.failed(ctx, o, s, r.Write, err)
	}
	p.failing = none
	return p.record(ctx, r)
}
