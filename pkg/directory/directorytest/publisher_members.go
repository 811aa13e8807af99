package directorytest

import (
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
)

func alice() directory.Member {
	return directory.Member{Name: "user:alice", Addresses: []string{"ALICE@corp.example"}, Login: "alice"}
}

func carol() directory.Member {
	return directory.Member{Name: "user:carol", Addresses: []string{"carol@corp.example"}, Login: "carol"}
}

// has checks who the members of a group are.
func (p *publishing) has(group directory.Actual, want ...directory.Ref) {
	p.Helper()
	refs, err := p.Publisher.Members(p.Context(), group)
	if err != nil {
		p.Fatal(err)
	}
	for _, r := range refs {
		if r.Name == "" {
			p.Errorf("got %+v, want a name", r)
		}
	}
	if diff := gocmp.Diff(keys(want), keys(refs)); diff != "" {
		p.Errorf("members of %s (-want +got):\n%s", group.Where, diff)
	}
}

// keys returns the keys of members, sorted.
func keys(refs []directory.Ref) []string {
	all := []string{}
	for _, r := range refs {
		all = append(all, r.Key)
	}
	slices.Sort(all)
	return all
}

// sets changes the members of a group, twice: what is done is done.
func (p *publishing) sets(group directory.Actual, add, remove []directory.Ref) {
	p.Helper()
	for range 2 {
		if err := p.Publisher.ChangeMembers(p.Context(), group, add, remove); err != nil {
			p.Fatalf("add %v, remove %v: %v", add, remove, err)
		}
	}
}

// members adds and removes people, contacts and groups.
func members(p *publishing) {
	_, group := p.create(directory.KindGroup, "team")
	_, nested := p.create(directory.KindGroup, "nested")
	_, contact := p.create(directory.KindContact, "archive")
	p.has(group)
	p.sets(group, nil, nil)
	refs := p.resolve(alice(), carol(), directory.Member{ID: nested.ID}, directory.Member{ID: contact.ID})
	if slices.Contains(refs, directory.Ref{}) {
		p.Fatalf("got %+v, want all of them", refs)
	}
	p.sets(group, refs[:1], nil)
	p.has(group, refs[0])
	p.sets(group, refs, nil) // one of them is there
	p.has(group, refs...)
	p.sets(group, refs[1:2], refs[:1])
	p.has(group, refs[1:]...)
	p.sets(group, append(refs[:1:1], refs...), nil)
	p.has(group, refs...)
	p.sets(group, nil, append(refs[:2:2], refs[0], refs[2]))
	p.has(group, refs[3])
	p.sets(nested, p.resolve(directory.Member{ID: group.ID}), nil)
	p.sets(group, p.resolve(directory.Member{ID: nested.ID}), nil) // groups within each other
	p.has(group, refs[2], refs[3])
	p.sets(group, nil, refs)
	p.has(group)
	if now, err := p.Publisher.ByID(p.Context(), group.ID); err != nil || len(now.Attributes["member"]) > 0 {
		p.Errorf("got %+v, %v", now, err)
	}
}

// membersFollow renames and deletes what is a member.
func membersFollow(p *publishing) {
	_, group := p.create(directory.KindGroup, "team")
	_, contact := p.create(directory.KindContact, "member")
	gone, missing := p.create(directory.KindContact, "gone")
	of := func(a directory.Actual) []directory.Ref { return p.resolve(directory.Member{ID: a.ID}) }
	p.sets(group, append(of(contact), of(missing)...), nil)
	renamed, err := p.Publisher.Rename(p.Context(), contact, "another"+p.suffix)
	if err != nil {
		p.Fatal(err)
	}
	p.has(group, append(of(renamed), of(missing)...)...)
	renamedGroup, err := p.Publisher.Rename(p.Context(), group, "crew"+p.suffix)
	if err != nil {
		p.Fatal(err)
	}
	p.has(group, append(of(renamed), of(missing)...)...)
	p.has(renamedGroup, append(of(renamed), of(missing)...)...)
	left := of(missing)
	if err := p.Publisher.Delete(p.Context(), missing); err != nil {
		p.Fatal(err)
	}
	p.has(group, of(renamed)...)
	p.sets(group, nil, left)
	p.has(group, of(renamed)...)
	if ref := p.resolve(directory.Member{ID: missing.ID, Name: gone.Of}); ref[0] != (directory.Ref{}) {
		p.Errorf("got %+v for what is gone", ref[0])
	}
	p.sets(group, nil, of(renamed))
	p.has(group)
}

