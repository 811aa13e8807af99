package durable_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mailchute/pkg/durable"
)

func TestNothingLeavesTheFolder(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	outside := t.TempDir()
	write(t, filepath.Join(outside, "x"), "theirs")
	write(t, filepath.Join(dir, "mine"), "mine")
	ok(t, os.Symlink(outside, filepath.Join(dir, "way-out")))
	rel, err := filepath.Rel(dir, outside)
	ok(t, err)
	for _, out := range []string{"way-out", rel} {
		for call, err := range callBelow(fsys, out) {
			if err == nil {
				t.Errorf("%s through %q left the folder", call, out)
			}
		}
	}
	if got := read(t, filepath.Join(outside, "x")); got != "theirs" {
		t.Errorf("the file outside has become %q", got)
	}
}

// callBelow returns what each method says to a name below folder.
func callBelow(fsys durable.FS, folder string) map[string]error {
	calls := map[string]error{
		"Mkdir": fsys.Mkdir(folder+"/new", 0o700), "Remove": fsys.Remove(folder + "/x"), "SyncDir": fsys.SyncDir(folder),
		"Rename from": fsys.Rename(folder+"/x", "new"), "Rename to": fsys.Rename("mine", folder+"/new"),
		"Rename within": fsys.Rename(folder+"/x", folder+"/new"),
		"Replace from":  fsys.Replace(folder+"/x", "new"), "Replace to": fsys.Replace("mine", folder+"/x"),
	}
	_, calls["Lstat"] = fsys.Lstat(folder + "/x")
	_, calls["Lstat further down"] = fsys.Lstat(folder + "/x/y")
	for _, err := range fsys.List(folder) {
		calls["List"] = err
	}
	for call, open := range map[string]func() (io.Closer, error){
		"Open":   func() (io.Closer, error) { return fsys.Open(folder + "/x") },
		"Create": func() (io.Closer, error) { return fsys.Create(folder+"/new", 0o600) },
		"Lock":   func() (io.Closer, error) { return fsys.Lock(folder + "/x") },
	} {
		f, err := open()
		if err == nil {
			err = f.Close()
		}
		calls[call] = err
	}
	f, err := fsys.Open("mine")
	if err == nil {
		err = errors.Join(fsys.Link(f, folder+"/new"), f.Close())
	}
	calls["Link"] = err
	return calls
}

func TestRenameNeverReplaces(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	write(t, filepath.Join(dir, "a"), "a")
	write(t, filepath.Join(dir, "b"), "b")
	ok(t, fsys.Mkdir("full", 0o700))
	ok(t, fsys.Mkdir("empty", 0o700))
	write(t, filepath.Join(dir, "full/x"), "x")
	wantErr(t, "file over file", fsys.Rename("a", "b"), fs.ErrExist)
	wantErr(t, "folder over empty folder", fsys.Rename("full", "empty"), fs.ErrExist)
	wantErr(t, "no such file", fsys.Rename("none", "c"), fs.ErrNotExist)
	ok(t, fsys.Rename("full", "moved"))
	ok(t, fsys.Rename("a", "empty/a"))
	if a, b := read(t, filepath.Join(dir, "empty/a")), read(t, filepath.Join(dir, "b")); a != "a" || b != "b" {
		t.Errorf("got %q and %q, want a and b", a, b)
	}
	ok(t, fsys.Replace("empty/a", "b"))
	if b := read(t, filepath.Join(dir, "b")); b != "a" {
		t.Errorf("after Replace: got %q, want a", b)
	}
}

// TestRenameRaces lets two movers fight: over one source, and over one target.
func TestRenameRaces(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	race := func(from, to [2]string) (won int) {
		var errs [2]error
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = fsys.Rename(from[i], to[i]) })
		}
		wg.Wait()
		for _, err := range errs {
			if err == nil {
				won++
			}
		}
		return won
	}
	for i := range 200 {
		name := func(s string) string { return fmt.Sprintf("%s%d", s, i) }
		write(t, filepath.Join(dir, name("a")), "a")
		if won := race([2]string{name("a"), name("a")}, [2]string{name("b"), name("c")}); won != 1 {
			t.Fatalf("%d of 2 movers got one file", won)
		}
		write(t, filepath.Join(dir, name("x")), "x")
		write(t, filepath.Join(dir, name("y")), "y")
		if won := race([2]string{name("x"), name("y")}, [2]string{name("z"), name("z")}); won != 1 {
			t.Fatalf("%d of 2 movers got one name", won)
		}
	}
}

func TestLinkNamesTheOpenFile(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	write(t, filepath.Join(dir, "a"), "wanted")
	f, err := fsys.Open("a")
	ok(t, err)
	defer f.Close()
	ok(t, os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "moved")))
	write(t, filepath.Join(dir, "a"), "another")
	ok(t, fsys.Link(f, "b"))
	if got := read(t, filepath.Join(dir, "b")); got != "wanted" {
		t.Errorf("got %q, want the open file", got)
	}
	wantErr(t, "Link to a taken name", fsys.Link(f, "a"), fs.ErrExist)
	other, otherDir := open(t)
	ok(t, other.Link(f, "c"))
	if got := read(t, filepath.Join(otherDir, "c")); got != "wanted" {
		t.Errorf("over two folders: got %q, want the open file", got)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	ok(t, fsys.Mkdir("full", 0o700))
	wantErr(t, "Mkdir of a taken name", fsys.Mkdir("full", 0o700), fs.ErrExist)
	write(t, filepath.Join(dir, "full/a"), "a")
	if err := fsys.Remove("full"); err == nil {
		t.Error("a folder that is not empty was removed")
	}
	ok(t, fsys.Remove("full/a"))
	ok(t, fsys.Remove("full"))
	wantErr(t, "Remove", fsys.Remove("full"), fs.ErrNotExist)
}
