package dms

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"mailchute/pkg/directory"
	"mailchute/store"
)

// settle ends the requests that were followed, and records what has changed since it was
// last recorded without a write of this run: what became of writes whose record was lost,
// where an object is, what is wrong with it. Where nothing has, it writes nothing.
func (p *pass) settle(ctx context.Context) error {
	for _, o := range p.order {
		var err error
		switch {
		case o.frozen, o.recorded:
		case o.state != "", len(o.trouble) > 0 && (o.stuck || !o.there):
			err = p.amiss(ctx, o)
		case o.waiting != "":
			err = p.hold(ctx, o)
		case o.stuck, !o.wanted, !o.there:
		default:
			err = p.well(ctx, o)
		}
		if err != nil {
			return err
		}
	}
	return p.endOthers(ctx)
}

// hold notes with an object's requests why nothing is done yet.
func (p *pass) hold(ctx context.Context, o *object) error {
	var r store.DirectoryResult
	for _, asked := range o.requests {
		if asked.Trouble != o.waiting {
			r.Ends = append(r.Ends, store.Ending{Request: asked.ID, To: directory.Approved, Trouble: o.waiting})
		}
	}
	if len(r.Ends) == 0 {
		return nil
	}
	return p.record(ctx, r)
}

// amiss records that a person has to do something about an object. Its requests fail.
func (p *pass) amiss(ctx context.Context, o *object) error {
	r := store.DirectoryResult{Known: o.base()}
	if o.state != "" {
		r.Known.State = o.state
	}
	r.Known.Trouble = strings.Join(o.trouble, "; ")
	r.Ends = o.ends(directory.Failed, r.Known.Trouble)
	p.ended(r.Ends)
	return p.recordChanged(ctx, o, r)
}

// well records what an object that is as it should be has become. Changes that were made
// and could not be recorded are recorded now.
func (p *pass) well(ctx context.Context, o *object) error {
	r := store.DirectoryResult{Known: o.base()}
	k := &r.Known
	k.ID, k.Backend, k.Where, k.Alias = o.actual.ID, p.caps.Backend, o.actual.Where, o.actual.Alias
	k.State, k.Trouble, k.Tries, k.Next = directory.ObjectActive, strings.Join(o.trouble, "; "), 0, zeroTime
	if lost := between(attributesOf(*k), o.attributes); len(lost) > 0 {
		r.Write = o.entry(directory.ActModify, lost)
		k.Applied, k.At = withMembers(o.attributes, k.Applied[attrMember]), p.Now()
	}
	m := o.members
	if m == nil {
		r.Ends = o.ends(directory.Applied, "")
		return p.recordChanged(ctx, o, r)
	}
	if len(m.came)+len(m.went) > 0 {
		if r.Write.Action != "" { // that is another record
			if err := p.recordChanged(ctx, o, r); err != nil {
				return err
			}
		}
		r.Write = o.entry(directory.ActMembers, []directory.Change{{Attribute: attrMember, Before: m.went, After: m.came}})
		k.At = p.Now()
	}
	k.Missing = m.missing
	if m.left == "" {
		k.Members, k.Applied = m.digest, withMembers(o.attributes, m.given())
	}
	r.Ends = o.ends(directory.Applied, "")
	return p.recordChanged(ctx, o, r)
}

// recordChanged records what is known of an object, unless that is what was known.
func (p *pass) recordChanged(ctx context.Context, o *object, r store.DirectoryResult) error {
	if len(r.Ends) == 0 && r.Write.Action == "" && sameKnown(r.Known, o.known) {
		return nil
	}
	o.known = r.Known
	return p.record(ctx, r)
}

func sameKnown(a, b directory.Known) bool {
	if !slices.Equal(a.Missing, b.Missing) || !maps.EqualFunc(a.Applied, b.Applied, slices.Equal[[]string]) || !a.Next.Equal(b.Next) {
		return false
	}
	for _, k := range []*directory.Known{&a, &b} {
		k.Missing, k.Applied, k.Next, k.At = nil, nil, zeroTime, zeroTime
	}
	return reflect.DeepEqual(a, b)
}

// endOthers ends the requests for what the directory never had and need not have.
func (p *pass) endOthers(ctx context.Context) error {
	for _, r := range p.state.Approved {
		if p.objects[r.Distribution] != nil {
			continue
		}
		err := p.record(ctx, store.DirectoryResult{
			Known: directory.Known{Key: r.Distribution, Kind: directory.KindGroup, Of: r.Name}, Forget: true,
			Ends: []store.Ending{{Request: r.ID, To: directory.Applied}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
