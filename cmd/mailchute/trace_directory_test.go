package main

import (
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/config"
	"mailchute/pkg/directory"
	"mailchute/store"
)

// What another farm asked for is found by its alias, beside groups of the catalog.
func TestTraceOfAnotherFarm(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	cfg, err := config.Load(filepath.Join(dir, "mailchute.toml"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := openStore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ask := store.Ask{Want: directory.Properties{LocalPart: "Staff", Title: "All"}, Actor: "soap:farm"}
	if _, err := f.AskFarmDistribution(t.Context(), "Staff", ask); err != nil {
		t.Fatal(err)
	}
	contact := store.FarmContact{Client: "soap:farm", Alias: "Finance", LastName: "Finance", Forward: "finance@farm.example"}
	if err := f.PutFarmContact(t.Context(), contact, ""); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	mailchute(t, "-c", dir, "request", "approve", "1")
	mailchute(t, "-c", dir, "group", "add", "staff")

	group := mailchute(t, "-c", dir, "trace", "group:staff")
	for _, want := range []string{"group staff of another farm", "soap:farm", "1: asked for", "pending -> approved", "create cn=staff"} {
		if !strings.Contains(group, want) {
			t.Errorf("got\n%swant %q in it", group, want)
		}
	}
	if got := mailchute(t, "-c", dir, "trace", "contact:FINANCE"); !strings.Contains(got, "create cn=finance; ") {
		t.Errorf("got\n%swant the contact's making", got)
	}
}