// crowd gives a group as many members as the directory has.
func crowd(p *publishing) {
	if p.Crowd == 0 {
		p.Skip("there is no crowd")
	}
	_, group := p.create(directory.KindGroup, "crowd")
	all := make([]directory.Member, p.Crowd)
	for i := range all {
		all[i] = directory.Member{Addresses: []string{crowdAddress(i)}}
	}
	refs := p.resolve(all...)
	if distinct := slices.Compact(keys(refs)); len(distinct) != len(all) || distinct[0] == "" {
		p.Fatalf("got %d different ones of %d", len(distinct), len(all))
	}
	p.sets(group, refs, nil)
	p.has(group, refs...)
	half := refs[len(refs)/2:]
	p.sets(group, half, refs[:len(refs)/2])
	p.has(group, half...)
	if _, err := p.Publisher.Rename(p.Context(), group, "renamed"+p.suffix); err != nil {
		p.Fatal(err)
	}
	p.has(group, half...)
	p.sets(group, nil, half)
	p.has(group)
}

// resolves looks for members.
func resolves(p *publishing) {
	_, made := p.create(directory.KindContact, "found")
	byAddress := directory.Member{Addresses: []string{"alice@corp.example"}}
	refs := p.resolve(alice(), byAddress, directory.Member{ID: made.ID}, directory.Member{}, alice())
	her, contactKey := refs[0].Key, refs[2].Key
	if her == "" || refs[1].Key != her || refs[4].Key != her || contactKey == "" || contactKey == her || refs[3] != (directory.Ref{}) {
		p.Errorf("got %+v, want alice, her again, the contact, nobody, and alice", refs)
	}
	if refs := p.resolve(); len(refs) > 0 {
		p.Errorf("got %v for nobody", refs)
	}
	if p.Anyone {
		return
	}
	same := p.resolve(directory.Member{Login: "ALICE"}, directory.Member{Addresses: []string{"a.archer@old.corp.example", "Alice.Archer@corp.example"}},
		directory.Member{Addresses: []string{"nobody@corp.example"}, Login: "alice"}, directory.Member{ID: newID(), Login: "alice"})
	for i, r := range same {
		if r.Key != her {
			p.Errorf("%d: got %+v, want %+v", i, r, refs[0])
		}
	}
	for _, m := range []directory.Member{
		{Addresses: []string{"twin@corp.example"}},
		{Addresses: []string{"nobody@corp.example"}},
		{Login: "nobody"},
		{ID: newID()},
		{ID: "x"},
		{Login: "*"},
		{Login: "alice*"},
		{Login: "*)(cn=alice"},
		{Login: "alice\x00"},
		{Login: "\xff"},
		{Login: strings.Repeat("a", 100_000)},
		{Addresses: []string{"*"}},
		{Addresses: []string{"alice@*"}},
		{Addresses: []string{"*)(objectClass=*"}},
		{Addresses: []string{""}},
		{Addresses: []string{"smtp:alice@corp.example"}},
		{Addresses: []string{"talk@corp.example"}},
		{ID: "*"},
		{ID: ")(cn=alice"},
	} {
		if got := p.resolve(m)[0]; got != (directory.Ref{}) {
			p.Errorf("%.80v: got %+v, want nobody", m, got)
		}
	}
	contact := p.resolve(directory.Member{Addresses: []string{"ernie@elsewhere.example"}})[0]
	group := p.resolve(directory.Member{Addresses: []string{"staff@corp.example"}})[0]
	if contact == (directory.Ref{}) || group == (directory.Ref{}) || contact == group {
		p.Errorf("got %+v and %+v, want a contact and a group", contact, group)
	}
}
