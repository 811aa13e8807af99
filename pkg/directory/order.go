package directory

import (
	"cmp"
	"slices"
)

// inOrder returns the steps in an order in which every one can be done.
func (p *planner) inOrder() []Step {
	b := p.newBoard()
	b.block()
	b.steps = slices.Concat(p.forgets, p.deletes)
	for _, m := range p.moves {
		if m.rename {
			b.visit(m)
		}
	}
	for _, m := range p.moves {
		if len(m.leaves) > 0 {
			b.visit(m)
		}
	}
	for _, s := range p.creates {
		b.create(s)
	}
	for _, m := range p.moves {
		b.visit(m)
	}
	return b.steps
}

// visit does a move, and before it those that are in its way.
func (b *board) visit(m *move) {
	if m.state != moveAhead {
		return
	}
	m.state = moveUnderWay
	for _, at := range m.takes {
		other := b.moveOf[b.holder[at]]
		switch {
		case other == nil, other == m:
		case other.state == moveUnderWay:
			b.putAside(other) // they are in each other's way
		default:
			b.visit(other)
		}
	}
	b.do(m)
	m.state = moveDone
}

// do adds the steps of a move.
func (b *board) do(m *move) {
	if m.rename {
		b.steps = append(b.steps, m.renamed(m.object.Alias, m.why))
	}
	if len(m.changes) > 0 {
		b.steps = append(b.steps, m.modify(m.attributes))
	}
	b.free(m)
	for _, at := range m.takes {
		b.holder[at] = m.actual.ID
	}
}

func (m *move) modify(a Attributes) Step {
	s := m.step(ActModify, m.why)
	s.Attributes, s.Changes = a, m.changes
	return s
}

// renamed is the step that gives m an alias.
func (m *move) renamed(alias, why string) Step {
	s := m.step(ActRename, why)
	s.Object.Alias = alias
	s.Changes = []Change{{Attribute: attrName, Before: []string{cmp.Or(m.aside, m.actual.Alias)}, After: []string{alias}}}
	return s
}

func (b *board) free(m *move) {
	for _, at := range m.leaves {
		if b.holder[at] == m.actual.ID {
			delete(b.holder, at)
		}
	}
}

// aside is before the alias of an object that is put aside.
const aside = "aside-"

// putAside adds steps that make m leave what it leaves, and then plans the rest of it anew.
func (b *board) putAside(m *move) {
	const why = "put aside, so that another can take its place"
	if m.rename && slices.Contains(m.leaves, namePlace(m.actual.Alias)) {
		b.steps = append(b.steps, m.renamed(aside+m.object.Key, why))
		m.aside = aside + m.object.Key
	}
	rest, before := m.changes, m.actual.Attributes
	m.changes = between(before, staying(before, m.leaves))
	after := patch(before, m.changes)
	if len(m.changes) > 0 {
		s := m.modify(patch(m.known.Applied, between(m.known.Applied, staying(m.known.Applied, m.leaves))))
		s.Why = why
		b.steps = append(b.steps, s)
	}
	target := Attributes{}
	for _, c := range rest {
		target[c.Attribute] = c.After
	}
	m.changes = between(after, target)
	b.free(m)
}

// staying returns the attributes with addresses, without those that are left.
func staying(a Attributes, leaves []place) Attributes {
	out := Attributes{}
	for _, name := range []string{AttrMail, AttrProxyAddresses} {
		out[name] = slices.DeleteFunc(slices.Clone(a[name]), func(v string) bool {
			return slices.Contains(leaves, addressPlace(proxyAddress(v)))
		})
	}
	return out
}

// create adds a creation, or reports what is in its way.
func (b *board) create(s Step) {
	places := minus(placesOf(s.Object.Alias, s.Attributes), nil)
	for _, at := range places {
		if id := b.holder[at]; id != "" && id != s.Actual.ID {
			s.Action, s.Why, s.Attributes = b.inTheWay(id), b.isUsed(at, id), nil
			b.report(s)
			return
		}
		if m := b.taker[at]; m != nil && m.state != moveBlocked {
			s.Action, s.Why, s.Attributes = ActConflict, at.String()+" will be "+m.object.Of, nil
			b.report(s)
			return
		}
	}
	for _, at := range places {
		b.holder[at] = s.Object.Key
	}
	b.who[s.Object.Key] = s.Object.Of
	b.steps = append(b.steps, s)
}
