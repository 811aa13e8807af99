package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

func TestLocalPartsAreUnique(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	err := f.AddLibrary(ctx, library.Library{Name: "other", Site: "default", LocalPart: "IN"})
	if !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "library in") {
		t.Errorf("got %v, want a conflict that names library in", err)
	}
	f.must(f.AddGroup(ctx, access.Group{Name: "g", Site: "default"}))
	ask := store.Ask{Want: directory.Properties{LocalPart: "in"}}
	_, err = f.AskDistribution(ctx, "g", ask)
	if !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "library in") {
		t.Errorf("got %v, want a conflict that names library in", err)
	}
	f.must(f.RemoveLibrary(ctx, "in", true))
	_, err = f.AskDistribution(ctx, "g", ask)
	f.must(err)
	if at, err := f.At(ctx, "In"); at.Group != "group g" || err != nil {
		t.Errorf("got %+v, %v; want group g", at, err)
	}
	if err := f.AddLibrary(ctx, library.Library{Name: "x", Site: "default", LocalPart: "postmaster"}); err == nil {
		t.Error("the reserved local part postmaster was taken")
	}
}

func TestRemoveLibraryInUse(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}})
	if err := f.RemoveLibrary(t.Context(), "in", false); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("got %v, want a conflict while there are documents", err)
	}
	f.must(f.RemoveLibrary(t.Context(), "in", true))
	if diff := cmp.Diff([]string{"a v1"}, f.names()); diff != "" {
		t.Errorf("documents of the archived library (-want +got):\n%s", diff)
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	p, err := f.Policy(ctx)
	if err != nil || !p.Enabled || p.SenderTrust != access.Aligned || p.ActionFor(fault.UnknownAddress) != access.ActionHold {
		t.Errorf("got %+v, %v; want the defaults", p, err)
	}
	f.must(f.SetSettings(ctx, map[string]string{"rejects": "delete", "rejects.no-permission": "hold", "sender_trust": "proven"}))
	p, err = f.Policy(ctx)
	f.must(err)
	if p.ActionFor(fault.UnknownAddress) != access.ActionDelete || p.ActionFor(fault.NoPermission) != access.ActionHold || p.SenderTrust != access.Proven {
		t.Errorf("got %+v, want delete, but hold for no-permission, and proven", p)
	}
	for _, bad := range []map[string]string{{"enabled": "perhaps"}, {"rejects": "bounce"}, {"sender_trust": "sure"}, {"no_such": "1"}} {
		if err := f.SetSettings(ctx, bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if again, err := f.Policy(ctx); err != nil || cmp.Diff(p, again) != "" {
		t.Errorf("a refused change left a trace: %s %v", cmp.Diff(p, again), err)
	}
}

func TestLevelOf(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	f.must(f.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"alice@case.test"}}))
	f.must(f.AddGroup(ctx, access.Group{Name: "inner", Site: "default", Members: []access.Principal{access.UserPrincipal("alice")}}))
	f.must(f.AddGroup(ctx, access.Group{Name: "outer", Site: "default", Members: []access.Principal{access.GroupPrincipal("inner"), access.GroupPrincipal("outer")}}))
	f.must(f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.GroupPrincipal("outer"), Level: access.Edit}))
	l := must(f.Library(ctx, "in"))
	level := func() access.Level { return must(f.LevelOf(ctx, "alice", l)) }
	if got := level(); got != access.Edit {
		t.Errorf("got %s through nested groups of the site, want edit", got)
	}
	l.Inherit = false
	if got := level(); got != access.None {
		t.Errorf("got %s without inheritance, want none", got)
	}
	f.must(f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: "library", Name: "in"}, Principal: access.Everyone(), Level: access.Read}))
	if got := level(); got != access.Read {
		t.Errorf("got %s for everyone, want read", got)
	}
	if got := must(f.LevelOf(ctx, "", l)); got != access.None {
		t.Errorf("got %s for nobody, want none", got)
	}
	group := access.DirectoryGroupPrincipal("0f8d")
	f.must(f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: "library", Name: "in"}, Principal: group, Level: access.Design}))
	if got := must(f.LevelOf(ctx, "ldap:alice", l, group)); got != access.Design {
		t.Errorf("got %s for a person in a group of the directory, want design", got)
	}
	if got := must(f.LevelOf(ctx, "ldap:bob", l, access.DirectoryGroupPrincipal("0f8e"))); got != access.Read {
		t.Errorf("got %s for a person in another group, want read", got)
	}
	if err := f.AddGroup(ctx, access.Group{Name: "mixed", Site: "default", Members: []access.Principal{group}}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("got %v for a group of the directory as a member, want it refused", err)
	}
	f.must(f.Revoke(ctx, access.Scope{Kind: "library", Name: "in"}, access.Everyone()))
	if err := f.Revoke(ctx, access.Scope{Kind: "library", Name: "in"}, access.Everyone()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v for a grant that is gone, want not found", err)
	}
	err := f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.UserPrincipal("nobody"), Level: access.Read})
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v for an unknown user, want not found", err)
	}
}

// A library that has a local part which nobody could ask for today keeps it, whatever else
// of it is changed.
func TestLocalPartOfOldData(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	old := library.Library{Name: "old", Site: "default", LocalPart: strings.Repeat("x", 100)}
	f.change(func(tx store.Tx) error {
		return errors.Join(tx.InsertLibrary(old), tx.ClaimLocalPart(old.LocalPart, store.Owner{Library: "old"}))
	})
	f.must(f.SetLibrary(ctx, "old", func(l *library.Library) error { l.Title = "Old"; return nil }))
	if at := must(f.At(ctx, old.LocalPart)); at.Library.Name != "old" || at.Library.Title != "Old" {
		t.Errorf("got %+v, want the library", at)
	}
	if err := f.SetLibrary(ctx, "old", func(l *library.Library) error { l.LocalPart += "y"; return nil }); err == nil {
		t.Error("another one of that length was taken")
	}
	if err := f.AddLibrary(ctx, library.Library{Name: "new", Site: "default", LocalPart: strings.Repeat("y", 100)}); err == nil {
		t.Error("a new one of that length was taken")
	}
}
