package dms

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/directory"
)

// membership is what is to become of a group's members.
type membership struct {
	add, remove []directory.Ref
	want, have  map[string]directory.Ref // by key
	applied     map[string]bool          // keys that the group was last given
	came, went  []string                 // names of those that were changed without a record of it
	drift       []string                 // names of those that others added or removed, where that is only reported
	missing     []string                 // names of those whom the directory does not have
	left        string                   // why nobody is removed
	digest      string
	quiet       bool // the same were wanted and found when all was last on record: what came and went since has another name now
}

// The bounds within which members may be missing from the directory.
const (
	fewMissing   = 3
	missingShare = 5 // one in so many
)

// compare compares the members that a group should have with those it has and those it was
// last given. coming are those that are not there yet and will be, by address; rebuild puts
// back whoever has gone.
func (j *Job) compare(ctx context.Context, o *object, members []directory.Member, coming map[string]directory.Ref, rebuild bool) (*membership, error) {
	m := &membership{
		want: map[string]directory.Ref{}, have: map[string]directory.Ref{}, applied: map[string]bool{},
		digest: directory.MembersDigest(members),
	}
	if err := j.resolve(ctx, o, members, coming, m); err != nil {
		return nil, fmt.Errorf("look up the members of %s: %w", o.Of, err)
	}
	if n := len(m.missing); n > fewMissing && n*missingShare > len(members) {
		m.left = fmt.Sprintf("%d of its %d members are not in the directory: nobody was removed", n, len(members))
	}
	if o.there {
		refs, err := j.Publisher.Members(ctx, o.actual)
		if err != nil {
			return nil, fmt.Errorf("read the members of %s: %w", o.Of, err)
		}
		for _, r := range refs {
			m.have[r.Key] = r
		}
	}
	for _, key := range o.known.Applied[attrMember] {
		m.applied[key] = true
	}
	m.merge(j.Enforce, j.KeepForeignMembers, rebuild)
	if m.left != "" { // those who seem to be too many may be the ones who were not found
		m.remove, m.drift, m.came, m.went = nil, nil, nil, nil
	}
	return m, nil
}

// resolve finds those who are wanted in the directory. A group is never its own member.
func (j *Job) resolve(ctx context.Context, o *object, members []directory.Member, coming map[string]directory.Ref, m *membership) error {
	asked := members
	if o.there {
		asked = append(slices.Clone(members), directory.Member{Name: o.Of, ID: o.actual.ID})
	}
	if len(asked) == 0 {
		return nil
	}
	refs, err := j.Publisher.Resolve(ctx, asked)
	if err != nil {
		return err
	}
	for i, member := range members {
		r := refs[i]
		if r == (directory.Ref{}) {
			r = comes(member, coming)
		}
		if r == (directory.Ref{}) {
			m.missing = append(m.missing, member.Name)
			continue
		}
		m.want[r.Key] = r
	}
	slices.Sort(m.missing)
	m.quiet = o.known.Members == m.digest && slices.Equal(o.known.Missing, m.missing)
	if o.there {
		delete(m.want, refs[len(members)].Key)
	}
	return nil
}

// comes returns the object that a member will be, the zero Ref for none.
func comes(member directory.Member, coming map[string]directory.Ref) directory.Ref {
	for _, a := range member.Addresses {
		if r, ok := coming[strings.ToLower(a)]; ok {
			return r
		}
	}
	return directory.Ref{}
}

// merge decides what comes and goes. Where nothing is enforced, what others did stays.
func (m *membership) merge(enforce, keep, rebuild bool) {
	for _, key := range slices.Sorted(maps.Keys(m.want)) {
		r := m.want[key]
		_, has := m.have[key]
		switch {
		case has && !m.applied[key]:
			m.came = append(m.came, r.Name)
		case has:
		case enforce || rebuild || !m.applied[key]:
			m.add = append(m.add, r)
		default:
			m.drift = append(m.drift, r.Name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.have)) {
		r := m.have[key]
		_, wanted := m.want[key]
		switch {
		case wanted:
		case m.applied[key], enforce && !keep:
			m.remove = append(m.remove, r)
		case !keep:
			m.drift = append(m.drift, r.Name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.applied)) {
		_, wanted := m.want[key]
		if _, has := m.have[key]; !has && !wanted {
			m.went = append(m.went, key)
		}
	}
}

// steps returns what a plan says of the members.
func (m *membership) steps(o *object) (out []directory.Step) {
	step := func(a directory.Action, why string) directory.Step {
		return directory.Step{Action: a, Object: o.Object, Known: o.known, Actual: o.actual, Why: why}
	}
	if m.left != "" {
		out = append(out, step(directory.ActWait, m.left))
	}
	if len(m.add)+len(m.remove) > 0 {
		s := step(directory.ActMembers, "")
		s.Add, s.Remove = m.add, m.remove
		out = append(out, s)
	}
	if len(m.drift) > 0 {
		out = append(out, step(directory.ActDrift, m.drifted()))
	}
	return out
}

// maxNamed is how many members a sentence names.
const maxNamed = 5

func (m *membership) drifted() string {
	named := strings.Join(m.drift[:min(len(m.drift), maxNamed)], ", ")
	if more := len(m.drift) - maxNamed; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return "somebody added or removed members: " + named
}
