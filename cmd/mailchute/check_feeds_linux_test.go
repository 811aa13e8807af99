package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// addFeed writes a second feed into a configuration.
func addFeed(t *testing.T, dir, path string) {
	t.Helper()
	file := filepath.Join(dir, "mailchute.toml")
	content, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(content, "\n[[feed]]\nname = 'second'\npath = '"+path+"'\nformat = 'postfix'\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// saysOverlap fails the test unless the output says so of both feeds.
func saysOverlap(t *testing.T, command, out, want string) {
	t.Helper()
	if !strings.Contains(out, want) || strings.Count(out, "give the feed a folder of its own") < 2 {
		t.Errorf("%s does not say that the second feed %s:\n%s", command, want, out)
	}
}

func TestOverlappingFeeds(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	if err := os.Symlink("drop", filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	addFeed(t, dir, "other")
	for _, command := range []string{"check", "drain"} {
		cmd := own(t, dir)
		cmd.Args[len(cmd.Args)-1] = command
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%s: got no failure", command)
		}
		saysOverlap(t, command, string(out), "is also the drop folder of feed incoming")
	}
	s := serveFarm(t, own(t, dir), dir)
	s.runs(2)
	s.end(map[string]int{cannotDrain: 2, "is also the drop folder of feed": 2})
}

// A bind mount shows a folder at another path, which no link and no name tells.
func TestFeedsOverlapByMount(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ source, want string }{
		{"drop", "is also the drop folder of feed incoming"},
		{"drop/sub", "lies in the drop folder of feed incoming"},
		{".", "holds the catalog"},
	} {
		t.Run(row.source, func(t *testing.T) {
			t.Parallel()
			dir := newFarm(t)
			mounted := filepath.Join(filepath.Dir(dir), "mounted")
			if err := errors.Join(os.Mkdir(mounted, 0o700), os.Mkdir(filepath.Join(dir, "drop", "sub"), 0o700)); err != nil {
				t.Fatal(err)
			}
			addFeed(t, dir, mounted)
			check := own(t, dir)
			check.Args[len(check.Args)-1] = "check"
			cmd := inNamespace(t, check, `mount --bind "$1" "$2"`, filepath.Join(dir, row.source), mounted)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Error("check: got no failure")
			}
			saysOverlap(t, "check", string(out), row.want)
		})
	}
}

// Something mounted inside a drop folder keeps files from being claimed: a file cannot be
// moved from one mount to another, of one disk or of two.
func TestMountInsideADropFolder(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"new", ".mailchute", ".mailchute/claimed"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			dir := newFarm(t)
			other := filepath.Join(filepath.Dir(dir), "other")
			if err := os.Mkdir(other, 0o700); err != nil {
				t.Fatal(err)
			}
			check := own(t, dir)
			check.Args[len(check.Args)-1] = "check"
			out, err := inNamespace(t, check, `mount --bind "$1" "$2"`, other, filepath.Join(dir, "drop", part)).CombinedOutput()
			if err == nil || strings.Count(string(out), "must lie on one file system, with nothing mounted inside it") != 1 {
				t.Errorf("check: got %v and\n%swant to hear of the mount", err, out)
			}
		})
	}
}

// Whoever else owns a drop folder, or keeps others from moving files there, is a warning.
func TestCheckDoubtsAFolderOfAnother(t *testing.T) {
	t.Parallel()
	u := newPlainUser(t)
	if u.attr == nil {
		missing(t, "needs the rights of root, to give a folder away")
	}
	u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "eml")
	drop := filepath.Join(u.dir, "farm", "drop")
	const stranger = nobody - 1
	edit(t, filepath.Join(u.dir, "farm", "mailchute.toml"), "owners = []", "owners = ['root']")
	if err := errors.Join(os.Chown(drop, stranger, stranger), os.Chmod(drop, 0o777|os.ModeSticky)); err != nil {
		t.Fatal(err)
	}
	out := u.must(t, exitDone, "-c", "farm", "check")
	for _, want := range []string{
		"drop has the sticky bit (mode 1777) and belongs to user 65533: user 65534 can take only its own files there; chmod -t it",
		"drop belongs to user 65533, who can remove and replace mail there",
	} {
		if strings.Count(out, want) != 1 {
			t.Errorf("got\n%swant a line with %q", out, want)
		}
	}
}
