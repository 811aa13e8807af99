package dms

import (
	"context"
	"maps"
	"slices"

	"mailchute/pkg/directory"
)

// memberChunk is how many members one request changes at most.
const memberChunk = 500

// members brings the members of all groups up to date, when the objects that they name are
// there.
func (p *pass) members(ctx context.Context) error {
	members := map[string][]directory.Member{}
	for _, o := range p.order {
		members[o.Key] = o.Members
	}
	if p.created { // members may be objects that have their ID only now
		now, err := p.Store.WantedObjects(ctx, p.Domains)
		if err != nil {
			return err
		}
		for _, d := range now.Objects {
			members[d.Object.Key] = d.Object.Members
		}
	}
	for _, o := range p.order {
		if !o.hasMembers() || !o.there {
			continue
		}
		if p.Now().Before(o.known.Next) {
			p.waits(o, o.known.Trouble)
			p.say(o.Of, o.actual.Where, directory.ActWait, o.known.Trouble)
			continue
		}
		if err := p.sync(ctx, o, members[o.Key]); err != nil {
			return err
		}
	}
	return nil
}

// sync brings the members of a group up to date: those that go first.
func (p *pass) sync(ctx context.Context, o *object, members []directory.Member) error {
	m, err := p.compare(ctx, o, members, nil, p.Rebuild)
	if err != nil {
		if classOf(err) == vanished {
			o.stuck = true
			p.later(p.Now().Add(firstWait))
			return nil
		}
		return down(err)
	}
	o.members = m
	if m.left != "" {
		o.wrong(m.left)
		p.say(o.Of, o.actual.Where, directory.ActWait, m.left)
	}
	if len(m.drift) > 0 {
		o.wrong(m.drifted())
		p.say(o.Of, o.actual.Where, directory.ActDrift, m.drifted())
	}
	for remove := range slices.Chunk(m.remove, memberChunk) {
		if err := p.change(ctx, o, nil, remove); err != nil || o.stuck {
			return err
		}
	}
	for add := range slices.Chunk(m.add, memberChunk) {
		if err := p.change(ctx, o, add, nil); err != nil || o.stuck {
			return err
		}
	}
	return nil
}

// change changes members of a group by one request.
func (p *pass) change(ctx context.Context, o *object, add, remove []directory.Ref) error {
	changes := []directory.Change{{Attribute: attrMember, Before: namesOfRefs(remove), After: namesOfRefs(add)}}
	p.total++
	_, err := p.write(ctx, o, directory.Step{Action: directory.ActMembers}, changes, func() error {
		return p.Publisher.ChangeMembers(ctx, o.actual, add, remove)
	}, func(k *directory.Known) {
		applied := o.members.applied
		for _, r := range remove {
			delete(applied, r.Key)
		}
		for _, r := range add {
			applied[r.Key] = true
		}
		k.Applied = withMembers(attributesOf(*k), slices.Sorted(maps.Keys(applied)))
	})
	if err == nil {
		p.advance()
	}
	return err
}

func namesOfRefs(refs []directory.Ref) (names []string) {
	for _, r := range refs {
		names = append(names, r.Name)
	}
	return names
}

// given returns the keys of those whom a group was given and who are wanted: the others are
// no concern of ours any more.
func (m *membership) given() (keys []string) {
	for key := range m.want {
		_, had := m.have[key]
		if had || m.applied[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
