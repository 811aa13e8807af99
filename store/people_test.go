package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// wantRefused fails the test unless err is of that kind and has all of these words.
func wantRefused(t *testing.T, what string, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: got %v, want %q in it", what, err, w)
		}
	}
}

func TestSetSite(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	f.must(f.AddSite(ctx, library.Site{Name: "docs", Title: "Docs"}))
	title := func(s *library.Site) error { s.Name, s.Title = "other", "Papers"; return nil }
	f.must(f.SetSite(ctx, "docs", title))
	want := []library.Site{{Name: "default", Title: "Default"}, {Name: "docs", Title: "Papers"}}
	if diff := cmp.Diff(want, must(f.Sites(ctx))); diff != "" {
		t.Errorf("sites (-want +got):\n%s", diff)
	}
	wantRefused(t, "no such site", f.SetSite(ctx, "x", title), fault.ErrNotFound)
	errNo := errors.New("no")
	wantRefused(t, "change that fails", f.SetSite(ctx, "docs", func(*library.Site) error { return errNo }), errNo)
}

func TestSetUser(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	f.must(f.AddUser(ctx, access.User{Login: "alice", Name: "A", Addresses: []string{"alice@case.test", "a@case.test"}}))
	f.must(f.AddUser(ctx, access.User{Login: "bob", Addresses: []string{"bob@case.test"}}))
	to := func(addresses ...string) func(*access.User) error {
		return func(u *access.User) error {
			u.Login, u.Name, u.Addresses = "mallory", "Alice", addresses
			return nil
		}
	}
	wantRefused(t, "address of another", f.SetUser(ctx, "alice", to("BOB@case.test")), fault.ErrConflict, "user bob")
	wantRefused(t, "address twice", f.SetUser(ctx, "alice", to("x@case.test", "X@CASE.test")), fault.ErrConflict, "twice")
	wantRefused(t, "no such user", f.SetUser(ctx, "x", to()), fault.ErrNotFound)
	if err := f.SetUser(ctx, "alice", to("no address")); err == nil {
		t.Error("what is no address was taken")
	}
	f.must(f.SetUser(ctx, "alice", to("A@case.test", "new@case.test")))
	want := []access.User{
		{Login: "alice", Name: "Alice", Addresses: []string{"A@case.test", "new@case.test"}},
		{Login: "bob", Addresses: []string{"bob@case.test"}},
	}
	if diff := cmp.Diff(want, must(f.Users(ctx))); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	f.must(f.AddUser(ctx, access.User{Login: "carol", Addresses: []string{"alice@case.test"}})) // free by now
}

func TestSetGroup(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	for _, name := range []string{"inner", "middle", "outer", "apart"} {
		f.must(f.AddGroup(ctx, access.Group{Name: name, Site: "default"}))
	}
	members := func(names ...string) func(*access.Group) error {
		return func(g *access.Group) error {
			g.Name, g.Members = "other", nil
			for _, n := range names {
				g.Members = append(g.Members, access.GroupPrincipal(n))
			}
			return nil
		}
	}
	f.must(f.SetGroup(ctx, "outer", members("middle")))
	f.must(f.SetGroup(ctx, "middle", members("inner", "middle"))) // itself means nothing
	f.must(f.SetGroup(ctx, "inner", members("apart")))
	wantRefused(t, "cycle of two", f.SetGroup(ctx, "middle", members("outer")), fault.ErrConflict, "group:outer", "group:middle")
	wantRefused(t, "cycle of three", f.SetGroup(ctx, "inner", members("apart", "outer")), fault.ErrConflict, "group:outer", "group:inner")
	wantRefused(t, "no such member", f.SetGroup(ctx, "inner", members("x")), fault.ErrNotFound)
	wantRefused(t, "no such group", f.SetGroup(ctx, "x", members()), fault.ErrNotFound)
	wantRefused(t, "no such site", f.SetGroup(ctx, "inner", func(g *access.Group) error { g.Site = "x"; return nil }), fault.ErrNotFound)
	f.must(f.SetGroup(ctx, "apart", func(g *access.Group) error { g.Title = "Team"; return nil }))
	want := []access.Group{
		{Name: "apart", Title: "Team", Site: "default"},
		{Name: "inner", Site: "default", Members: []access.Principal{access.GroupPrincipal("apart")}},
		{Name: "middle", Site: "default", Members: []access.Principal{access.GroupPrincipal("inner"), access.GroupPrincipal("middle")}},
		{Name: "outer", Site: "default", Members: []access.Principal{access.GroupPrincipal("middle")}},
	}
	if diff := cmp.Diff(want, must(f.Groups(ctx))); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// CheckSettings refuses what SetSettings does, and changes nothing.
func TestCheckSettings(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	last := must(f.LastChange(ctx))
	for _, bad := range []map[string]string{
		{"enabled": "perhaps"}, {"rejects": "bounce"}, {"no_such": "1"}, {"held_keep": "0s"}, {"runs_keep": ""}, {"removed_keep": "soon"}, {"held_max": "much"},
	} {
		checked, set := f.CheckSettings(ctx, bad), f.SetSettings(ctx, bad)
		wantRefused(t, "check", checked, fault.ErrInvalid)
		wantRefused(t, "set", set, fault.ErrInvalid)
	}
	f.must(f.CheckSettings(ctx, map[string]string{"removed_keep": "forever", "rejects": "delete"}))
	if now := must(f.LastChange(ctx)); now != last {
		t.Errorf("got change %d after %d, want none", now, last)
	}
	for _, s := range must(f.Settings(ctx)) {
		if s.Value != s.Default {
			t.Errorf("%s: got %q, want the default %q", s.Key, s.Value, s.Default)
		}
	}
}
