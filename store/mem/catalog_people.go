package mem

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/store"
)

func (t *tx) Users() ([]access.User, error) {
	list := t.users.values("")
	for i := range list {
		list[i] = cloneUser(list[i])
	}
	return list, nil
}

func (t *tx) User(login string) (access.User, error) {
	u, ok := t.users.get(key(login))
	if !ok {
		return access.User{}, missing("user", login)
	}
	return cloneUser(u), nil
}

func (t *tx) InsertUser(u access.User, keys []string) error {
	if t.users.has(key(u.Login)) {
		return taken("user", u.Login)
	}
	return t.putUser(u, keys, t.addresses)
}

func (t *tx) UpdateUser(u access.User, keys []string) error {
	if !t.users.has(key(u.Login)) {
		return missing("user", u.Login)
	}
	others := t.addresses
	for k, login := range t.addresses.under("") {
		if login == u.Login {
			others = others.without(k)
		}
	}
	return t.putUser(u, keys, others)
}

// putUser puts a user beside the addresses of the others.
func (t *tx) putUser(u access.User, keys []string, addresses table[string]) error {
	if len(keys) != len(u.Addresses) {
		return fmt.Errorf("user %q: %d addresses with %d keys", u.Login, len(u.Addresses), len(keys))
	}
	for i, k := range keys {
		if addresses.has(key(k)) {
			return taken("address", u.Addresses[i])
		}
		addresses = addresses.put(key(k), u.Login)
	}
	t.users = t.users.put(key(u.Login), cloneUser(u))
	t.addresses = addresses
	return nil
}

func (t *tx) UserAt(addressKey string) (string, error) {
	login, ok := t.addresses.get(key(addressKey))
	if !ok {
		return "", missing("address", addressKey)
	}
	return login, nil
}

func (t *tx) Groups() ([]access.Group, error) {
	list := t.groups.values("")
	for i := range list {
		list[i] = cloneGroup(list[i])
	}
	return list, nil
}

func (t *tx) Group(name string) (access.Group, error) {
	g, ok := t.groups.get(key(name))
	if !ok {
		return access.Group{}, missing("group", name)
	}
	return cloneGroup(g), nil
}

func (t *tx) InsertGroup(g access.Group) error {
	if t.groups.has(key(g.Name)) {
		return taken("group", g.Name)
	}
	return t.putGroup(g, t.memberships)
}

func (t *tx) UpdateGroup(g access.Group) error {
	if !t.groups.has(key(g.Name)) {
		return missing("group", g.Name)
	}
	others := t.memberships
	for k, name := range t.memberships.under("") {
		if name == g.Name {
			others = others.without(k)
		}
	}
	return t.putGroup(g, others)
}

// putGroup puts a group beside the memberships in others.
func (t *tx) putGroup(g access.Group, memberships table[string]) error {
	if g.Site != "" && !t.sites.has(key(g.Site)) {
		return missing("site", g.Site)
	}
	for _, m := range g.Members {
		k := key(string(m.Kind), m.Name, g.Name)
		if memberships.has(k) {
			return taken("member", m.Name)
		}
		memberships = memberships.put(k, g.Name)
	}
	t.groups = t.groups.put(key(g.Name), cloneGroup(g))
	t.memberships = memberships
	return nil
}

func (t *tx) DeleteGroup(name string) error {
	switch {
	case !t.groups.has(key(name)):
		return missing("group", name)
	case t.distributionOf.has(key(name)):
		return taken("group with a distribution group", name)
	}
	t.groups = t.groups.without(key(name))
	itself := access.Principal{Kind: access.KindGroup, Name: name}
	for k, of := range t.memberships.under("") {
		if of == name {
			t.memberships = t.memberships.without(k)
		}
	}
	for k, of := range t.memberships.under(key(string(itself.Kind), itself.Name)) {
		g, _ := t.groups.get(key(of))
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(p access.Principal) bool { return p == itself })
		t.groups, t.memberships = t.groups.put(key(of), g), t.memberships.without(k)
	}
	for k, g := range t.grants.under("") {
		if g.Principal == itself {
			t.grants = t.grants.without(k)
		}
	}
	return nil
}

func (t *tx) GroupsOf(members []access.Principal) ([]string, error) {
	var names []string
	for _, m := range members {
		names = append(names, t.memberships.values(key(string(m.Kind), m.Name))...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (t *tx) Grants(scopes ...access.Scope) ([]access.Grant, error) {
	if len(scopes) == 0 {
		return t.grants.values(""), nil
	}
	prefixes := make(map[string]bool)
	for _, s := range scopes {
		prefixes[key(s.Kind, s.Name)] = true
	}
	var list []access.Grant
	for _, p := range slices.Sorted(maps.Keys(prefixes)) {
		list = append(list, t.grants.values(p)...)
	}
	return list, nil
}

func (t *tx) PutGrant(g access.Grant) error {
	t.grants = t.grants.put(grantKey(g.Scope, g.Principal), g)
	return nil
}

func (t *tx) DeleteGrant(s access.Scope, p access.Principal) error {
	k := grantKey(s, p)
	if !t.grants.has(k) {
		return missing("grant", strings.Join([]string{s.Kind, s.Name, string(p.Kind), p.Name}, " "))
	}
	t.grants = t.grants.without(k)
	return nil
}

func (t *tx) Settings() (map[string]string, error) {
	m := make(map[string]string)
	for _, s := range t.settings.under("") {
		m[s.key] = s.value
	}
	return m, nil
}

func (t *tx) PutSetting(k, value string) error {
	t.settings = t.settings.put(key(k), setting{k, value})
	return nil
}

func (t *tx) InsertChange(c store.Change) error {
	c.At = stored(c.At)
	t.lastChange++
	t.changes = t.changes.put(key(t.lastChange), c)
	return nil
}

func (t *tx) LastChange() (int64, error) { return t.lastChange, nil }

func (t *tx) Changes(limit int) ([]store.Change, error) {
	list := t.changes.values("")
	slices.Reverse(list)
	return first(list, limit), nil
}

// setting is one row of the farm policy.
type setting struct{ key, value string }

// first returns the first rows; all of them where limit is 0.
func first[V any](list []V, limit int) []V {
	if limit > 0 && limit < len(list) {
		return list[:limit]
	}
	return list
}

func grantKey(s access.Scope, p access.Principal) string {
	return key(s.Kind, s.Name, string(p.Kind), p.Name)
}

func cloneUser(u access.User) access.User {
	u.Addresses = slices.Clone(u.Addresses)
	return u
}

func cloneGroup(g access.Group) access.Group {
	g.Members = slices.Clone(g.Members)
	return g
}
