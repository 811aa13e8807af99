package directory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Only one object may have a name or an address: what one takes, another may first have to
// give up. A place is such a name or address, folded.
type place string

func namePlace(alias string) place { return place("alias " + foldASCII(alias)) }

func addressPlace(a string) place { return place("address " + foldASCII(a)) }

func (p place) String() string {
	_, what, _ := strings.Cut(string(p), " ")
	return what
}

// traffic is what a move takes from others and leaves to others.
type traffic struct {
	takes, leaves []place
	state         moveState
	waits         []*move // that take what this one leaves
}

type moveState int

const (
	moveAhead   moveState = iota
	moveBlocked           // reported instead
	moveUnderWay
	moveDone
)

// placesOf returns the places that an object with this alias and these attributes has.
func placesOf(alias string, a Attributes) map[place]bool {
	out := map[place]bool{namePlace(alias): true}
	for _, v := range a[AttrMail] {
		out[addressPlace(v)] = true
	}
	for _, v := range a[AttrProxyAddresses] {
		if proxyAddress(v) != "" {
			out[addressPlace(proxyAddress(v))] = true
		}
	}
	return out
}

// minus returns the places in a that are not in b, in order.
func minus(a, b map[place]bool) []place {
	var out []place
	for _, at := range slices.Sorted(maps.Keys(a)) {
		if !b[at] {
			out = append(out, at)
		}
	}
	return out
}

// board says who has which place while steps are put in order.
type board struct {
	*planner
	holder map[place]string // IDs; of what is created, its key
	moveOf map[string]*move // by ID
	taker  map[place]*move  // that will have it
	who    map[string]string
	steps  []Step
}

func (p *planner) newBoard() *board {
	b := &board{
		planner: p, holder: map[place]string{}, moveOf: map[string]*move{}, taker: map[place]*move{}, who: map[string]string{},
	}
	deleted := map[string]bool{}
	for _, s := range p.deletes {
		deleted[s.Actual.ID] = true
	}
	for _, ours := range []bool{true, false} {
		for _, a := range p.found {
			if p.matched[a.ID] != ours || deleted[a.ID] {
				continue
			}
			b.who[a.ID] = a.Where
			for at := range placesOf(a.Alias, a.Attributes) {
				if b.holder[at] == "" {
					b.holder[at] = a.ID
				}
			}
		}
	}
	for _, m := range p.moves {
		b.moveOf[m.actual.ID] = m
		alias := m.actual.Alias
		if m.rename {
			alias = m.object.Alias
		}
		before := placesOf(m.actual.Alias, m.actual.Attributes)
		after := placesOf(alias, patch(m.actual.Attributes, m.changes))
		m.takes, m.leaves = minus(after, before), minus(before, after)
	}
	return b
}

// block reports the moves that cannot be done because somebody has what they take and does
// not leave it, and those that wait for such ones.
func (b *board) block() {
	var blocked []*move
	refuse := func(m *move, a Action, why string) {
		if m.state != moveBlocked {
			m.state = moveBlocked
			blocked = append(blocked, m)
			b.report(m.step(a, why))
		}
	}
	for _, m := range b.moves {
		for _, at := range m.takes {
			if other := b.taker[at]; other != nil {
				refuse(m, ActConflict, fmt.Sprintf("%s will be %s", at, other.object.Of))
				continue
			}
			b.taker[at] = m
			id := b.holder[at]
			if id == "" || id == m.actual.ID {
				continue
			}
			if other := b.moveOf[id]; other != nil && slices.Contains(other.leaves, at) {
				other.waits = append(other.waits, m)
				continue
			}
			refuse(m, b.inTheWay(id), b.isUsed(at, id))
		}
	}
	for ; len(blocked) > 0; blocked = blocked[1:] {
		for _, m := range blocked[0].waits {
			refuse(m, ActWait, "it waits for "+blocked[0].object.Of)
		}
	}
}

func (b *board) inTheWay(id string) Action {
	if m := b.moveOf[id]; b.waiting[id] || m != nil && m.state == moveBlocked {
		return ActWait
	}
	return ActConflict
}

func (b *board) isUsed(at place, id string) string {
	return fmt.Sprintf("%s is in use by %s", at, b.who[id])
}
