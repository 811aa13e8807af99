package directorytest_test

import (
	"errors"
	"fmt"
	"testing"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/fault"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	directorytest.Run(t, directorytest.NewMemory(directorytest.People()))
}

func TestMemoryFails(t *testing.T) {
	t.Parallel()
	m := directorytest.NewMemory(directorytest.People())
	down := errors.New("down")
	m.Fail(down)
	if _, err := m.ByAddress(t.Context(), address.Address{Local: "bob", Domain: "corp.example"}); !errors.Is(err, down) {
		t.Errorf("got %v, want %v", err, down)
	}
	m.Fail(nil)
	m.Set(directorytest.World{})
	if _, err := m.ByLogin(t.Context(), "alice"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, want that nobody is there", err)
	}
}

func TestMemoryHasLimits(t *testing.T) {
	t.Parallel()
	user := directorytest.User{Name: "u", Login: "u"}
	many := func(n int) (all []directorytest.Group) {
		for i := range n {
			all = append(all, directorytest.Group{Name: fmt.Sprint("g", i), Members: []string{"u"}})
		}
		return all
	}
	for name, tt := range map[string]struct {
		groups []directorytest.Group
		fits   bool
	}{
		"levels":          {directorytest.Chain("u", directory.MaxLevels), true},
		"too many levels": {directorytest.Chain("u", directory.MaxLevels+1), false},
		"groups":          {many(directory.MaxGroups), true},
		"too many groups": {many(directory.MaxGroups + 1), false},
	} {
		m := directorytest.NewMemory(directorytest.World{Users: []directorytest.User{user}, Groups: tt.groups})
		groups, err := m.GroupsOf(t.Context(), directory.Person{ID: directorytest.ID("u")})
		if (err == nil) != tt.fits || tt.fits && len(groups) != len(tt.groups) || errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: got %d groups, %v", name, len(groups), err)
		}
	}
}
