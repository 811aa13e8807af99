package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// Who is in a distribution group, people decide who have no say in permissions: as a group
// of the directory it grants nothing, from whenever the grant is. The group of the catalog
// that it is made of grants what it did.
func TestDistributionGroupsGrantNothing(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			p.must(p.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"alice@corp.test"}}))
			p.must(p.SetGroup(ctx, "team", func(g *access.Group) error {
				g.Members = []access.Principal{access.UserPrincipal("alice")}
				return nil
			}))
			scope := access.Scope{Kind: access.ScopeLibrary, Name: "in"}
			p.must(p.Grant(ctx, access.Grant{Scope: scope, Principal: access.GroupPrincipal("team"), Level: access.Contribute}))
			p.must(p.Grant(ctx, access.Grant{Scope: scope, Principal: access.Everyone(), Level: access.Read}))

			r := must(p.ApproveRequest(ctx, must(p.ask("team", "team")).ID, store.Verdict{}))
			ofTeam := access.DirectoryGroupPrincipal(r.Distribution) // as follow numbers them
			before := access.Grant{Scope: scope, Principal: ofTeam, Level: access.FullControl}
			p.must(p.Grant(ctx, before)) // nobody could know yet
			p.follow(r)
			wantRefused(t, "grant to it", p.Grant(ctx, before), fault.ErrInvalid)

			lib := must(p.Library(ctx, "in"))
			levels := func(what, login string, want access.Level, in ...access.Principal) {
				t.Helper()
				if got := must(p.LevelOf(ctx, login, lib, in...)); got != want {
					t.Errorf("%s: got %s, want %s", what, got, want)
				}
				if got := must(p.Why(ctx, login, lib, in...)).Level; got != want {
					t.Errorf("%s: explained as %s, want %s", what, got, want)
				}
			}
			levels("a person in it", "ldap:eve", access.Read, ofTeam)
			levels("alice, in it and in the group", "alice", access.Contribute, ofTeam)
			levels("alice", "alice", access.Contribute)

			farms := must(p.ApproveRequest(ctx, must(p.askFarm("farm", "sales", "sales")).ID, store.Verdict{}))
			p.follow(farms)
			grant := access.Grant{Scope: scope, Principal: access.GroupPrincipal("sales"), Level: access.FullControl}
			wantRefused(t, "grant to a group of another farm", p.Grant(ctx, grant), fault.ErrNotFound)
			grant.Principal = access.DirectoryGroupPrincipal(farms.Distribution)
			wantRefused(t, "as one of the directory", p.Grant(ctx, grant), fault.ErrInvalid)
			p.must(p.SetFarmMembers(ctx, "farm", "sales", func([]string) ([]string, error) { return []string{"user:alice"}, nil }))
			levels("alice, in that", "alice", access.Contribute, grant.Principal)

			p.must(p.RemoveGroup(ctx, "team"))
			levels("alice, whose group is removed", "alice", access.Read, ofTeam)
			last := must(p.Requests(ctx, directory.Pending))
			p.must(p.AddGroup(ctx, access.Group{Name: "team", Members: []access.Principal{access.UserPrincipal("alice")}}))
			levels("alice, in a new group of the name", "alice", access.Read, ofTeam)
			p.follow(must(p.ApproveRequest(ctx, last[0].ID, store.Verdict{})))
			if diff := cmp.Diff([]access.Grant{{Scope: scope, Principal: ofTeam, Level: access.FullControl}, {Scope: scope, Principal: access.Everyone(), Level: access.Read}}, must(p.Grants(ctx, scope))); diff != "" {
				t.Errorf("grants that are left (-want +got):\n%s", diff)
			}
		})
	}
}
