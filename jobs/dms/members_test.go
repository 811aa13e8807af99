package dms_test

import (
	"fmt"
	"slices"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

// crowd returns people of the directory by number.
func crowd(from, to int) (members []string) {
	for i := from; i < to; i++ {
		members = append(members, fmt.Sprintf("address:crowd%d@corp.example", i))
	}
	return members
}

// Members change in requests of bounded size, those that go first; each is on record.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	w := directorytest.People()
	w.Contacts = directorytest.CrowdOf(1300)
	f.dir.SetWorld(w)
	f.group("team", crowd(0, 1201)...)
	f.ask("team", directory.Properties{LocalPart: "team"})
	f.run()
	f.setMembers("team", crowd(501, 1210)...)
	f.run()
	writes, err := f.DirectoryWrites(t.Context(), "group team")
	must(t, err)
	var got []string
	for _, w := range writes[1:] { // after the create
		got = append(got, fmt.Sprintf("-%d +%d", len(w.Changes[0].Before), len(w.Changes[0].After)))
	}
	if want := []string{"-0 +500", "-0 +500", "-0 +201", "-500 +0", "-1 +0", "-0 +9"}; !slices.Equal(got, want) {
		t.Errorf("got members %q, want %q", got, want)
	}
	if n := len(f.members(f.at("team"))); n != 709 {
		t.Errorf("got %d members, want 709", n)
	}
	f.audited(true)
	f.calm()
}
