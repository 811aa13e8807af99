package drop_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
)

// world is a drop folder with a clock that stands still.
type world struct {
	t   *testing.T
	dir string // as the MTA sees it

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, dir: t.TempDir(), now: time.Now()}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// faultyFS is a real folder on which some operations go another way.
type faultyFS struct {
	durable.FS
	noLeases bool
	rename   func(oldname, newname string) error // before the real one; an error is the result
	mkdir    func(name string) error
	syncDir  func(name string) error
	lstat    func(name string) error
	file     func(name string) error // to be opened
}

func (f *faultyFS) SyncDir(name string) error {
	if f.syncDir != nil {
		if err := f.syncDir(name); err != nil {
			return err
		}
	}
	return f.FS.SyncDir(name)
}

func (f *faultyFS) Lstat(name string) (os.FileInfo, error) {
	if f.lstat != nil {
		if err := f.lstat(name); err != nil {
			return nil, err
		}
	}
	return f.FS.Lstat(name)
}

func (f *faultyFS) Rename(oldname, newname string) error {
	if f.rename != nil {
		if err := f.rename(oldname, newname); err != nil {
			return err
		}
	}
	return f.FS.Rename(oldname, newname)
}

func (f *faultyFS) Mkdir(name string, perm os.FileMode) error {
	if f.mkdir != nil {
		if err := f.mkdir(name); err != nil {
			return err
		}
	}
	return f.FS.Mkdir(name, perm)
}

func (f *faultyFS) Open(name string) (durable.File, error) {
	if f.file != nil {
		if err := f.file(name); err != nil {
			return nil, err
		}
	}
	file, err := f.FS.Open(name)
	if err == nil && f.noLeases {
		return unleased{file}, nil
	}
	return file, err
}

// unleased is a file on a file system without leases.
type unleased struct{ durable.File }

func (unleased) NoWriter() bool { return false }

// fs opens the drop folder anew.
func (w *world) fs() *faultyFS {
	w.t.Helper()
	fsys, err := durable.Open(w.dir)
	ok(w.t, err)
	w.t.Cleanup(func() {
		if err := fsys.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return &faultyFS{FS: fsys}
}

func (w *world) options(formatName string) drop.Options {
	return drop.Options{Feed: "test", Format: format(w.t, formatName), Now: w.clock}
}

func (w *world) open(fsys durable.FS, formatName string) *drop.Folder {
	w.t.Helper()
	folder, err := drop.Open(fsys, w.options(formatName))
	ok(w.t, err)
	return folder
}

// write puts a file into the drop folder.
func (w *world) write(name, content string) {
	w.t.Helper()
	defer noForks()()
	ok(w.t, os.MkdirAll(filepath.Dir(filepath.Join(w.dir, name)), 0o700))
	ok(w.t, os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600))
}

// needsLeases skips a test where leases prove nothing; where servers are required, so are
// they, and it fails.
func (w *world) needsLeases() {
	w.t.Helper()
	if provesWriters(w.dir) {
		return
	}
	const missing = "needs Linux with a temporary folder on ext4 or tmpfs"
	if os.Getenv("MAILCHUTE_TEST_SERVERS") == "require" {
		w.t.Fatal(missing)
	}
	w.t.Skip(missing)
}

// noForks keeps other tests from starting a process until the returned function is called.
// A process shares all open files until it runs its program: a file that is closed
// meanwhile still has a writer.
func noForks() func() {
	syscall.ForkLock.RLock()
	return syscall.ForkLock.RUnlock
}

// files returns all files below the drop folder's folder dir, sorted.
func (w *world) files(dir string) []string {
	w.t.Helper()
	names := []string{}
	err := filepath.WalkDir(filepath.Join(w.dir, dir), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(path))
		}
		return err
	})
	ok(w.t, err)
	slices.Sort(names)
	return names
}

// claim takes all items of one pass.
func claim(t *testing.T, folder *drop.Folder) []*drop.Item {
	t.Helper()
	var items []*drop.Item
	for item, err := range folder.Claim(context.Background()) {
		ok(t, err)
		items = append(items, item)
	}
	return items
}

// claimOne takes the one item that there must be.
func claimOne(t *testing.T, folder *drop.Folder) *drop.Item {
	t.Helper()
	items := claim(t, folder)
	if len(items) != 1 {
		t.Fatalf("got items %q, want one", names(items))
	}
	return items[0]
}

func names(items []*drop.Item) []string {
	list := []string{}
	for _, item := range items {
		list = append(list, item.Name)
	}
	slices.Sort(list)
	return list
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

const eml = "X-Sender: a@b.test\nX-Receiver: c@d.test\nSubject: x\n\nbody\n"

// The test binary is also a process that drains: it ends all that it claims, or dies with
// it in hand, and prints the names.
func TestMain(m *testing.M) {
	dir := os.Getenv("DROP_TEST_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := drain(dir, os.Getenv("DROP_TEST_DIE") != ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func drain(dir string, die bool) error {
	fsys, err := durable.Open(dir)
	if err != nil {
		return err
	}
	format, err := drop.FormatNamed("postfix")
	if err != nil {
		return err
	}
	folder, err := drop.Open(fsys, drop.Options{Format: format})
	if err != nil {
		return err
	}
	for item, err := range folder.Claim(context.Background()) {
		if err == nil && !die {
			err = item.Finish()
		}
		if err != nil {
			return err
		}
		fmt.Println(item.Name)
	}
	if die {
		return nil
	}
	return errors.Join(folder.Close(), fsys.Close())
}
