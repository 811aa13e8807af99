//go:build !linux

package durable

import (
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// barrier remembers the folders whose names changed; files sync themselves at Close.
type barrier struct {
	mu      sync.Mutex
	touched map[string]bool
}

func (b *barrier) open(*os.Root) error { return nil }

func (b *barrier) Close() error { return nil }

func (b *barrier) touch(dirs ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.touched == nil {
		b.touched = map[string]bool{}
	}
	for _, dir := range dirs {
		b.touched[dir] = true
	}
}

func (b *barrier) sync(d *osFS) error {
	b.mu.Lock()
	dirs := b.touched
	b.touched = nil
	b.mu.Unlock()
	var errs []error
	for dir := range dirs {
		if err := d.SyncDir(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Close syncs first, for Barrier's sake; a file only read has nothing to sync.
func (f *osFile) Close() error {
	err := f.Sync()
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, f.File.Close())
}

// openNoFollow looks first and compares afterwards: there is no portable O_NOFOLLOW.
func (d *osFS) openNoFollow(name string) (*os.File, error) {
	before, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = ErrNotRegular
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func (d *osFS) openDir(name string) (*os.File, error) { return d.root.Open(name) }

func (d *osFS) renameNoReplace(oldname, newname string) error {
	return d.renameChecked(oldname, newname)
}

func (d *osFS) link(f *osFile, newname string) error {
	if f.fsys != d {
		return errors.ErrUnsupported
	}
	return d.root.Link(f.name, newname)
}

// Lock is for Linux only: without it no drop folder is drained.
func (d *osFS) Lock(name string) (io.Closer, error) {
	return nil, d.fail("lock", name, errors.ErrUnsupported)
}

// Space is for Linux only.
func (d *osFS) Space() (free, total int64, err error) {
	return 0, 0, d.fail("statfs", ".", errors.ErrUnsupported)
}

// NoWriter can prove nothing here.
func (f *osFile) NoWriter() bool { return false }

// syncDir syncs an open folder; Windows has no such call.
func syncDir(dir *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return dir.Sync()
}
