package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// planner makes one plan.
type planner struct {
	PlanOptions
	found    []Actual
	byID     map[string]Actual
	byMarker map[string][]Actual // found with the marker of an object, by its key
	wanted   map[string]bool     // keys
	of       map[string]Known    // by key: of all that the catalog knows
	keyOf    map[string]string   // by the ID of what is known to be there
	known    int                 // how many that are
	matched  map[string]bool     // IDs of what was found for an object
	waiting  map[string]bool     // IDs of what is not touched for now

	reports []Step
	deletes []Step
	forgets []Step
	moves   []*move
	creates []Step
}

func newPlanner(wanted []Wanted, gone []Known, found []Actual, o PlanOptions) *planner {
	p := &planner{
		PlanOptions: o, byID: map[string]Actual{}, byMarker: map[string][]Actual{}, wanted: map[string]bool{},
		of: map[string]Known{}, keyOf: map[string]string{}, matched: map[string]bool{}, waiting: map[string]bool{},
	}
	note := func(k Known) {
		p.of[k.Key] = k
		if k = p.here(k); k.ID != "" {
			p.keyOf[k.ID] = k.Key
		}
	}
	for _, k := range gone {
		note(k)
	}
	for _, w := range wanted {
		p.wanted[w.Object.Key] = true
		w.Known.Key, w.Known.Of = w.Object.Key, w.Object.Of
		note(w.Known)
	}
	p.known = len(p.keyOf)
	for _, a := range found {
		if _, twice := p.byID[a.ID]; twice {
			continue
		}
		p.byID[a.ID] = a
		p.found = append(p.found, a)
		if m, err := ParseMarker(a.Marker); err == nil && m.Installation == o.Installation {
			p.byMarker[m.Key] = append(p.byMarker[m.Key], a)
		}
	}
	return p
}

// here returns what is known of an object in this directory: nothing where it was in
// another one.
func (p *planner) here(k Known) Known {
	if k.Backend != p.Backend && (k.Backend != "" || k.ID != "") {
		return Known{}
	}
	return k
}

// elsewhere says what becomes of an object in the directory that was used before; "" where
// it was not there.
func (p *planner) elsewhere(k Known) string {
	if k.ID == "" || p.here(k).ID != "" {
		return ""
	}
	return fmt.Sprintf("it stays in the directory that was used before (%s): %s", k.Backend, cmp.Or(k.Where, k.Alias))
}

// want plans for an object that is wanted.
func (p *planner) want(w Wanted) {
	k := p.here(w.Known)
	a, there := p.byID[k.ID]
	if w.Frozen {
		p.matched[k.ID] = there
		return
	}
	if !there {
		p.absent(w.Object, k)
		return
	}
	p.matched[a.ID] = true
	if why := p.disowned(a, w.Object.Kind, w.Object.Key); why != "" {
		p.report(Step{Action: ActForeign, Object: w.Object, Known: k, Actual: a, Why: why})
		return
	}
	if !a.InPlace && !a.Below {
		p.report(Step{Action: ActMoved, Object: w.Object, Known: k, Actual: a, Why: "somebody moved it to " + a.Where})
		return
	}
	p.follow(w.Object, k, a)
}

// disowned says why an object that we once made is not ours any more.
func (p *planner) disowned(a Actual, kind Kind, key string) string {
	switch {
	case a.Marker == "":
		return "somebody removed our marker"
	case a.Marker != (Marker{Installation: p.Installation, Kind: kind, Key: key}).String():
		return "somebody changed our marker"
	case a.Kind != kind:
		return fmt.Sprintf("it is no %s any more", kind)
	}
	return ""
}

