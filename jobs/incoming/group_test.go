package incoming_test

import (
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/library"
	"mailchute/store"
)

// Mail for what is somebody's, and no library's, is held with what to do about it.
func TestGroupAddressDetail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.distribution("staff")
	ctx := t.Context()
	run, err := w.store.OpenRun(ctx, "dms", "manual")
	w.must(err)
	w.must(w.store.RecordDirectory(ctx, run.ID, store.DirectoryResult{Ends: []store.Ending{{Request: 1, To: directory.Applied}}}))
	w.must(w.store.AddGroup(ctx, access.Group{Name: "crew", Site: "default"}))
	w.must(w.store.SetSettings(ctx, map[string]string{"approve_create": "true", "approve_rename": "false", "alias_keep": "30d"}))
	_, err = w.store.AskDistribution(ctx, "crew", store.Ask{Want: directory.Properties{LocalPart: "crew"}})
	w.must(err)
	_, err = w.store.AskDistribution(ctx, "staff", store.Ask{Want: directory.Properties{LocalPart: "everybody"}})
	w.must(err)
	w.must(w.store.PutFarmContact(ctx, store.FarmContact{Alias: "docs", Forward: "docs@farm.example", Client: "farm"}, ""))
	w.library(library.Library{Name: "old"})
	w.must(w.store.RemoveLibrary(ctx, "old", true))

	for local, want := range map[string][]string{
		"crew":      {"group-address", "crew is the address of group crew", "request 2 to create it waits", "mailchute help directory", "held release --to LIBRARY"},
		"CREW+x":    {"group-address", "crew is the address of group crew"},
		"staff":     {"group-address", "staff was the address of group staff until that became everybody"},
		"everybody": {"group-address", "everybody is the address of group staff", "request 3 to rename it is approved"},
		"docs":      {"unknown-address", "contact of another farm", "docs@farm.example"},
		"docs+x":    {"unknown-address", "contact of another farm"},
		"old":       {"unknown-address", "was that of library old", "alias_keep"},
		"nobody+x":  {"unknown-address", "no library has the local part nobody+x"},
	} {
		file := strings.ToLower(local) + ".eml"
		w.drop(file, mail("alice@case.test", local+"@case.test")+letter)
		r := w.explain(filepath.Join(w.dir, "drop", file)).Recipients[0]
		for _, text := range want[1:] {
			if string(r.Reason) != want[0] || !strings.Contains(strings.ToLower(r.Detail), strings.ToLower(text)) {
				t.Errorf("%s: got %s, %q; want %q", local, r.Reason, r.Detail, want)
			}
		}
	}
	if sum := w.drain(); sum.Held != 8 {
		t.Errorf("got %+v, want all held", sum)
	}
	w.verify()
}
