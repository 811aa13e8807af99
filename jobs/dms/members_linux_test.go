package dms_test

import (
	"slices"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

// A group has nobody, somebody, more than Active Directory tells at once, and more than it
// takes at once; and no one again.
func TestMemberCounts(t *testing.T) {
	t.Parallel()
	counts := map[string][]int{"slapd": {0, 1, 1501, 5000, 1500, 0}, "samba": {1501, 1, 0}, "fake AD": {1501, 0}}
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := directorytest.People()
			w.Contacts = append(w.Contacts, directorytest.CrowdOf(slices.Max(counts[name]))...)
			f := start(t, w).farm(t)
			f.group("team")
			f.ask("team", directory.Properties{LocalPart: "team"})
			for _, n := range counts[name] {
				f.setMembers("team", crowd(0, n)...)
				f.run()
				if got := len(f.members(f.at("team"))); got != n {
					t.Errorf("got %d members, want %d", got, n)
				}
				if got := len(f.known("group team").Missing); got != 0 {
					t.Errorf("got %d missing of %d", got, n)
				}
				f.idle()
			}
		})
	}
}
