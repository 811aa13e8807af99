package directory

import "strings"

// move is what is planned for an object that is there.
type move struct {
	object     Object
	known      Known
	actual     Actual
	attributes Attributes // as they are wanted
	rename     bool
	aside      string // the alias under which it was put aside; "": it was not
	changes    []Change
	why        string
	traffic
}

// follow plans for an object of ours that is wanted and is there.
func (p *planner) follow(o Object, k Known, a Actual) {
	m := &move{object: o, known: k, actual: a, attributes: o.Attributes(p.Mode, p.Managers[o.Key])}
	m.rename = a.Below || !sameAlias(a.Alias, o.Alias)
	m.changes = Diff(m.attributes, k.Applied, a.Attributes)

	moved := m.rename && sameAlias(k.Alias, o.Alias)
	ours, theirs := split(m.changes, m.attributes, k.Applied)
	m.why = drift(moved, theirs, a)
	if m.why != "" && !p.Enforce {
		p.report(Step{Action: ActDrift, Object: o, Known: k, Actual: a, Changes: theirs, Why: m.why})
		m.rename, m.changes, m.why = m.rename && !moved, ours, ""
	}
	if m.rename || len(m.changes) > 0 {
		p.keep(m)
	}
}

// keep plans m, or reports why it may not be done.
func (p *planner) keep(m *move) {
	if p.Now.Before(m.known.Next) {
		p.waiting[m.actual.ID] = true
		p.report(m.step(ActWait, m.known.Trouble))
		return
	}
	if err := CheckAlias(m.object.Alias); m.rename && err != nil {
		p.report(m.step(ActInvalid, err.Error()))
		return
	}
	p.moves = append(p.moves, m)
}

func (m *move) step(a Action, why string) Step {
	return Step{Action: a, Object: m.object, Known: m.known, Actual: m.actual, Why: why}
}

// split tells the changes that we want from those that set right what others did.
func split(changes []Change, wanted, applied Attributes) (ours, theirs []Change) {
	for _, c := range changes {
		if sameValues(c.Attribute, wanted[c.Attribute], applied[c.Attribute]) {
			theirs = append(theirs, c)
		} else {
			ours = append(ours, c)
		}
	}
	return ours, theirs
}

// drift says what others did to an object; "" is nothing.
func drift(moved bool, theirs []Change, a Actual) string {
	var did []string
	if moved {
		did = append(did, "somebody renamed or moved it: it is "+a.Where)
	}
	if len(theirs) > 0 {
		names := make([]string, len(theirs))
		for i, c := range theirs {
			names[i] = c.Attribute
		}
		did = append(did, "somebody changed "+strings.Join(names, ", "))
	}
	return strings.Join(did, "; ")
}
