package durable_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
)

// open returns an FS on a new folder, and that folder's path.
func open(t *testing.T) (durable.FS, string) {
	t.Helper()
	dir := t.TempDir()
	fsys, err := durable.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fsys.Close(); err != nil {
			t.Error(err)
		}
	})
	return fsys, dir
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	f, err := fsys.Create("a", 0o600)
	ok(t, err)
	_, err = io.WriteString(f, "text")
	ok(t, err)
	ok(t, f.Sync())
	ok(t, f.Close())
	if got := read(t, filepath.Join(dir, "a")); got != "text" {
		t.Errorf("got %q, want %q", got, "text")
	}
	_, err = fsys.Create("a", 0o600)
	wantErr(t, "Create of a taken name", err, fs.ErrExist)
	ok(t, os.Symlink("b", filepath.Join(dir, "dangling")))
	_, err = fsys.Create("dangling", 0o600)
	wantErr(t, "Create over a dangling link", err, fs.ErrExist)
	_, err = fsys.Create("none/a", 0o600)
	wantErr(t, "Create in no folder", err, fs.ErrNotExist)
}

func TestErrorsNameThePath(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	_, err := fsys.Open("sub/none")
	e, isPathError := errors.AsType[*fs.PathError](err)
	if !isPathError || e.Path != filepath.Join(dir, "sub/none") {
		t.Errorf("got error %v, want one with the path %s", err, filepath.Join(dir, "sub/none"))
	}
}

func TestNothingLeavesTheFolder(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret"), "secret")
	write(t, filepath.Join(dir, "mine"), "mine")
	ok(t, os.Symlink(outside, filepath.Join(dir, "way-out")))
	rel, err := filepath.Rel(dir, outside)
	ok(t, err)
	mine, err := fsys.Open("mine")
	ok(t, err)
	defer mine.Close()
	for _, out := range []string{"way-out", rel} {
		calls := map[string]error{}
		_, calls["Open"] = fsys.Open(out + "/secret")
		_, calls["Lstat"] = fsys.Lstat(out + "/secret")
		_, calls["Create"] = fsys.Create(out+"/new", 0o600)
		calls["Mkdir"] = fsys.Mkdir(out+"/new", 0o700)
		calls["Rename out"] = fsys.Rename("mine", out+"/new")
		calls["Rename in"] = fsys.Rename(out+"/secret", "new")
		calls["Replace"] = fsys.Replace("mine", out+"/secret")
		calls["Link"] = fsys.Link(mine, out+"/new")
		calls["Remove"] = fsys.Remove(out + "/secret")
		calls["SyncDir"] = fsys.SyncDir(out)
		_, calls["Lock"] = fsys.Lock(out + "/secret")
		for _, err := range fsys.List(out) {
			calls["List"] = err
		}
		for call, err := range calls {
			if err == nil {
				t.Errorf("%s through %q left the folder", call, out)
			}
		}
	}
	if got := read(t, filepath.Join(outside, "secret")); got != "secret" {
		t.Errorf("the file outside has become %q", got)
	}
}

func TestFolderStaysWhenItsPathMoves(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	path := filepath.Join(parent, "link")
	ok(t, os.Mkdir(filepath.Join(parent, "real"), 0o700))
	ok(t, os.Mkdir(filepath.Join(parent, "other"), 0o700))
	ok(t, os.Symlink("real", path))
	fsys, err := durable.Open(path)
	ok(t, err)
	defer fsys.Close()
	ok(t, os.Remove(path))
	ok(t, os.Symlink("other", path))
	ok(t, fsys.Mkdir("a", 0o700))
	if _, err := os.Stat(filepath.Join(parent, "real/a")); err != nil {
		t.Errorf("the folder was not the one first found: %v", err)
	}
	if got := fsys.Path(); got != path {
		t.Errorf("got path %q, want %q", got, path)
	}
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

func TestListStreams(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	var want []string
	for i := range 1203 {
		name := fmt.Sprintf("f%04d", i)
		want = append(want, name)
		write(t, filepath.Join(dir, name), "")
	}
	var got []string
	for entry, err := range fsys.List(".") {
		ok(t, err)
		got = append(got, entry.Name())
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, err := range fsys.List(".") {
		ok(t, err)
		break
	}
	for _, err := range fsys.List("none") {
		wantErr(t, "List", err, fs.ErrNotExist)
	}
}

func TestSyncs(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	write(t, filepath.Join(dir, "a"), "a")
	ok(t, fsys.SyncDir("."))
	ok(t, fsys.Barrier())
	wantErr(t, "SyncDir", fsys.SyncDir("none"), fs.ErrNotExist)
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

func TestInPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at, link := filepath.Join(dir, "a"), filepath.Join(dir, "link")
	for _, err := range []error{os.Mkdir(at, 0o700), os.Symlink("a", link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	fsys, err := durable.Open(link)
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	steps := []struct {
		what string
		do   func() error
		want bool
	}{
		{"opened", func() error { return nil }, true},
		{"the link leads nowhere", func() error { return os.Remove(link) }, true},
		{"moved", func() error { return os.Rename(at, at+"2") }, false},
		{"replaced", func() error { return os.Mkdir(at, 0o700) }, false},
		{"back again", func() error { return errors.Join(os.Remove(at), os.Rename(at+"2", at)) }, true},
		{"removed", func() error { return os.Remove(at) }, false},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := fsys.InPlace(); got != step.want {
			t.Errorf("%s: in place: got %v, want %v", step.what, got, step.want)
		}
	}
}
