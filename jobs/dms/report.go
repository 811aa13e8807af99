package dms

import (
	"cmp"
	"maps"

	"mailchute/pkg/directory"
)

// report is something that a person should look at.
type report struct {
	about  string // an object, by Of, or by ID where the catalog does not know it
	where  string
	action directory.Action
	why    string
}

// noted reports whether a step is none that changes something, and notes what it says.
func (p *pass) noted(o *object, s directory.Step) bool {
	switch s.Action {
	case directory.ActConflict:
		o.cannot(directory.ObjectConflict, s.Why)
	case directory.ActForeign:
		o.cannot(directory.ObjectForeign, s.Why)
	case directory.ActInvalid:
		o.cannot(directory.ObjectFailed, s.Why)
	case directory.ActMoved:
		o.cannot("", s.Why)
	case directory.ActDrift:
		o.wrong(s.Why)
	case directory.ActWait:
		p.waits(o, s.Why)
	case directory.ActUnknown, directory.ActCopy:
	case directory.ActCreate, directory.ActRename, directory.ActModify, directory.ActMembers, directory.ActDelete, directory.ActForget:
		return s.Action == directory.ActMembers // which are compared later
	}
	p.say(cmp.Or(s.Object.Of, s.Actual.ID), cmp.Or(s.Actual.Where, s.Known.Where), s.Action, s.Why)
	return true
}

// cannot says that nothing can be done with an object.
func (o *object) cannot(state directory.ObjectState, why string) {
	if o != nil {
		o.stuck, o.state = true, state
		o.wrong(why)
	}
}

// wrong notes what is wrong with an object.
func (o *object) wrong(why string) {
	if o != nil {
		o.trouble = append(o.trouble, why)
	}
}

// waits notes that nothing is done with an object in this run.
func (p *pass) waits(o *object, why string) {
	if o == nil {
		return
	}
	o.stuck, o.waiting = true, why
	if !o.known.Next.IsZero() {
		p.later(o.known.Next)
	}
}

// say keeps what a person should look at until the end of the run.
func (p *pass) say(about, where string, a directory.Action, why string) {
	p.reports = append(p.reports, report{about, where, a, why})
}

// sentences are what the log says; the words of others stand in fields.
var sentences = map[directory.Action]string{
	directory.ActConflict: "Something else in the directory has the name or an address of this object: it was left alone.",
	directory.ActForeign:  "This object is not mailchute's any more: it was left alone.",
	directory.ActMoved:    "Somebody moved this object out of its container: it was left alone.",
	directory.ActUnknown:  "The directory has an object of this installation that the catalog does not know: it was left alone.",
	directory.ActCopy:     "Somebody copied an object of mailchute's: the copy was left alone.",
	directory.ActDrift:    "Somebody changed this object: it was left as it is.",
	directory.ActInvalid:  "This object cannot be in the directory as it is.",
	directory.ActWait:     "This object is not as it should be.",
}

// report logs what a person should look at, once while it stays the same. Of a run that did
// not come to its end, what was said before still holds.
func (p *pass) report(ended bool) {
	now := map[report]bool{}
	for _, r := range p.reports {
		said := report{about: r.about, why: r.why}
		if !p.said[said] && !now[said] {
			p.Log.Warn().Str("object", r.about).Str("where", r.where).Str("action", string(r.action)).Str("why", r.why).
				Msg(cmp.Or(sentences[r.action], "The directory did not take a change of this object."))
		}
		now[said] = true
	}
	if !ended {
		maps.Copy(now, p.said)
	}
	p.said = now
}
