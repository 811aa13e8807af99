package storetest

import (
	"errors"
	"slices"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/store"
)

func peopleRows() []catalogRow {
	return []catalogRow{
		{"users come as they were put, by login", func(w catalogWorld) {
			bob := access.User{Login: "bob", Name: hostile, Addresses: []string{"Z@example.com", "B" + hostile}}
			alice := access.User{Login: "alice", Name: "Alice"}
			w.update(
				func(tx store.Tx) error { return tx.InsertUser(bob, []string{"z@example.com", "b" + hostile}) },
				func(tx store.Tx) error { return tx.InsertUser(alice, nil) },
			)
			equal(w, "users", read(w, store.Tx.Users), []access.User{alice, bob})
			equal(w, "user", read(w, func(tx store.Tx) (access.User, error) { return tx.User("bob") }), bob)
			for _, key := range []string{"z@example.com", "b" + hostile} {
				equal(w, "user at "+key, read(w, func(tx store.Tx) (string, error) { return tx.UserAt(key) }), "bob")
			}
		}},
		{"a user who is refused leaves nothing behind", func(w catalogWorld) {
			put := func(login string, keys ...string) error {
				return w.Update(w.Context(), func(tx store.Tx) error {
					_ = tx.InsertUser(access.User{Login: login, Addresses: keys}, keys)
					return nil
				})
			}
			equal(w, "error", put("alice", "a"), nil)
			equal(w, "error", put("bob", "b", "a"), nil)
			w.refused(fault.ErrNotFound, "User", func(tx store.Tx) error { return second(tx.User("bob")) })
			w.refused(fault.ErrNotFound, "UserAt", func(tx store.Tx) error { return second(tx.UserAt("b")) })
		}},
		{"groups come as they were put, by name", func(w catalogWorld) {
			full := access.Group{
				Name: "z", Title: hostile, Site: "default",
				Members: []access.Principal{
					{Kind: access.KindUser, Name: "zoe"},
					{Kind: access.KindAddress, Name: hostile},
					{Kind: access.KindGroup, Name: "z"},
					{Kind: access.KindEveryone},
				},
			}
			plain := access.Group{Name: "a"}
			w.update(putSite("default"), putGroup(full), putGroup(plain))
			equal(w, "groups", read(w, store.Tx.Groups), []access.Group{plain, full})
			equal(w, "group", read(w, func(tx store.Tx) (access.Group, error) { return tx.Group("z") }), full)
		}},
		{"UpdateUser changes everything but the login", updatedUser},
		{"UpdateGroup changes everything but the name", updatedGroup},
		{"DeleteGroup takes its grants and memberships with it", deletedGroup},
		{"GroupsOf finds direct memberships only, each group once, by name", groupsOf},
	}
}

func updatedUser(w catalogWorld) {
	alice := access.User{Login: "alice", Name: "Alice", Addresses: []string{"a", "b"}}
	w.update(
		func(tx store.Tx) error { return tx.InsertUser(alice, alice.Addresses) },
		func(tx store.Tx) error {
			return tx.InsertUser(access.User{Login: "bob", Addresses: []string{"z"}}, []string{"z"})
		},
	)
	update := func(name string, addresses ...string) change {
		return func(tx store.Tx) error {
			return tx.UpdateUser(access.User{Login: "alice", Name: name, Addresses: addresses}, addresses)
		}
	}
	w.refused(fault.ErrConflict, "UpdateUser with another's address", update("x", "c", "z"))
	w.refused(fault.ErrConflict, "UpdateUser with an address twice", update("x", "c", "c"))
	equal(w, "user after that", read(w, func(tx store.Tx) (access.User, error) { return tx.User("alice") }), alice)
	w.update(update(hostile, "b", "c"))
	equal(w, "users", read(w, store.Tx.Users), []access.User{
		{Login: "alice", Name: hostile, Addresses: []string{"b", "c"}}, {Login: "bob", Addresses: []string{"z"}},
	})
	equal(w, "user at c", read(w, func(tx store.Tx) (string, error) { return tx.UserAt("c") }), "alice")
	w.refused(fault.ErrNotFound, "UserAt of the address that was taken away", func(tx store.Tx) error { return second(tx.UserAt("a")) })
}

