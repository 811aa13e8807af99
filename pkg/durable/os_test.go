package durable_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
