package durable_test

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
)

func openFsync(t *testing.T) (durable.FS, string) {
	t.Helper()
	dir := t.TempDir()
	fsys, err := durable.OpenWay(dir, durable.Fsync)
	check(t, err)
	t.Cleanup(func() { _ = fsys.Close() })
	return fsys, dir
}

// makeFile makes a file and closes it.
func makeFile(fsys durable.FS, name string) error {
	f, err := fsys.Create(name, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, "bytes")
	return errors.Join(err, f.Close())
}

// A barrier by fsync syncs the files that were made and the folders that were changed,
// with those above, and then knows of nothing.
func TestFsyncKnowsWhatChanged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		change  func(fsys durable.FS) error
		files   int
		folders []string
	}{
		{"nothing", func(durable.FS) error { return nil }, 0, nil},
		{"a file", func(f durable.FS) error { return makeFile(f, "a/b/new") }, 1, []string{".", "a", "a/b"}},
		{"a file that was read", func(f durable.FS) error {
			file, err := f.Open("a/b/old")
			return errors.Join(err, file.Close())
		}, 0, nil},
		{"a folder", func(f durable.FS) error { return f.Mkdir("a/new", 0o700) }, 0, []string{".", "a"}},
		{"a rename", func(f durable.FS) error { return f.Rename("a/b/old", "c/new") }, 0, []string{".", "a", "a/b", "c"}},
		{"a replacement", func(f durable.FS) error { return f.Replace("a/b/old", "c/taken") }, 0, []string{".", "a", "a/b", "c"}},
		{"a folder that was changed and moved", func(f durable.FS) error {
			return errors.Join(f.Remove("a/b/old"), f.Rename("a", "c/d"))
		}, 0, []string{".", "a", "a/b", "c", "c/d", "c/d/b"}},
		{"a folder that was changed and removed", func(f durable.FS) error {
			return errors.Join(f.Remove("a/b/old"), f.Remove("a/b"))
		}, 0, []string{".", "a", "a/b"}},
		{"a link", func(f durable.FS) error {
			file, err := f.Open("a/b/old")
			return errors.Join(err, f.Link(file, "c/new"), file.Close())
		}, 0, []string{".", "c"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			fsys, _ := openFsync(t)
			check(t, errors.Join(
				fsys.Mkdir("a", 0o700), fsys.Mkdir("a/b", 0o700), fsys.Mkdir("c", 0o700),
				makeFile(fsys, "a/b/old"), makeFile(fsys, "c/taken"), fsys.Barrier(), row.change(fsys),
			))
			files, folders := durable.Changes(fsys)
			if diff := cmp.Diff(row.folders, folders); diff != "" || files != row.files {
				t.Errorf("got %d files, want %d; folders (-want +got):\n%s", files, row.files, diff)
			}
			check(t, fsys.Barrier())
			if files, folders := durable.Changes(fsys); files+len(folders) > 0 {
				t.Errorf("after the barrier: got %d files and folders %q", files, folders)
			}
		})
	}
}

// However many files are closed, few descriptors wait for the barrier.
func TestFsyncKeepsFewDescriptors(t *testing.T) {
	t.Parallel()
	fsys, _ := openFsync(t)
	const most = 256
	for i := range most + 50 {
		check(t, makeFile(fsys, fmt.Sprint(i)))
	}
	if files, _ := durable.Changes(fsys); files != most {
		t.Errorf("got %d files that wait for the barrier, want %d", files, most)
	}
	check(t, fsys.Barrier())
}

func TestFsyncClosesOnce(t *testing.T) {
	t.Parallel()
	fsys, _ := openFsync(t)
	f, err := fsys.Create("a", 0o600)
	check(t, errors.Join(err, f.Close()))
	_, errWrite := f.Write([]byte("more"))
	_, errStat := f.Stat()
	for what, err := range map[string]error{"Close": f.Close(), "Write": errWrite, "Stat": errStat, "Link": fsys.Link(f, "b")} {
		if err == nil {
			t.Errorf("%s of a closed file: got no error", what)
		}
	}
	if files, _ := durable.Changes(fsys); files != 1 {
		t.Errorf("got %d files that wait for the barrier, want 1", files)
	}
}

// Barriers may run beside changes.
func TestFsyncBesideChanges(t *testing.T) {
	t.Parallel()
	fsys, dir := openFsync(t)
	var running sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		running.Go(func() {
			for n := range 20 {
				name := fmt.Sprintf("%d-%d", i, n)
				errs[i] = errors.Join(errs[i], makeFile(fsys, name), fsys.Mkdir(name+".d", 0o700),
					fsys.Rename(name, name+".d/file"), fsys.Barrier())
			}
		})
	}
	running.Wait()
	check(t, errors.Join(errs...))
	if files, folders := durable.Changes(fsys); files+len(folders) > 0 {
		t.Errorf("after the last barrier: got %d files and folders %q", files, folders)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*.d", "file")); err != nil || len(names) != 160 {
		t.Errorf("got %d files, %v; want 160", len(names), err)
	}
}

func TestOpenUnknownWay(t *testing.T) {
	t.Parallel()
	if _, err := durable.OpenWay(t.TempDir(), "sometimes"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want %v", err, errors.ErrUnsupported)
	}
}
