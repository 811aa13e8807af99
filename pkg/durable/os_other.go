//go:build !linux

package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"syscall"
)

// fastest is the fastest way of a Barrier.
const fastest = Fsync

// Choose returns Fsync: there is nothing else here.
func Choose(string) (way Way, why string, err error) {
	return Fsync, "this system has no syncfs", nil
}

// disk has nothing here: there is no syncfs.
type disk struct{}

func (*disk) open(*os.Root) error { return nil }

func (*disk) Close() error { return nil }

func (*disk) sync() error { return errors.ErrUnsupported }

// nameless reports whether it is known that an open file has no name any more.
func nameless(*os.File) bool { return false }

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

func (d *osFS) create(name string, perm fs.FileMode) (*os.File, error) {
	return d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
}

func (d *osFS) openDir(name string) (*os.File, error) { return d.root.Open(name) }

func (d *osFS) lstat(name string) (fs.FileInfo, error) { return d.root.Lstat(name) }

func (d *osFS) mkdir(name string, perm fs.FileMode) error { return d.root.Mkdir(name, perm) }

func (d *osFS) remove(name string) error { return d.root.Remove(name) }

func (d *osFS) replace(oldname, newname string) error { return d.root.Rename(oldname, newname) }

func (d *osFS) renameNoReplace(oldname, newname string) error {
	return d.renameChecked(oldname, newname)
}

func (d *osFS) link(f *osFile, newname string) error {
	if f.fsys != d {
		return errors.ErrUnsupported
	}
	if folder := path.Dir(newname); folder != "." {
		if err := d.wantFolders(folder); err != nil {
			return err
		}
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

// syncDir syncs a folder; Windows has no such call.
func (d *osFS) syncDir(name string) error {
	dir, err := d.openDir(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if runtime.GOOS == "windows" {
		return nil
	}
	return dir.Sync()
}
