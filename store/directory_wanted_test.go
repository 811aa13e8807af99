package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// What the catalog wants in the directory, by whose it is.
func TestWantedObjects(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	ctx := t.Context()
	p.set("approve_create", "false", "approve_rename", "false", "alias_prefix", "sp-", "display_domain", "shown.test", "require_auth", "true", "hide_contacts", "true")
	p.must(p.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"alice@corp.test"}}))
	p.must(p.AddLibrary(ctx, library.Library{Name: "docs", Title: "Documents", Site: "default", LocalPart: "Docs"}))
	p.must(p.AddLibrary(ctx, library.Library{Name: "none", Site: "default"}))
	p.must(p.AddLibrary(ctx, library.Library{Name: "old", Site: "default", LocalPart: "old"}))
	p.must(p.RemoveLibrary(ctx, "old", true))
	for _, name := range []string{"loose", "inner"} {
		p.must(p.AddGroup(ctx, access.Group{Name: name, Site: "default"}))
	}
	members := func(group string, of ...string) {
		p.must(p.SetGroup(ctx, group, func(g *access.Group) error {
			g.Members = nil
			for _, m := range of {
				g.Members = append(g.Members, must(access.ParsePrincipal(m)))
			}
			return nil
		}))
	}
	members("crew", "address:team@case.test")
	members("inner", "user:alice", "group:crew", "address:bob@elsewhere.test")
	members("loose", "group:inner", "user:alice")
	members("team", "group:team", "group:crew", "group:loose", "address:DOCS@shown.test", "address:nobody@case.test", "address:former@case.test", "everyone")
	p.published("crew", "former")
	p.published("crew", "crew")
	team := directory.Properties{LocalPart: "Team", Title: "Us", Description: "All of us", Manager: "user:alice", RequireAuth: false}
	must(p.AskDistribution(ctx, "team", store.Ask{Want: team}))
	p.must(p.PutFarmContact(ctx, store.FarmContact{Alias: "theirs", FirstName: "Their", LastName: "List", Forward: "t@farm.test", Client: "farm"}, ""))
	must(p.AskFarmDistribution(ctx, "ours", store.Ask{Want: directory.Properties{LocalPart: "ours", Title: "Ours"}, Actor: "farm"}))
	p.must(p.SetFarmMembers(ctx, "farm", "ours", func([]string) ([]string, error) {
		return []string{"user:zoe", "contact:theirs", "contact:gone"}, nil
	}))

	st := must(p.WantedObjects(ctx, []string{"case.test", "shown.test", "more.test"}))
	got := map[string]directory.Object{}
	for _, w := range st.Objects {
		got[w.Object.Of] = w.Object
	}
	at := func(locals ...string) (all []string) {
		for _, l := range locals {
			all = append(all, l+"@shown.test", l+"@case.test", l+"@more.test")
		}
		return all
	}
	crew := directory.Member{Name: "group:crew", ID: got["group crew"].Key, Addresses: at("crew", "former")}
	alice := directory.Member{Name: "user:alice", Login: "alice", Addresses: []string{"alice@corp.test"}}
	want := map[string]directory.Object{
		"library docs": {
			Kind: directory.KindContact, Of: "library docs", Alias: "sp-docs", Title: "Default – Documents", GivenName: "Default", Surname: "Documents",
			Addresses: at("docs"), Target: "docs@case.test", RequireAuth: true, Hidden: true,
		},
		"library in": {
			Kind: directory.KindContact, Of: "library in", Alias: "sp-in", Title: "Default – in", GivenName: "Default", Surname: "in",
			Addresses: at("in"), Target: "in@case.test", RequireAuth: true, Hidden: true,
		},
		"contact theirs": {
			Kind: directory.KindContact, Of: "contact theirs", Alias: "theirs", Title: "Their List", GivenName: "Their", Surname: "List",
			Addresses: at("theirs"), Target: "t@farm.test", RequireAuth: true,
		},
		"group crew": {
			Kind: directory.KindGroup, Of: "group crew", Alias: "sp-crew", Title: "The crew", Addresses: at("crew", "former"), RequireAuth: true,
			Members: []directory.Member{{Name: "address:team@case.test", Addresses: at("team")}},
		},
		"group team": {
			Kind: directory.KindGroup, Of: "group team", Alias: "sp-team", Title: "Us", Description: "All of us", Manager: alice, Addresses: at("team"), RequireAuth: true,
			Members: []directory.Member{
				crew, alice,
				{Name: "address:bob@elsewhere.test", Addresses: []string{"bob@elsewhere.test"}},
				{Name: "address:DOCS@shown.test", Addresses: at("docs")},
				{Name: "address:nobody@case.test", Addresses: []string{"nobody@case.test"}},
				{Name: "everyone"},
			},
		},
		"group ours of another farm": {
			Kind: directory.KindGroup, Of: "group ours of another farm", Alias: "ours", Title: "Ours", Addresses: at("ours"), RequireAuth: true,
			Members: []directory.Member{{Name: "contact:gone"}, {Name: "contact:theirs", Addresses: at("theirs")}, {Name: "user:zoe", Login: "zoe"}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(directory.Object{}, "Key")); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if len(st.Gone) != 0 || len(st.Approved) != 2 || st.LastChange != must(p.LastChange(ctx)) {
		t.Errorf("got %d gone, %d approved, change %d; want none, 2", len(st.Gone), len(st.Approved), st.LastChange)
	}

	p.must(p.RemoveGroup(ctx, "crew"))
	for _, w := range must(p.WantedObjects(ctx, []string{"case.test"})).Objects {
		if w.Frozen != (w.Object.Of == "group crew") {
			t.Errorf("%s: frozen: %v", w.Object.Of, w.Frozen)
		}
	}
	must(p.ApproveRequest(ctx, must(p.Requests(ctx, directory.Pending))[0].ID, store.Verdict{}))
	if gone := must(p.WantedObjects(ctx, []string{"case.test"})).Gone; len(gone) != 1 || gone[0].Of != "group crew" {
		t.Errorf("got %+v gone, want the crew", gone)
	}
	_, err := p.WantedObjects(ctx, nil)
	wantRefused(t, "no domain", err, fault.ErrInvalid)
}

// What a run records does not ask for another run; what changes the wanted state does.
func TestLastChangeOfDirectory(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	ctx := t.Context()
	last := must(p.LastChange(ctx))
	changed := func(what string, want bool) {
		t.Helper()
		now := must(p.LastChange(ctx))
		if (now != last) != want {
			t.Errorf("%s: change %d after %d", what, now, last)
		}
		last = now
	}
	r := must(p.ask("team", "team"))
	changed("asked", true)
	p.must(p.RecordDirectory(ctx, p.run, store.DirectoryResult{
		Known: directory.Known{Key: "k", Kind: directory.KindContact}, Write: store.DirectoryWrite{Action: directory.ActCreate, Key: "k"},
	}))
	changed("recorded", false)
	p.must(p.CountDirectory(ctx, store.DirectoryRun{Run: p.run, Objects: 7, Reported: 2, Pending: 1}))
	changed("counted", false)
	must(p.ApproveRequest(ctx, r.ID, store.Verdict{}))
	changed("approved", true)
	p.must(p.RecordDirectory(ctx, p.run, store.DirectoryResult{Ends: []store.Ending{{Request: r.ID, To: directory.Approved, Trouble: "down"}}}))
	if got := must1(p.Request(ctx, r.ID)).Trouble; got != "down" {
		t.Errorf("got %q, want the trouble", got)
	}
	changed("trouble", false)
	_, _, err := p.TidyRequests(ctx)
	p.must(err)
	changed("nothing to tidy", false)
	taken, _, err := p.TakeLease(ctx, "dms")
	if !taken || err != nil {
		t.Error(taken, err)
	}
	p.must(p.ReleaseLease(ctx, "dms"))
	changed("lease", false)
}

// The run's summary has what was recorded, and its digest binds it.
func TestDirectoryRunSummary(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			for _, w := range []store.DirectoryWrite{
				{Action: directory.ActCreate},
				{Action: directory.ActRename},
				{Action: directory.ActModify},
				{Action: directory.ActDelete},
				{Action: directory.ActForget},
				{Action: directory.ActMembers, Changes: []directory.Change{{Attribute: "member", Before: []string{"a"}, After: []string{"b", "c"}}}},
				{Action: directory.ActCreate, Trouble: "it does not fit"},
			} {
				w.Key, w.Of = "k", "library in"
				p.must(p.RecordDirectory(ctx, p.run, store.DirectoryResult{Write: w}))
			}
			p.must(p.CountDirectory(ctx, store.DirectoryRun{Run: p.run, Objects: 7, Reported: 2, Pending: 1, Created: 99}))
			sum := must(p.CloseRun(ctx, p.run, store.Backlog{}))
			d := sum.Directory
			if d == nil || d.Objects != 7 || d.Created != 1 || d.Renamed != 1 || d.Modified != 1 || d.Deleted != 1 || d.Members != 3 || d.Failed != 1 || d.Reported != 2 || d.Pending != 1 {
				t.Errorf("got %+v", d)
			}
			writes := must(p.DirectoryWrites(ctx, "library in"))
			if len(writes) != 7 || writes[0].Actor != "tester" || writes[0].Run != p.run || writes[0].At.IsZero() {
				t.Errorf("got %+v", writes)
			}
			p.verify()
			p.must(p.catalog.Update(ctx, func(tx store.Tx) error {
				return tx.InsertDirectoryWrite(store.DirectoryWrite{Run: p.run, At: p.clock(), Actor: "eve", Action: directory.ActModify})
			}))
			bad := 0
			for finding, err := range p.Verify(ctx) {
				p.must(err)
				if !finding.OK {
					bad++
				}
			}
			if bad == 0 {
				t.Error("a forged write was not found")
			}
			err := p.RecordDirectory(ctx, p.run, store.DirectoryResult{Write: writes[0]})
			if err == nil {
				t.Error("the books are closed, and something was recorded")
			}
		})
	}
}

