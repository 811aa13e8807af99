package access_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

// membership answers groupsOf from the direct members of each group.
func membership(members map[string][]string) func([]access.Principal) ([]string, error) {
	return func(who []access.Principal) (names []string, err error) {
		for group, all := range members {
			if slices.ContainsFunc(who, func(p access.Principal) bool { return slices.Contains(all, p.String()) }) {
				names = append(names, group)
			}
		}
		slices.Sort(names)
		return names, nil
	}
}

// nested are groups in groups, in a ring, with everyone in one, and a long way beside a
// short one.
var nested = map[string][]string{
	"finance": {"user:alice", "group:audit"},
	"audit":   {"group:finance"},
	"staff":   {"everyone", "group:finance"},
	"board":   {"group:audit", "group:staff"},
	"others":  {"user:bob"},
}

func wayOf(path []access.Principal) (s []string) {
	for _, p := range path {
		s = append(s, p.String())
	}
	return s
}

func TestPaths(t *testing.T) {
	t.Parallel()
	paths, err := access.Paths("alice", nil, membership(nested))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for p, path := range paths {
		got[p.String()] = wayOf(path)
	}
	want := map[string][]string{
		"user:alice":    {"user:alice"},
		"everyone":      {"user:alice", "everyone"},
		"group:finance": {"user:alice", "group:finance"},
		"group:audit":   {"user:alice", "group:finance", "group:audit"},
		"group:staff":   {"user:alice", "everyone", "group:staff"},
		"group:board":   {"user:alice", "everyone", "group:staff", "group:board"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	if nobody, err := access.Paths("", nil, membership(nested)); err != nil || len(nobody) != 0 {
		t.Errorf("of nobody: got %v, %v", nobody, err)
	}
	errDown := errors.New("down")
	_, err = access.Paths("alice", nil, func([]access.Principal) ([]string, error) { return nil, errDown })
	if !errors.Is(err, errDown) {
		t.Errorf("got %v, want %v", err, errDown)
	}
}

// Whatever is granted, Paths leads to those that Closure has, and Why finds the level that
// LevelOf does.
func TestWhyIsLevelOf(t *testing.T) {
	t.Parallel()
	principals := []access.Principal{
		access.UserPrincipal("alice"), access.UserPrincipal("bob"), access.Everyone(), access.GroupPrincipal("finance"),
		access.GroupPrincipal("audit"), access.GroupPrincipal("board"), access.GroupPrincipal("others"),
		access.DirectoryGroupPrincipal("1"), access.DirectoryGroupPrincipal("2"),
	}
	directory := []access.Principal{access.DirectoryGroupPrincipal("1")}
	scope := access.Scope{Kind: access.ScopeLibrary, Name: "invoices"}
	for _, login := range []string{"alice", "bob", "carol", ""} {
		closure, err := access.Closure(login, directory, membership(nested))
		if err != nil {
			t.Fatal(err)
		}
		paths, err := access.Paths(login, directory, membership(nested))
		if err != nil {
			t.Fatal(err)
		}
		for p := range closure {
			if path := paths[p]; len(path) == 0 || path[0] != access.UserPrincipal(login) || path[len(path)-1] != p {
				t.Errorf("%s: the way to %s is %v", login, p, path)
			}
		}
		if len(paths) != len(closure) {
			t.Errorf("%s: %d ways to %d principals", login, len(paths), len(closure))
		}
		for one := range principals {
			for other := range principals {
				grants := []access.Grant{
					{Scope: scope, Principal: principals[one], Level: access.Contribute},
					{Scope: scope, Principal: principals[other], Level: access.Edit},
				}
				why, want := access.Why(grants, paths), access.LevelOf(grants, closure)
				if why.Level != want {
					t.Errorf("%s, %v: got %s, want %s", login, grants, why.Level, want)
				}
				if want != access.None && why.Through[len(why.Through)-1] != why.Grant.Principal {
					t.Errorf("%s: the way %v does not lead to %s", login, why.Through, why.Grant)
				}
			}
		}
	}
}

func TestWhyTakesTheShortestWay(t *testing.T) {
	t.Parallel()
	paths, err := access.Paths("alice", nil, membership(nested))
	if err != nil {
		t.Fatal(err)
	}
	scope := access.Scope{Kind: access.ScopeSite, Name: "default"}
	why := access.Why([]access.Grant{
		{Scope: scope, Principal: access.UserPrincipal("alice"), Level: access.Read},
		{Scope: scope, Principal: access.GroupPrincipal("audit"), Level: access.Contribute},
		{Scope: scope, Principal: access.GroupPrincipal("finance"), Level: access.Contribute},
	}, paths)
	if got, want := why.Grant.String(), "site:default group:finance contribute"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAskedBy(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		own  string
		only bool
		want string
	}{
		{"", false, "farm"},
		{"", true, "farm"},
		{"claimed", false, "library"},
		{"claimed", true, "farm"},
		{"aligned", true, "library"},
		{"proven", true, "library"},
		{"nonsense", true, "library"},
	} {
		lib := library.Library{Settings: library.Settings{SenderTrust: row.own}}
		if got := access.AskedBy(access.Policy{AuthenticatedOnly: row.only}, lib); got != row.want {
			t.Errorf("library %q, authenticated only %t: got %s, want %s", row.own, row.only, got, row.want)
		}
	}
}
