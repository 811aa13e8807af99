package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/config"
)

// Each part of the data folder is missed when it is moved or replaced, and no longer when
// it is back.
func TestHome(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(filepath.Join(dir, config.FileName))
	must(err)
	f, err := openStore(t.Context(), cfg)
	must(err)
	home, err := newHome(f)
	must(err)
	must(home.stay())
	for _, part := range []struct {
		name, path string
		file       bool
	}{{"catalog", "catalog.db", true}, {"blobs", "blobs", false}, {"libraries", "libraries", false}, {"locks", "locks", false}} {
		at := filepath.Join(dir, part.path)
		missed := func(how string) {
			t.Helper()
			err := home.stay()
			if err == nil || !strings.Contains(err.Error(), "the "+part.name+" of the data folder") || !strings.Contains(err.Error(), at) {
				t.Errorf("%s %s: got %v, want it said of %s", part.name, how, err, at)
			}
			if _, _, err := home.space(); (err != nil) != part.file {
				t.Errorf("%s %s: got %v of the room for mail", part.name, how, err)
			}
		}
		must(os.Rename(at, at+".away"))
		missed("moved")
		if part.file {
			must(os.WriteFile(at, nil, 0o600))
		} else {
			must(os.Mkdir(at, 0o700))
		}
		missed("replaced")
		must(os.Remove(at))
		must(os.Rename(at+".away", at))
		must(home.stay())
	}
	must(f.Close())
}