// A group that we publish never grants anything.
func TestPublishedGroupsGrantNothing(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	ctx := t.Context()
	ours, theirs := access.Principal{Kind: access.KindDirectoryGroup, Name: "aa"}, access.Principal{Kind: access.KindDirectoryGroup, Name: "bb"}
	scope := access.Scope{Kind: "library", Name: "in"}
	p.must(p.Grant(ctx, access.Grant{Scope: scope, Principal: ours, Level: access.Edit}))
	p.must(p.Grant(ctx, access.Grant{Scope: scope, Principal: theirs, Level: access.Contribute}))
	in := must(p.Library(ctx, "in"))
	if l := must(p.LevelOf(ctx, "ldap:alice", in, ours, theirs)); l != access.Edit {
		t.Errorf("got %v before it is ours", l)
	}
	p.must(p.RecordDirectory(ctx, p.run, store.DirectoryResult{Known: directory.Known{Key: "k", Kind: directory.KindGroup, Backend: "ldap", ID: "aa"}}))
	if l := must(p.LevelOf(ctx, "ldap:alice", in, ours, theirs)); l != access.Contribute {
		t.Errorf("got %v, want that of the other group", l)
	}
	wantRefused(t, "grant", p.Grant(ctx, access.Grant{Scope: scope, Principal: ours, Level: access.Edit}), fault.ErrInvalid, "publishes")
}