func updatedGroup(w catalogWorld) {
	user := func(name string) access.Principal { return access.Principal{Kind: access.KindUser, Name: name} }
	before := access.Group{Name: "g", Members: []access.Principal{user("alice"), user("bob")}}
	after := access.Group{
		Name: "g", Title: hostile, Site: "default",
		Members: []access.Principal{user("zoe"), {Kind: access.KindEveryone}, user("bob")},
	}
	update := func(g access.Group) change { return func(tx store.Tx) error { return tx.UpdateGroup(g) } }
	w.update(putSite("default"), putGroup(before), putGroup(access.Group{Name: "other", Members: before.Members}))
	twice, homeless := after, after
	twice.Members = []access.Principal{user("zoe"), user("zoe")}
	homeless.Site = "x"
	w.refused(fault.ErrConflict, "UpdateGroup with a member twice", update(twice))
	w.refused(fault.ErrNotFound, "UpdateGroup to no site", update(homeless))
	equal(w, "group after that", read(w, func(tx store.Tx) (access.Group, error) { return tx.Group("g") }), before)
	w.update(update(after))
	equal(w, "group", read(w, func(tx store.Tx) (access.Group, error) { return tx.Group("g") }), after)
	for name, want := range map[string][]string{"alice": {"other"}, "bob": {"g", "other"}, "zoe": {"g"}} {
		got := read(w, func(tx store.Tx) ([]string, error) { return tx.GroupsOf([]access.Principal{user(name)}) })
		equal(w, "groups of "+name, got, want)
	}
}

func deletedGroup(w catalogWorld) {
	user := access.Principal{Kind: access.KindUser, Name: "g"}
	g := access.Principal{Kind: access.KindGroup, Name: "g"}
	other := access.Group{Name: "other", Members: []access.Principal{user, g, {Kind: access.KindEveryone}}}
	grant := func(p access.Principal) change {
		return func(tx store.Tx) error {
			return tx.PutGrant(access.Grant{Scope: access.Scope{Kind: access.ScopeSite, Name: "g"}, Principal: p, Level: access.Read})
		}
	}
	remove := func(tx store.Tx) error { return tx.DeleteGroup("g") }
	w.update(putGroup(other), putGroup(access.Group{Name: "g", Members: []access.Principal{user}}), grant(user), grant(g),
		putDistribution(distribution("d", "g")))
	w.refused(fault.ErrConflict, "DeleteGroup of one that has a distribution group", remove)
	equal(w, "number of grants after that", len(read(w, readGrants())), 2)
	orphan := distribution("d", "")
	orphan.Orphan = true
	w.update(putDistribution(orphan), remove)
	other.Members = []access.Principal{user, {Kind: access.KindEveryone}}
	equal(w, "groups", read(w, store.Tx.Groups), []access.Group{other})
	of := func(p access.Principal) []string {
		return read(w, func(tx store.Tx) ([]string, error) { return tx.GroupsOf([]access.Principal{p}) })
	}
	equal(w, "groups of the user", of(user), []string{"other"})
	equal(w, "groups of the group", of(g), nil)
	var left []access.Principal
	for _, g := range read(w, readGrants()) {
		left = append(left, g.Principal)
	}
	equal(w, "who has grants", left, []access.Principal{user})
	w.refused(fault.ErrNotFound, "DeleteGroup once more", remove)
	w.update(putGroup(access.Group{Name: "g"}))
	equal(w, "members of a new group of the name", read(w, func(tx store.Tx) (access.Group, error) { return tx.Group("g") }), access.Group{Name: "g"})
}

func groupsOf(w catalogWorld) {
	user := func(name string) access.Principal { return access.Principal{Kind: access.KindUser, Name: name} }
	group := func(name string) access.Principal { return access.Principal{Kind: access.KindGroup, Name: name} }
	w.update(
		putGroup(access.Group{Name: "z", Members: []access.Principal{user("alice"), user("bob")}}),
		putGroup(access.Group{Name: "a", Members: []access.Principal{group("z"), user("bob")}}),
		putGroup(access.Group{Name: "m", Members: []access.Principal{group("alice"), group("a")}}),
	)
	for _, row := range []struct {
		members []access.Principal
		want    []string
	}{
		{nil, nil},
		{[]access.Principal{user("alice")}, []string{"z"}},
		{[]access.Principal{user("alice"), user("bob")}, []string{"a", "z"}},
		{[]access.Principal{group("z"), group("a"), user("nobody")}, []string{"a", "m"}},
		{slices.Repeat([]access.Principal{user("bob")}, 100), []string{"a", "z"}},
	} {
		got := read(w, func(tx store.Tx) ([]string, error) { return tx.GroupsOf(row.members) })
		equal(w, "groups", got, row.want)
	}
}

