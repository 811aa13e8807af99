package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What every user of the system can write is no ground to decide on: nothing is drained
// while that is the configuration or the catalog, and check says so of the rest.
func TestOpenToEverybody(t *testing.T) {
	t.Parallel()
	u := newPlainUser(t)
	if err := os.Chmod(filepath.Dir(u.dir), 0o755); err != nil { //nolint:gosec // as that of a system
		t.Fatal(err)
	}
	for dir := u.dir; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			missing(t, dir+" is closed to others: set TMPDIR to a folder that they may enter")
		}
	}
	u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "eml", "--sender-trust", "claimed")
	u.must(t, exitDone, "-c", "farm", "drain")
	farm := filepath.Join(u.dir, "farm")
	for _, row := range []struct {
		path string
		mode os.FileMode
		want string // "" the farm is drained, and somebody should look at it
	}{
		{".", 0o777, "the catalog's folder is open to everybody"},
		{"mailchute.toml", 0o666, "the configuration is open to everybody"},
		{"catalog.db", 0o666, "the catalog is open to everybody"},
		{"blobs", 0o777, ""},
		{"libraries", 0o777 | os.ModeSticky, ""},
		{"locks", 0o703, ""},
	} {
		path := filepath.Join(farm, row.path)
		before, err := os.Stat(path)
		if err == nil {
			err = os.Chmod(path, row.mode)
		}
		if err != nil {
			t.Fatal(err)
		}
		code, kind, want := exitFailed, "FAIL", row.want
		if want == "" {
			code, kind, want = exitDone, "warn", row.path+": "
		}
		says := func(command, out string) {
			if !strings.Contains(out, want) || !strings.Contains(out, "chmod o-w") {
				t.Errorf("%s, %s: got\n%swant %q and what to do", row.path, command, out, want)
			}
		}
		says("drain", u.must(t, code, "-c", "farm", "drain"))
		check := u.must(t, code, "-c", "farm", "check")
		says("check", check)
		if !strings.Contains(check, kind+"  rights: ") {
			t.Errorf("%s: check says\n%swant %s of rights", row.path, check, kind)
		}
		if code == exitFailed {
			says("serve", u.must(t, code, "-c", "farm", "serve"))
		}
		if err := os.Chmod(path, before.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if out := u.must(t, exitDone, "-c", "farm", "drain"); strings.Contains(out, "warning") {
		t.Errorf("with the rights as they were:\n%s", out)
	}
}

// Root could do everything in another user's data folder, and what it makes there would be
// in that user's way: it is told so, and drains nothing.
func TestDataFolderOfAnotherUser(t *testing.T) {
	t.Parallel()
	u, drop, _ := strangersFarm(t)
	if out := u.must(t, exitDone, "-c", "farm", "check"); strings.Contains(out, "the catalog belongs") {
		t.Errorf("its own user is told\n%s", out)
	}
	mailTo(t, filepath.Join(drop, "a.eml"))
	u.attr = nil // root
	for _, command := range []string{"check", "drain"} {
		out := u.must(t, exitFailed, "-c", "farm", command)
		for _, want := range []string{
			"the catalog belongs to user 65534, and this is run by user 0",
			"and belong to user 0 (it belongs to user 65534)",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: got\n%swant %q", command, out, want)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(drop, "a.eml")); err != nil {
		t.Error(err)
	}
}
