package drop_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
)

// lockFS is a folder whose locks go another way.
type lockFS struct {
	durable.FS
	lock func(name string) (io.Closer, error)
}

func (l lockFS) Lock(name string) (io.Closer, error) { return l.lock(name) }

// A process that cannot lock its claims says so and takes none.
func TestNoLock(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  error
		says string
		left int // folders in .mailchute/tmp
	}{
		"none left":     {syscall.ENOLCK, "no locks available", 0},
		"not supported": {errors.ErrUnsupported, "on file systems with locks", 0},
		"disk fails":    {syscall.EIO, "input/output error", 0},
		"always locked": {durable.ErrLocked, "another process takes away each folder", 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.write("new/a", eml)
			_, err := drop.Open(lockFS{w.fs(), func(string) (io.Closer, error) { return nil, row.err }}, w.options("postfix"))
			for _, want := range []string{w.dir, "this process cannot lock its claims, so it takes none", row.says} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %q", err, want)
				}
			}
			if row.err != durable.ErrLocked { //nolint:errorlint // it is not wrapped here
				wantErr(t, "Open", err, row.err)
			}
			if _, err := os.Stat(filepath.Join(w.dir, "new/a")); err != nil {
				t.Errorf("the mail is not where it was: %v", err)
			}
			for folder, want := range map[string]int{"tmp": row.left, "claimed": 0} {
				left, err := os.ReadDir(filepath.Join(w.dir, ".mailchute", folder))
				ok(t, err)
				if len(left) != want {
					t.Errorf("got %d folders in %s, want %d", len(left), folder, want)
				}
			}
			folder := w.open(w.fs(), "postfix") // with locks all is well, and nothing is left
			ok(t, claimOne(t, folder).Finish())
			ok(t, folder.Close())
			if left, err := os.ReadDir(filepath.Join(w.dir, ".mailchute/tmp")); len(left) > 0 || err != nil {
				t.Errorf("got %v, %v left in tmp", left, err)
			}
		})
	}
}

// Whoever takes a new folder away before it is locked delays its owner, and no more.
func TestFolderTakenAwayAtTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fsys := w.fs()
	tries := 0
	folder, err := drop.Open(lockFS{fsys, func(name string) (io.Closer, error) {
		if tries++; tries < 5 {
			ok(t, fsys.Remove(name))
		}
		return fsys.Lock(name)
	}}, w.options("postfix"))
	ok(t, err)
	if tries != 5 {
		t.Errorf("got %d tries, want the fifth to do", tries)
	}
	ok(t, folder.Close())
}

// The claims of a dead process are there as soon as its lock is, by a clock that stands
// still; those of one that lives are not, however long it is silent.
func TestClaimsOfTheDeadAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	first := w.open(w.fs(), "postfix")
	claimOne(t, first)
	second := w.open(w.fs(), "postfix")
	for range 3 {
		if got := claim(t, second); len(got) != 0 {
			t.Fatalf("taken from a live process: %q", names(got))
		}
		w.pass(1000 * time.Hour)
	}
	ok(t, first.Die())
	item := claimOne(t, second)
	if item.Crashes != 1 {
		t.Errorf("got %d crashes, want 1", item.Crashes)
	}
	ok(t, item.Finish())
	ok(t, second.Close())
	if left := w.files("."); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}