// absent plans for an object that is wanted and was not found by its ID.
func (p *planner) absent(o Object, k Known) {
	rest := p.strays(o.Key, o.Kind)
	s := Step{Action: ActCreate, Object: o, Known: k, Why: p.elsewhere(p.of[o.Key])}
	at := slices.IndexFunc(rest, func(a Actual) bool { return a.InPlace && sameAlias(a.Alias, o.Alias) })
	switch {
	case at >= 0:
		s.Actual, s.Why = rest[at], "it is there already: what was written of it was not recorded"
		p.matched[s.Actual.ID] = true
	case k.ID == "" && len(rest) == 1:
		p.matched[rest[0].ID] = true
		k.Applied = p.asCreated(rest[0])
		p.follow(o, k, rest[0])
		return
	case k.ID == "" && len(rest) > 1:
		s.Action, s.Why = ActConflict, "several objects have its marker: delete all but one, or their markers"
	case k.ID != "" && !p.Enforce && !p.Rebuild:
		s.Action, s.Why = ActDrift, "somebody deleted it"
	case k.ID != "":
		s.Why = "somebody deleted it"
	}
	p.create(s)
}

// asCreated returns what was applied of an object whose creation was not recorded: nobody has
// written to it since, as far as we know.
func (p *planner) asCreated(a Actual) Attributes {
	applied := Attributes{}
	for _, name := range Managed(a.Kind, p.Mode) {
		if values, ok := a.Attributes[name]; ok {
			applied[name] = values
		}
	}
	return applied
}

// create plans a creation, or reports why there is none.
func (p *planner) create(s Step) {
	err := CheckAlias(s.Object.Alias)
	switch {
	case s.Action != ActCreate:
		p.report(s)
	case err != nil:
		s.Action, s.Why = ActInvalid, err.Error()
		p.report(s)
	case p.Now.Before(s.Known.Next):
		s.Action, s.Why = ActWait, s.Known.Trouble
		p.waiting[s.Actual.ID] = true
		p.report(s)
	default:
		s.Attributes = s.Object.Attributes(p.Mode, p.Managers[s.Object.Key])
		p.creates = append(p.creates, s)
	}
}

// strays returns what was found with the marker of an object, of its kind, and is not known
// to be another one.
func (p *planner) strays(key string, kind Kind) []Actual {
	var out []Actual
	for _, a := range p.byMarker[key] {
		_, known := p.keyOf[a.ID]
		if !known && p.disowned(a, kind, key) == "" && (a.InPlace || a.Below) {
			out = append(out, a)
		}
	}
	return out
}

// drop plans for an object that is not wanted any more.
func (p *planner) drop(k Known) {
	o := Object{Key: k.Key, Kind: k.Kind, Of: k.Of, Alias: k.Alias}
	s := Step{Action: ActDelete, Object: o, Known: k}
	k = p.here(k)
	a, there := p.byID[k.ID]
	if rest := p.strays(o.Key, o.Kind); k.ID == "" && len(rest) == 1 {
		a, there = rest[0], true
	}
	if !there {
		s.Action, s.Why = ActForget, cmp.Or(p.elsewhere(s.Known), "it is not in the directory")
		p.forgets = append(p.forgets, s)
		return
	}
	p.matched[a.ID] = true
	s.Actual = a
	why := p.disowned(a, o.Kind, o.Key)
	switch {
	case why != "":
		s.Action, s.Why = ActForget, why+": it stays"
		p.forgets = append(p.forgets, s)
	case !a.InPlace && !a.Below:
		s.Action, s.Why = ActMoved, "it is to be deleted, but somebody moved it to "+a.Where
		p.report(s)
	case p.Now.Before(k.Next):
		s.Action, s.Why = ActWait, k.Trouble
		p.waiting[a.ID] = true
		p.report(s)
	default:
		p.deletes = append(p.deletes, s)
	}
}

// others reports what has our marker and is no object that we know by its ID.
func (p *planner) others() {
	for _, a := range p.found {
		m, err := ParseMarker(a.Marker)
		if p.matched[a.ID] || err != nil || m.Installation != p.Installation {
			continue
		}
		s := Step{Action: ActUnknown, Object: Object{Key: m.Key, Kind: m.Kind, Alias: a.Alias}, Actual: a, Why: "nobody here knows it"}
		if k, ok := p.of[m.Key]; ok {
			s.Action, s.Known, s.Object.Of = ActCopy, k, k.Of
			s.Why = "it has the marker of another object"
		}
		p.report(s)
	}
}

func (p *planner) report(s Step) { p.reports = append(p.reports, s) }

func sameAlias(a, b string) bool { return strings.EqualFold(a, b) }
