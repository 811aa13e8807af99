package incoming_test

import (
	"io"
	"io/fs"
	"iter"
	"strings"
	"sync"
	"syscall"

	"mailchute/pkg/durable"
)

// mount is a file system that can go away, with a drop folder on it.
type mount struct {
	mu      sync.Mutex
	trouble error  // of all that is asked; nil: it is mounted
	mounted int    // how often
	goesAt  string // the operation at which it goes away; "": none
	goesBy  error
}

// goAway lets all fail with err. What was opened before stays stale where it comes back as
// another mount.
func (m *mount) goAway(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trouble = err
}

// goAwayAt lets it go away at the next operation of that kind on a claimed file.
func (m *mount) goAwayAt(op string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.goesAt, m.goesBy = op, err
}

// comeBack ends the trouble.
func (m *mount) comeBack(anew bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trouble = nil
	if anew {
		m.mounted++
	}
}

// away reports whether it has gone.
func (m *mount) away() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.trouble != nil
}

func (m *mount) ask(mounted int, op, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.goesAt == op && strings.HasPrefix(name, ".mailchute/claimed/") && strings.HasSuffix(name, ".eml") {
		m.goesAt, m.trouble = "", m.goesBy
	}
	err := m.trouble
	if err == nil && mounted != m.mounted {
		err = syscall.ESTALE
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// open is for Options.OpenFolder.
func (m *mount) open(path string) (durable.FS, error) {
	m.mu.Lock()
	mounted := m.mounted
	m.mu.Unlock()
	if err := m.ask(mounted, "open folder", path); err != nil {
		return nil, err
	}
	fsys, err := durable.Open(path)
	return mountedFS{fsys, m, mounted}, err
}

// mountedFS is a folder of a mount.
type mountedFS struct {
	durable.FS
	mount   *mount
	mounted int
}

func (f mountedFS) ask(op, name string) error { return f.mount.ask(f.mounted, op, name) }

func (f mountedFS) InPlace() bool { return f.ask("stat", ".") == nil && f.FS.InPlace() }

func (f mountedFS) List(name string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		for entry, err := range f.FS.List(name) {
			if gone := f.ask("list", name); gone != nil {
				yield(nil, gone)
				return
			}
			if !yield(entry, err) {
				return
			}
		}
		if gone := f.ask("list", name); gone != nil {
			yield(nil, gone)
		}
	}
}

func (f mountedFS) Lstat(name string) (fs.FileInfo, error) {
	if err := f.ask("lstat", name); err != nil {
		return nil, err
	}
	return f.FS.Lstat(name)
}

func (f mountedFS) Open(name string) (durable.File, error) {
	if err := f.ask("open", name); err != nil {
		return nil, err
	}
	file, err := f.FS.Open(name)
	return mountedFile{file, f, name}, err
}

func (f mountedFS) Create(name string, perm fs.FileMode) (durable.File, error) {
	if err := f.ask("create", name); err != nil {
		return nil, err
	}
	return f.FS.Create(name, perm)
}

func (f mountedFS) Mkdir(name string, perm fs.FileMode) error {
	if err := f.ask("mkdir", name); err != nil {
		return err
	}
	return f.FS.Mkdir(name, perm)
}

func (f mountedFS) Rename(oldname, newname string) error {
	if err := f.ask("rename", newname); err != nil {
		return err
	}
	return f.FS.Rename(oldname, newname)
}

func (f mountedFS) Remove(name string) error {
	if err := f.ask("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f mountedFS) SyncDir(name string) error {
	if err := f.ask("syncdir", name); err != nil {
		return err
	}
	return f.FS.SyncDir(name)
}

func (f mountedFS) Lock(name string) (io.Closer, error) {
	if err := f.ask("lock", name); err != nil {
		return nil, err
	}
	return f.FS.Lock(name)
}

// mountedFile is an open file of a mount.
type mountedFile struct {
	durable.File
	fsys mountedFS
	name string
}

func (f mountedFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fsys.ask("read", f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}
