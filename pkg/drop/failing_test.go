package drop_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailchute/pkg/drop"
)

// claimed returns the names of the items of one pass, which it finishes, and its errors.
func claimed(t *testing.T, folder *drop.Folder) (took []string, failed []error) {
	t.Helper()
	for item, err := range folder.Claim(t.Context()) {
		if err != nil {
			failed = append(failed, err)
			continue
		}
		took = append(took, item.Name)
		ok(t, item.Finish())
	}
	slices.Sort(took)
	return took, failed
}

// TestDamagedFile: what cannot be moved or opened for a fault of its own keeps nobody else
// waiting, and is taken when the fault is gone.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	fault := func(name string) error {
		if strings.HasSuffix(name, "bad.eml") || strings.Contains(name, ".X") {
			return syscall.EIO
		}
		return nil
	}
	for name, damage := range map[string]func(*faultyFS){
		"rename": func(f *faultyFS) { f.rename = func(name, _ string) error { return fault(name) } },
		"lstat":  func(f *faultyFS) { f.lstat = fault },
		"open":   func(f *faultyFS) { f.file = fault },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if name == "open" {
				w.needsLeases()
			}
			for i := range 10 {
				w.write(fmt.Sprintf("%d.eml", i), eml)
			}
			w.write("bad.eml", eml)
			w.write(fmt.Sprintf(".mailchute/retry/%d.0.1.0.X/old.eml", w.clock().UnixMilli()), eml)
			fsys := w.fs()
			folder := w.open(fsys, "eml")
			damage(fsys)
			took, failed := claimed(t, folder)
			want := 10
			if name != "rename" {
				want++ // the one in retry
			}
			if len(took) != want || len(failed) != 12-want {
				t.Errorf("got %q and %v, want all but the damaged", took, failed)
			}
			for _, err := range failed {
				wantErr(t, "Claim", err, syscall.EIO)
				if _, passed := errors.AsType[*drop.Passed](err); !passed {
					t.Errorf("got %v, want it said of the file alone", err)
				}
				if _, unreadable := errors.AsType[*drop.Unreadable](err); unreadable {
					t.Errorf("got %v, which is not said again when the fault is gone", err)
				}
			}
			*fsys = faultyFS{FS: fsys.FS}
			if took, failed := claimed(t, folder); len(took) != 12-want || failed != nil {
				t.Errorf("without the fault: got %q and %v, want the rest", took, failed)
			}
			ok(t, folder.Close())
		})
	}
}

// TestNothingMoves: where no file can be moved a pass does not try them all.
func TestNothingMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 100
	for i := range n {
		w.write(fmt.Sprintf("new/%d", i), eml)
	}
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	fsys.rename = func(oldname, _ string) error {
		if strings.Contains(oldname, ".mailchute-") { // the self-test
			return nil
		}
		return syscall.ENOSPC
	}
	took, failed := claimed(t, folder)
	if len(took) != 0 || len(failed) == 0 || len(failed) > n/2 {
		t.Errorf("took %d, failed %d times, want none and few", len(took), len(failed))
	}
	fsys.rename = nil
	if took, failed := claimed(t, folder); len(took) != n || failed != nil {
		t.Errorf("with room: took %d, %v, want all", len(took), failed)
	}
	ok(t, folder.Close())
}

// TestNoDescriptors: while there are none, what was said stands, and no file is taken from
// its writer.
func TestNoDescriptors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	options := w.options("postfix")
	options.Owners = []int{os.Geteuid() + 1}
	fsys := w.fs()
	folder, err := drop.Open(fsys, options)
	ok(t, err)
	_, _, err = claimOne(t, folder).Open()
	if _, unreadable := errors.AsType[*drop.Unreadable](err); !unreadable {
		t.Fatalf("got %v, want an Unreadable", err)
	}
	for _, lstat := range []error{syscall.EMFILE, nil} {
		fsys.lstat = func(string) error { return lstat }
		if got := claim(t, folder); len(got) != 0 {
			t.Errorf("with %v: claimed again: %q", lstat, names(got))
		}
	}
	ok(t, folder.Close())
}

func TestNoDescriptorForALease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.needsLeases()
	fsys := w.fs()
	folder := w.open(fsys, "eml")
	defer noForks()()
	writer, err := os.Create(filepath.Join(w.dir, "a.eml"))
	ok(t, err)
	defer writer.Close()
	_, err = writer.WriteString(eml)
	ok(t, err)
	w.pass(time.Hour) // it pauses
	fsys.file = func(string) error { return syscall.EMFILE }
	took, failed := claimed(t, folder)
	if len(took) != 0 || len(failed) != 1 || !errors.Is(failed[0], syscall.EMFILE) {
		t.Errorf("got %q and %v, want nothing and %v", took, failed, syscall.EMFILE)
	}
}

// TestSwapped puts something else in a file's place just before it is claimed.
func TestSwapped(t *testing.T) {
	t.Parallel()
	for name, swap := range map[string]func(name string) error{
		"link":   func(name string) error { return os.Symlink("/etc/passwd", name) },
		"folder": func(name string) error { return os.MkdirAll(filepath.Join(name, "x", "y"), 0o700) },
		"fifo":   mkfifo,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.write("a.eml", eml)
			fsys := w.fs()
			folder := w.open(fsys, "eml")
			fsys.rename = func(oldname, _ string) error {
				if oldname != "a.eml" {
					return nil
				}
				file := filepath.Join(w.dir, oldname)
				return errors.Join(os.Remove(file), swap(file))
			}
			item := claimOne(t, folder)
			_, _, err := item.Open()
			if _, unreadable := errors.AsType[*drop.Unreadable](err); !unreadable {
				t.Errorf("got %v, want an Unreadable", err)
			}
			if _, err := os.Lstat(filepath.Join(w.dir, "a.eml")); err != nil {
				t.Errorf("it is not back: %v", err)
			}
			ok(t, folder.Close())
		})
	}
}

// TestParkTriedAgain: each try to defer goes on from where the last one failed, and leaves
// nothing.
func TestParkTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	item := claimOne(t, folder)
	fsys.rename = func(_, newname string) error {
		if strings.HasPrefix(newname, ".mailchute/retry/") {
			return syscall.EMLINK
		}
		return nil
	}
	folders := func() int {
		list, err := filepath.Glob(filepath.Join(w.dir, ".mailchute/claimed/*/*"))
		ok(t, err)
		return len(list)
	}
	wantErr(t, "Defer", item.Defer(true), syscall.EMLINK)
	before := folders()
	for range 3 {
		wantErr(t, "Defer", item.Defer(true), syscall.EMLINK)
	}
	if after := folders(); after != before {
		t.Errorf("got %d folders after three more tries, want %d", after, before)
	}
	fsys.rename = nil
	ok(t, item.Defer(true))
	w.pass(time.Hour)
	again := claimOne(t, folder)
	if again.Deferrals != 1 {
		t.Errorf("got %d deferrals, want 1", again.Deferrals)
	}
	ok(t, again.Finish())
	ok(t, folder.Close())
	if left, err := filepath.Glob(filepath.Join(w.dir, ".mailchute/[crt]*/*")); len(left) != 0 || err != nil {
		t.Errorf("left %q, %v", left, err)
	}
}
