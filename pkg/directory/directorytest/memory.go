package directorytest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// Memory is a directory in memory that is always up to date.
type Memory struct {
	mu    sync.Mutex
	world World
	fault error
}

// NewMemory returns a directory that holds a world.
func NewMemory(w World) *Memory { return &Memory{world: w} }

// Set gives the directory another world.
func (m *Memory) Set(w World) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.world = w
}

// Fail makes every question fail with err, until it is nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = err
}

// ID returns the ID of the entry with a name.
func ID(name string) string {
	h := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func (m *Memory) now() (World, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.world, m.fault
}

// ByAddress is directory.People's.
func (m *Memory) ByAddress(_ context.Context, a address.Address) (directory.Person, error) {
	return m.person("address "+a.String(), func(u User) bool {
		return slices.ContainsFunc(append(addresses(u), u.UPN), func(own string) bool {
			has, err := address.ParseMailbox(own)
			return err == nil && has.Domain != "" && a.Proves(has)
		})
	})
}

// ByLogin is directory.People's.
func (m *Memory) ByLogin(_ context.Context, login string) (directory.Person, error) {
	return m.person("login "+login, func(u User) bool { return same(u.Login, login) || same(u.UPN, login) })
}

func same(own, asked string) bool {
	return own != "" && address.Address{Local: own}.Proves(address.Address{Local: asked})
}

func (m *Memory) person(what string, fits func(User) bool) (directory.Person, error) {
	w, err := m.now()
	if err != nil {
		return directory.Person{}, err
	}
	var found []User
	for _, u := range w.Users {
		if !u.Disabled && u.Login != "" && fits(u) {
			found = append(found, u)
		}
	}
	u, err := one(what, found)
	if err != nil {
		return directory.Person{}, err
	}
	return directory.Person{ID: ID(u.Name), Login: u.Login, Name: u.Name, Addresses: addresses(u)}, nil
}

// addresses returns a user's addresses, the main one first.
func addresses(u User) (all []string) {
	if u.Mail != "" {
		all = append(all, u.Mail)
	}
	for _, p := range u.Proxies {
		kind, a, _ := strings.Cut(p, ":")
		if strings.EqualFold(kind, "smtp") && !slices.ContainsFunc(all, func(has string) bool { return same(has, a) }) {
			all = append(all, a)
		}
	}
	return all
}

func one[E any](what string, found []E) (e E, err error) {
	switch len(found) {
	case 0:
		return e, fmt.Errorf("%s: %w", what, fault.ErrNotFound)
	case 1:
		return found[0], nil
	}
	return e, fmt.Errorf("%s: %w", what, directory.ErrAmbiguous)
}

// GroupsOf is directory.People's.
func (m *Memory) GroupsOf(_ context.Context, p directory.Person) ([]directory.Group, error) {
	w, err := m.now()
	if err != nil {
		return nil, err
	}
	who := slices.IndexFunc(w.Users, func(u User) bool { return ID(u.Name) == p.ID })
	if who < 0 {
		return nil, fmt.Errorf("person %s: %w", p.Login, fault.ErrNotFound)
	}
	var all []directory.Group
	seen := map[string]bool{}
	for level, members := 1, []string{w.Users[who].Name}; len(members) > 0; level++ {
		var next []string
		for _, g := range w.Groups {
			isIn := slices.ContainsFunc(members, func(name string) bool { return slices.Contains(g.Members, name) })
			if isIn && !seen[g.Name] {
				seen[g.Name] = true
				next = append(next, g.Name)
				all = append(all, directory.Group{ID: ID(g.Name), Name: g.Name})
			}
		}
		if len(next) > 0 && level > directory.MaxLevels || len(all) > directory.MaxGroups {
			return nil, fmt.Errorf("groups of %s: over the limit", p.Login)
		}
		members = next
	}
	slices.SortFunc(all, func(a, b directory.Group) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// Group is directory.People's; a distinguished name is "CN=NAME" and nothing more.
func (m *Memory) Group(_ context.Context, name string) (directory.Group, error) {
	w, err := m.now()
	if err != nil {
		return directory.Group{}, err
	}
	var found []Group
	for _, g := range w.Groups {
		if same(ID(g.Name), name) || same(g.Name, name) || same("CN="+g.Name, name) {
			found = append(found, g)
		}
	}
	g, err := one("group "+name, found)
	if err != nil {
		return directory.Group{}, err
	}
	return directory.Group{ID: ID(g.Name), Name: g.Name}, nil
}
