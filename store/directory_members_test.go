package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
)

// set gives a group other members, by their names.
func (m *model) set(group string, members []string) error {
	if _, ok := m.groups[group]; !ok {
		return fault.ErrNotFound
	}
	for _, name := range members {
		of, isGroup := strings.CutPrefix(name, "group:")
		if _, ok := m.groups[of]; isGroup && !ok {
			return fault.ErrNotFound
		}
	}
	for _, name := range members {
		if of, isGroup := strings.CutPrefix(name, "group:"); isGroup && of != group && m.within(group, of, map[string]bool{}) {
			return fault.ErrConflict
		}
	}
	m.members[group] = members
	return nil
}

// within reports whether a group is in another, by whatever way.
func (m *model) within(group, other string, seen map[string]bool) bool {
	if seen[other] {
		return false
	}
	seen[other] = true
	for _, name := range m.members[other] {
		of, isGroup := strings.CutPrefix(name, "group:")
		if isGroup && (of == group || m.within(group, of, seen)) {
			return true
		}
	}
	return false
}

// published returns what the directory is to show: what each object is, by whose it is.
func (m *model) published() map[string]string {
	all := map[string]string{}
	for name, local := range m.libraries {
		all["library "+name] = fmt.Sprint(m.prefix+local, false, []string{local}, []string{})
	}
	all["library in"] = fmt.Sprint(m.prefix+"in", false, []string{"in"}, []string{})
	for _, d := range m.all {
		if d.now.local == "" {
			continue
		}
		alias, members := d.now.local, []string{}
		if d.client == "" {
			alias = m.prefix + alias
		}
		if d.client == "" && !d.orphan {
			found := map[string]bool{}
			m.expand(d, strings.TrimPrefix(d.name, "group "), found, map[string]bool{})
			members = slices.Sorted(maps.Keys(found))
		}
		all[m.key(d)] = fmt.Sprint(alias, d.orphan, m.addressesOf(d), members)
	}
	return all
}

// addressesOf are the local parts that a distribution group has mail for: its own, then the
// others.
func (m *model) addressesOf(d *modelled) []string {
	var former []string
	for local, h := range m.owners {
		if h.of == d && local != d.now.local && h.until.After(m.now) {
			former = append(former, local)
		}
	}
	slices.Sort(former)
	return append([]string{d.now.local}, former...)
}

// expand collects who is in a group, as members of d.
func (m *model) expand(d *modelled, group string, found, seen map[string]bool) {
	if seen[group] {
		return
	}
	seen[group] = true
	for _, name := range m.members[group] {
		if of, isGroup := strings.CutPrefix(name, "group:"); isGroup {
			switch inner := m.groups[of]; {
			case inner == d:
			case inner != nil && inner.now.local != "":
				found[m.key(inner)] = true
			default:
				m.expand(d, of, found, seen)
			}
			continue
		}
		local, _, _ := strings.Cut(strings.TrimPrefix(name, "address:"), "@")
		switch h := m.owners[local]; {
		case !strings.HasSuffix(name, "@case.test"):
			found[name] = true
		case h.of == d && d != nil && m.works(local):
		case m.works(local) && h.of != nil:
			found[m.key(h.of)] = true
		case m.works(local):
			found[h.name] = true
		default:
			found[name] = true
		}
	}
}

// works reports whether a local part is one of something that is published.
func (m *model) works(local string) bool {
	h, ok := m.owners[local]
	switch {
	case !ok || h.was:
		return false
	case h.of == nil:
		return true
	}
	return h.of.now.local == local || h.of.now.local != "" && h.until.After(m.now)
}

func (w *walk) stepMembers(group string) (got, want error) {
	all := []string{
		"user:alice", "user:bob", "group:team", "group:crew", "group:band", "address:a@case.test", "address:b@case.test", "address:x@elsewhere.test",
	}
	w.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all = all[:w.rnd.IntN(5)]
	w.did = fmt.Sprint("members of ", group, all)
	got = w.SetGroup(w.Context(), group, func(g *access.Group) error {
		g.Members = nil
		for _, name := range all {
			g.Members = append(g.Members, must(access.ParsePrincipal(name)))
		}
		return nil
	})
	return got, w.model.set(group, slices.Clone(all))
}

// comparePublished compares what is wanted in the directory.
func (w *walk) comparePublished() {
	w.Helper()
	st := must(w.WantedObjects(w.Context(), []string{"case.test"}))
	ofKey, got := map[string]string{}, map[string]string{}
	for _, o := range st.Objects {
		ofKey[o.Object.Addresses[0]] = o.Object.Key
		if strings.HasPrefix(o.Object.Of, "library ") {
			ofKey[o.Object.Addresses[0]] = o.Object.Of
		}
	}
	for _, o := range st.Objects {
		locals, members := []string{}, []string{}
		for _, a := range o.Object.Addresses {
			locals = append(locals, strings.TrimSuffix(a, "@case.test"))
		}
		for _, m := range o.Object.Members {
			name := m.Name
			if len(m.Addresses) > 0 && ofKey[m.Addresses[0]] != "" {
				name = ofKey[m.Addresses[0]]
			}
			members = append(members, name)
		}
		slices.Sort(members)
		got[ofKey[o.Object.Addresses[0]]] = fmt.Sprint(o.Object.Alias, o.Frozen, locals, members)
	}
	if diff := cmp.Diff(w.model.published(), got); diff != "" {
		w.Errorf("%s: objects (-want +got):\n%s", w.did, diff)
	}
}
