package dms

import (
	"context"
	"fmt"
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
	r.Ends = o.fails(statusOf(r.Known.State), r.Known.Trouble)
	p.ended(r.Ends)
	return p.recordChanged(ctx, o, r)
}

// statusOf is what a SOAP client is told of an object in a state.
func statusOf(s directory.ObjectState) directory.Status {
	switch s {
	case directory.ObjectConflict:
		return directory.StatusDuplicateAlias
	case directory.ObjectForeign:
		return directory.StatusAccessDenied
	case directory.ObjectFailed:
		return directory.StatusInvalidArgument
	case directory.ObjectNew, directory.ObjectActive:
	}
	return directory.StatusInternalError
}

// well records what an object that is as it should be has become. Changes that were made
// and could not be recorded are recorded now.
func (p *pass) well(ctx context.Context, o *object) error {
	r := store.DirectoryResult{Known: o.base()}
	k := &r.Known
	k.ID, k.Backend, k.Where, k.Alias = o.actual.ID, p.caps.Backend, o.actual.Where, o.actual.Alias
	k.State, k.Trouble, k.Tries, k.Next = directory.ObjectActive, strings.Join(o.trouble, "; "), 0, zeroTime
	applied := attributesOf(*k)
	if lost := directory.Diff(o.attributes, applied, applied); len(lost) > 0 {
		if clash, err := p.clash(ctx, o, added(lost)); err != nil || clash {
			return err
		}
		r.Write = o.entry(directory.ActModify, lost)
		k.Applied, k.At = withMembers(o.attributes, k.Applied[attrMember]), p.Now()
	}
	m := o.members
	if m == nil {
		r.Ends = o.ends(directory.Applied, "")
		return p.recordChanged(ctx, o, r)
	}
	if len(m.came)+len(m.went) > 0 && !m.quiet {
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

// clash reports whether somebody else has addresses that an object of ours was given by a
// write whose record, and with it the look whether they are its alone, was lost.
func (p *pass) clash(ctx context.Context, o *object, addresses []string) (bool, error) {
	if o.known.ID == "" || len(addresses) == 0 { // a claim has looked
		return false, nil
	}
	uses, err := p.Publisher.InUse(ctx, nil, addresses, o.actual.ID)
	if err != nil || len(uses) == 0 {
		return false, down(err)
	}
	o.state = directory.ObjectConflict
	o.wrong(fmt.Sprintf("%s is in use by %s, too: take it away from one of them", uses[0].Value, uses[0].Where))
	p.say(o.Of, o.actual.Where, directory.ActConflict, o.trouble[len(o.trouble)-1])
	return true, p.amiss(ctx, o)
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
