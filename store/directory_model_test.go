package store_test

import (
	"slices"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// modelled is a distribution group as the model has it.
type modelled struct {
	name, now      string
	orphan, traced bool
	last           *asked // the last request
}

// asked is a request as the model has it.
type asked struct {
	id           int64
	of           *modelled
	before, want string
	state        directory.RequestState
}

func (d *modelled) open() *asked {
	if d.last != nil && d.last.state.Open() {
		return d.last
	}
	return nil
}

// holder is who has a local part: a distribution group, or else whom name says.
type holder struct {
	of    *modelled
	name  string
	was   bool
	until time.Time
}

// model is what the distribution groups of a farm should be, as simply as can be.
type model struct {
	now                 time.Time
	groups              map[string]*modelled // of groups that there are; nil: no distribution group
	all                 []*modelled
	owners              map[string]holder
	libraries           map[string]string // their local parts
	waits               map[string]bool   // what needs an approval: create, rename, delete
	grace, keep, expire time.Duration
}

func newModel(now time.Time) *model {
	return &model{
		now: now, groups: map[string]*modelled{"team": nil, "crew": nil}, owners: map[string]holder{}, libraries: map[string]string{},
		waits: map[string]bool{"create": true, "rename": true, "delete": true}, grace: 30 * day, expire: 30 * day,
	}
}

func (m *model) free(local string, of *modelled, name string) bool {
	h, ok := m.owners[local]
	return !ok || h.of != nil && h.of == of || h.was && (h.name == name || !h.until.After(m.now))
}

func (m *model) giveUp(local string) {
	h := m.owners[local]
	delete(m.owners, local)
	if m.keep > 0 {
		if h.of != nil {
			h.name = h.of.name
		}
		m.owners[local] = holder{name: h.name, was: true, until: m.now.Add(m.keep)}
	}
}

// unreserve frees what was only asked for.
func (m *model) unreserve(d *modelled, local, keep string) {
	if h := m.owners[local]; local != "" && local != d.now && local != keep && h.of == d && h.until.IsZero() {
		delete(m.owners, local)
	}
}

// kind is what a request asks for.
func (r *asked) kind() string {
	switch {
	case r.before == "":
		return "create"
	case r.want == "":
		return "delete"
	}
	return "rename"
}

func (m *model) insert(d *modelled, want string) {
	d.last = &asked{of: d, before: d.now, want: want, state: directory.Pending}
	m.byPolicy(d.last)
}

func (m *model) byPolicy(r *asked) {
	if !m.waits[r.kind()] {
		m.approve(r)
	}
}

func (m *model) approve(r *asked) {
	d := r.of
	r.state, d.now = directory.Approved, r.want
	if r.want == "" {
		return
	}
	m.owners[r.want] = holder{of: d}
	if r.before != "" {
		m.owners[r.before] = holder{of: d, until: m.now.Add(m.grace)}
	}
}

// ends ends a request that changed nothing.
func (m *model) ends(r *asked, state directory.RequestState) {
	r.state = state
	m.unreserve(r.of, r.want, "")
	m.tidy(r.of)
}

// tidy forgets a distribution group that nobody needs.
func (m *model) tidy(d *modelled) {
	if d.now != "" || d.traced || d.open() != nil || d.last != nil && d.last.state == directory.Failed && !d.orphan {
		return
	}
	for local, h := range m.owners {
		if h.of == d {
			m.giveUp(local)
		}
	}
	m.all = slices.DeleteFunc(m.all, func(other *modelled) bool { return other == d })
	for name, of := range m.groups {
		if of == d {
			m.groups[name] = nil
		}
	}
}

func (m *model) ask(group, local string) error {
	d := m.groups[group]
	if d == nil {
		d = &modelled{name: "group " + group}
	}
	open := d.open()
	switch {
	case open != nil && open.want == local:
		return nil
	case open != nil && (open.state == directory.Approved || open.want == ""):
		return fault.ErrConflict
	case open != nil && d.now == local:
		return fault.ErrInvalid
	case open == nil && d.now == local:
		return nil
	case !m.free(local, d, d.name):
		return fault.ErrConflict
	}
	h, has := m.owners[local]
	if !has || h.of != d {
		m.owners[local] = holder{of: d}
	}
	if m.groups[group] == nil {
		m.groups[group] = d
		m.all = append(m.all, d)
	}
	if open == nil {
		m.insert(d, local)
		return nil
	}
	was := open.want
	open.want = local
	m.unreserve(d, was, local)
	m.byPolicy(open)
	return nil
}

func (m *model) askEnd(group string) error {
	d := m.groups[group]
	if d == nil {
		return nil
	}
	open := d.open()
	switch {
	case open != nil && open.want == "":
		return nil
	case open != nil && open.state == directory.Approved:
		return fault.ErrConflict
	case open != nil:
		m.ends(open, directory.Cancelled)
	}
	if d.now != "" {
		m.insert(d, "")
	}
	return nil
}

func (m *model) decide(r *asked, to directory.RequestState) error {
	switch {
	case to == directory.Approved && r.state == directory.Failed:
		if r.want != "" && !m.free(r.want, r.of, r.of.name) {
			return fault.ErrConflict
		}
		m.approve(r)
		return nil
	case r.state != directory.Pending:
		return fault.ErrConflict
	case to == directory.Approved:
		m.approve(r)
		return nil
	case r.of.orphan:
		return fault.ErrConflict
	}
	m.ends(r, to)
	return nil
}

// record is the job's word on an approved request.
func (m *model) record(r *asked, to directory.RequestState) {
	if r.state != directory.Approved {
		return
	}
	d := r.of
	if r.state = to; to == directory.Applied {
		d.traced = r.want != ""
		m.tidy(d)
		return
	}
	d.now = r.before
	m.unreserve(d, r.want, "")
	if d.now != "" {
		m.owners[d.now] = holder{of: d}
	}
}

func (m *model) remove(group string) error {
	d, ok := m.groups[group]
	if !ok {
		return fault.ErrNotFound
	}
	delete(m.groups, group)
	if d == nil {
		return nil
	}
	d.orphan = true
	if open := d.open(); open != nil {
		if open.want == "" {
			return nil
		}
		m.ends(open, directory.Cancelled)
	}
	if d.now == "" {
		m.tidy(d)
	} else {
		m.insert(d, "")
	}
	return nil
}

// pass lets time pass, and then tidies.
func (m *model) pass(d time.Duration, asked map[*asked]time.Time) {
	m.now = m.now.Add(d)
	for _, of := range slices.Clone(m.all) {
		if open := of.open(); open != nil && open.state == directory.Pending && !of.orphan && !asked[open].Add(m.expire).After(m.now) {
			m.ends(open, directory.Cancelled)
		}
	}
	for local, h := range m.owners {
		switch {
		case h.until.IsZero() || h.until.After(m.now) || h.of != nil && h.of.open() != nil:
		case h.was:
			delete(m.owners, local)
		default:
			m.giveUp(local)
		}
	}
}
