package store_test

import (
	"slices"
	"strings"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// modelled is a distribution group as the model has it.
type modelled struct {
	client, name   string
	now            shows
	orphan, traced bool
	last           *asked // the last request
}

// shows are properties of a distribution group; without a local part there is none.
type shows struct{ local, title string }

// asked is a request as the model has it.
type asked struct {
	id           int64
	of           *modelled
	before, want shows
	state        directory.RequestState
}

// owner names it as who has, or had, a local part.
func (d *modelled) owner() string {
	if d.client != "" {
		return d.name + " (" + d.client + ")"
	}
	return d.name
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
	libraries           map[string]string   // their local parts
	waits               map[string]bool     // what needs an approval
	members             map[string][]string // of groups that there are
	prefix              string
	key                 func(*modelled) string // as the catalog has it
	grace, keep, expire time.Duration
}

func newModel(now time.Time) *model {
	return &model{
		now: now, groups: map[string]*modelled{"team": nil, "crew": nil}, owners: map[string]holder{}, libraries: map[string]string{},
		members: map[string][]string{},
		waits:   map[string]bool{"create": true, "rename": true, "modify": false, "delete": true}, grace: 30 * day, expire: 30 * day,
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
			h.name = h.of.owner()
		}
		m.owners[local] = holder{name: h.name, was: true, until: m.now.Add(m.keep)}
	}
}

// unreserve frees what was only asked for.
func (m *model) unreserve(d *modelled, local, keep string) {
	if h := m.owners[local]; local != "" && local != d.now.local && local != keep && h.of == d && h.until.IsZero() {
		delete(m.owners, local)
	}
}

// needsApproval says whether a request needs an approval.
func (m *model) needsApproval(r *asked) bool {
	switch {
	case r.before.local == "":
		return m.waits["create"]
	case r.want.local == "":
		return m.waits["delete"]
	}
	return r.before.local != r.want.local && m.waits["rename"] || r.before.title != r.want.title && m.waits["modify"]
}

func (m *model) insert(d *modelled, want shows) {
	d.last = &asked{of: d, before: d.now, want: want, state: directory.Pending}
	m.byPolicy(d.last)
}

func (m *model) byPolicy(r *asked) {
	if !m.needsApproval(r) {
		m.approve(r)
	}
}

func (m *model) approve(r *asked) {
	d := r.of
	r.state, d.now = directory.Approved, r.want
	if r.want.local == "" {
		return
	}
	m.rename(d)
	if m.owners[r.want.local].of != d {
		m.owners[r.want.local] = holder{of: d}
	}
	if r.before.local != "" && r.before.local != r.want.local {
		m.owners[r.before.local] = holder{of: d, until: m.now.Add(m.grace)}
	}
}

// rename names a distribution group of another farm after its local part.
func (m *model) rename(d *modelled) {
	if d.client != "" && d.now.local != "" {
		d.name = "group " + d.now.local + " of another farm"
	}
}

// ends ends a request that changed nothing.
func (m *model) ends(r *asked, state directory.RequestState) {
	r.state = state
	m.unreserve(r.of, r.want.local, "")
	m.tidy(r.of)
}

// tidy forgets a distribution group that nobody needs.
func (m *model) tidy(d *modelled) {
	if d.now.local != "" || d.traced || d.open() != nil || d.last != nil && d.last.state == directory.Failed && !d.orphan {
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

// ask asks for something of the distribution group of a group.
func (m *model) ask(group string, want shows) error {
	d, ok := m.groups[group]
	switch {
	case !ok:
		return fault.ErrNotFound
	case d == nil && want.local == "":
		return nil
	case d == nil:
		d = &modelled{name: "group " + group}
	}
	return m.askOf(d, want)
}

// askFarm asks for something of the distribution group that has an alias, or is to have it.
func (m *model) askFarm(client, alias string, want shows) error {
	d := m.owners[alias].of
	if d != nil && (d.client == "" || alias != d.now.local && (d.open() == nil || d.open().want.local != alias)) {
		d = nil
	}
	switch {
	case d == nil && want.local != alias:
		return fault.ErrNotFound
	case d == nil:
		d = m.failed(client, "group "+alias+" of another farm")
	case d.client != client:
		return directory.ErrAccess
	}
	return m.askOf(d, want)
}

// failed returns the distribution group that the directory could not take, or a new one.
func (m *model) failed(client, name string) *modelled {
	found := &modelled{client: client, name: name}
	for _, d := range m.all {
		if d.client == client && d.name == name && d.now.local == "" && d.open() == nil && (found.last == nil || m.key(d) < m.key(found)) {
			found = d
		}
	}
	return found
}

func (m *model) askOf(d *modelled, want shows) error {
	if want.local == "" {
		return m.askEnd(d)
	}
	open := d.open()
	switch {
	case open != nil && open.want == want:
		return nil
	case open != nil && (open.state == directory.Approved || open.want.local == ""):
		return fault.ErrConflict
	case open != nil && d.now == want:
		return fault.ErrInvalid
	case open == nil && d.now == want:
		return nil
	case !m.free(want.local, d, d.owner()):
		return fault.ErrConflict
	}
	if h, has := m.owners[want.local]; !has || h.of != d {
		m.owners[want.local] = holder{of: d}
	}
	if !slices.Contains(m.all, d) {
		m.all = append(m.all, d)
		if d.client == "" {
			m.groups[strings.TrimPrefix(d.name, "group ")] = d
		}
	}
	if open == nil {
		m.insert(d, want)
		return nil
	}
	was := open.want.local
	open.want = want
	m.unreserve(d, was, want.local)
	m.byPolicy(open)
	return nil
}

func (m *model) askEnd(d *modelled) error {
	open := d.open()
	switch {
	case open != nil && open.want.local == "":
		return nil
	case open != nil && open.state == directory.Approved:
		return fault.ErrConflict
	case open != nil:
		m.ends(open, directory.Cancelled)
	}
	if d.now.local != "" {
		m.insert(d, shows{title: d.now.title})
	}
	return nil
}

func (m *model) decide(r *asked, to directory.RequestState) error {
	switch {
	case to == directory.Approved && r.state == directory.Failed:
		if r.want.local != "" && !m.free(r.want.local, r.of, r.of.owner()) {
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
		if d.traced = r.want.local != ""; d.traced {
			m.owners[r.want.local] = holder{of: d}
		}
		m.tidy(d)
		return
	}
	d.now = r.before
	m.rename(d)
	m.unreserve(d, r.want.local, "")
	if d.now.local != "" {
		m.owners[d.now.local] = holder{of: d}
	}
}

func (m *model) remove(group string) error {
	d, ok := m.groups[group]
	if !ok {
		return fault.ErrNotFound
	}
	delete(m.groups, group)
	delete(m.members, group)
	for of, members := range m.members {
		m.members[of] = slices.DeleteFunc(members, func(name string) bool { return name == "group:"+group })
	}
	if d == nil {
		return nil
	}
	d.orphan = true
	if open := d.open(); open != nil {
		if open.want.local == "" {
			return nil
		}
		m.ends(open, directory.Cancelled)
	}
	if d.now.local == "" {
		m.tidy(d)
	} else {
		m.insert(d, shows{title: d.now.title})
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