// policyRows are grants, settings and the record of changes.
func policyRows() []catalogRow {
	return []catalogRow{
		{"grants are replaced and deleted by scope and principal", grants},
		{"settings are those that were set, each with its last value", func(w catalogWorld) {
			put := func(k, v string) change { return func(tx store.Tx) error { return tx.PutSetting(k, v) } }
			w.update(put("a", "1"), put("b", hostile), put("a", ""))
			equal(w, "settings", read(w, store.Tx.Settings), map[string]string{"a": "", "b": hostile})
		}},
		{"changes come newest first, at most as many as wanted", func(w catalogWorld) {
			var newest []store.Change
			for i := range 12 {
				c := store.Change{At: noon.Add(-time.Duration(i)), Actor: hostile, Action: hostile + string(rune('a'+i))}
				w.update(func(tx store.Tx) error { return tx.InsertChange(c) })
				c.At = c.At.Truncate(time.Microsecond)
				newest = append([]store.Change{c}, newest...)
			}
			for limit, want := range map[int][]store.Change{0: newest, 5: newest[:5], 100: newest} {
				got := read(w, func(tx store.Tx) ([]store.Change, error) { return tx.Changes(limit) })
				equal(w, "changes", got, want)
			}
		}},
		{"the last change has a greater number than those before, unless it was undone", func(w catalogWorld) {
			put := func(tx store.Tx) error { return tx.InsertChange(store.Change{At: noon}) }
			last := read(w, store.Tx.LastChange)
			equal(w, "before the first", last, 0)
			for range 12 {
				w.update(put)
				if n := read(w, store.Tx.LastChange); n <= last {
					w.Errorf("got %d after %d, want more", n, last)
				} else {
					last = n
				}
			}
			_ = w.Update(w.Context(), func(tx store.Tx) error { return errors.Join(put(tx), errors.New("undo")) })
			equal(w, "after one that was undone", read(w, store.Tx.LastChange), last)
		}},
	}
}

func grants(w catalogWorld) {
	grant := func(kind, name string, p access.Kind, level access.Level) access.Grant {
		return access.Grant{
			Scope: access.Scope{Kind: kind, Name: name}, Principal: access.Principal{Kind: p, Name: "p" + hostile}, Level: level,
		}
	}
	site := grant(access.ScopeSite, "docs", access.KindUser, access.FullControl)
	lib := grant(access.ScopeLibrary, "docs", access.KindUser, access.Contribute)
	group := grant(access.ScopeLibrary, "docs", access.KindDirectoryGroup, access.Read)
	other := grant(access.ScopeLibrary, "other", access.KindUser, access.Edit)
	for _, g := range []access.Grant{other, site, lib, group} {
		w.update(func(tx store.Tx) error { return tx.PutGrant(g) })
	}
	equal(w, "all grants", read(w, readGrants()), []access.Grant{group, lib, other, site})
	equal(w, "of a scope", read(w, readGrants(lib.Scope)), []access.Grant{group, lib})
	equal(w, "of two, one named twice", read(w, readGrants(site.Scope, lib.Scope, site.Scope)), []access.Grant{group, lib, site})
	equal(w, "of an unknown scope", read(w, readGrants(access.Scope{Kind: access.ScopeSite, Name: "x"})), nil)

	lib.Level = access.None
	w.update(
		func(tx store.Tx) error { return tx.PutGrant(lib) },
		func(tx store.Tx) error { return tx.DeleteGrant(group.Scope, group.Principal) },
	)
	equal(w, "after the changes", read(w, readGrants()), []access.Grant{lib, other, site})
	w.refused(fault.ErrNotFound, "DeleteGrant", func(tx store.Tx) error { return tx.DeleteGrant(group.Scope, group.Principal) })
}
