package durable_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mailchute/pkg/durable"
)

func openDir(t *testing.T) (durable.FS, string) {
	t.Helper()
	dir := t.TempDir()
	fsys, err := durable.Open(dir)
	check(t, err)
	t.Cleanup(func() { check(t, fsys.Close()) })
	return fsys, dir
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, fsys durable.FS, name string) {
	t.Helper()
	f, err := fsys.Create(name, 0o600)
	check(t, err)
	check(t, f.Close())
}

func wantEntries(t *testing.T, dir string, want int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	if len(entries) != want {
		t.Errorf("%s: got %d entries %v, want %d", filepath.Base(dir), len(entries), entries, want)
	}
}

func TestNamesAreNewAndCloseRemovesThem(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	a, err := durable.OpenScratch(fsys, "tmp")
	check(t, err)
	b, err := durable.OpenScratch(fsys, "tmp")
	check(t, err)
	for _, name := range []string{a.Name(), a.Name(), b.Name()} {
		create(t, fsys, name)
	}
	wantEntries(t, filepath.Join(dir, "tmp"), 2)
	check(t, a.Close())
	wantEntries(t, filepath.Join(dir, "tmp"), 1)
	create(t, fsys, b.Name())
	check(t, b.Close())
	wantEntries(t, filepath.Join(dir, "tmp"), 0)
}

func TestOpenSweepsTheDeadOnly(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	check(t, os.MkdirAll(filepath.Join(dir, "tmp", "dead"), 0o700))
	check(t, os.MkdirAll(filepath.Join(dir, "tmp", "empty"), 0o700))
	create(t, fsys, "tmp/dead/1")
	create(t, fsys, "tmp/dead/2")
	alive, err := durable.OpenScratch(fsys, "tmp")
	check(t, err)
	wantEntries(t, filepath.Join(dir, "tmp"), 1)
	name := alive.Name()
	create(t, fsys, name)
	other, err := durable.OpenScratch(fsys, "tmp")
	check(t, err)
	if _, err := fsys.Lstat(name); err != nil {
		t.Errorf("file of a living process: %v", err)
	}
	check(t, errors.Join(other.Close(), alive.Close()))
}

func TestOpenRefusesAParentThatIsNoFolder(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	check(t, os.Mkdir(filepath.Join(dir, "elsewhere"), 0o700))
	check(t, os.Symlink("elsewhere", filepath.Join(dir, "tmp")))
	if _, err := durable.OpenScratch(fsys, "tmp"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Open: got %v, want %v", err, fs.ErrExist)
	}
	wantEntries(t, filepath.Join(dir, "elsewhere"), 0)
}

func TestOpenSideBySide(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			f, err := durable.OpenScratch(fsys, "tmp")
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			file, err := fsys.Create(f.Name(), 0o600)
			if err != nil {
				t.Errorf("Create: %v", err)
				return
			}
			if err := errors.Join(file.Close(), f.Close()); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
	wantEntries(t, filepath.Join(dir, "tmp"), 0)
}

// hasty is where another process sweeps a new folder before Lock has it, or after Lock
// has opened it.
type hasty struct {
	durable.FS
	sweeps int
	opened bool
}

func (h *hasty) Lock(name string) (io.Closer, error) {
	h.sweeps--
	if h.sweeps >= 0 && !h.opened {
		if err := h.Remove(name); err != nil {
			return nil, err
		}
	}
	lock, err := h.FS.Lock(name)
	if err == nil && h.sweeps >= 0 && h.opened {
		err = h.Remove(name)
	}
	return lock, err
}

func TestOpenSurvivesASweepOfItsNewFolder(t *testing.T) {
	t.Parallel()
	for _, opened := range []bool{false, true} {
		fsys, _ := openDir(t)
		f, err := durable.OpenScratch(&hasty{FS: fsys, sweeps: 2, opened: opened}, "tmp")
		check(t, err)
		create(t, fsys, f.Name())
		check(t, f.Close())
		if _, err := durable.OpenScratch(&hasty{FS: fsys, sweeps: 1000, opened: opened}, "tmp"); err == nil {
			t.Errorf("opened %v: Open whose folder is always swept: got no error", opened)
		}
	}
}
