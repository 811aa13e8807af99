package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// isBelow reports whether name is a path as an FS takes it, of something below the folder.
// A name may be any bytes, UTF-8 or not.
func isBelow(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// isFolder is isBelow, or the folder itself.
func isFolder(name string) bool { return name == "." || isBelow(name) }

// touch notes for Barrier that these names were changed.
func (d *osFS) touch(names ...string) {
	if d.way != Fsync {
		return
	}
	for _, name := range names {
		d.changes.touch(path.Dir(name))
	}
}

func (d *osFS) Mkdir(name string, perm fs.FileMode) error {
	if !isBelow(name) {
		return d.fail("make folder", name, fs.ErrInvalid)
	}
	err := d.mkdir(name, perm.Perm())
	d.touch(name)
	return d.fail("make folder", name, err)
}

func (d *osFS) Rename(oldname, newname string) error {
	if !isBelow(oldname) || !isBelow(newname) {
		return d.failTwo("rename", oldname, newname, fs.ErrInvalid)
	}
	err := d.renameNoReplace(oldname, newname)
	d.touch(oldname, newname)
	if d.way == Fsync {
		d.changes.move(oldname, newname)
	}
	return d.failTwo("rename", oldname, newname, err)
}

func (d *osFS) Replace(oldname, newname string) error {
	if !isBelow(oldname) || !isBelow(newname) {
		return d.failTwo("rename", oldname, newname, fs.ErrInvalid)
	}
	err := d.replace(oldname, newname)
	d.touch(oldname, newname)
	return d.failTwo("rename", oldname, newname, err)
}

func (d *osFS) Link(f File, newname string) error {
	if !isBelow(newname) {
		return d.fail("link", newname, fs.ErrInvalid)
	}
	file, ok := f.(*osFile)
	if !ok {
		return d.fail("link", newname, ErrCannotLink)
	}
	err := d.link(file, newname)
	d.touch(newname)
	if cannotLink(err) {
		err = fmt.Errorf("%w: %w", ErrCannotLink, bare(err))
	}
	return d.fail("link", newname, err)
}

func (d *osFS) Remove(name string) error {
	if !isBelow(name) {
		return d.fail("remove", name, fs.ErrInvalid)
	}
	err := d.remove(name)
	d.touch(name)
	if err == nil && d.way == Fsync {
		err = d.changes.forget()
	}
	return d.fail("remove", name, err)
}

// wantFolders fails unless this is a folder, and all on the way to it, none of them a link.
// What is put in their place a moment later it cannot know.
func (d *osFS) wantFolders(folder string) error {
	for i, c := range folder + "/" {
		if c != '/' {
			continue
		}
		info, err := d.lstat(folder[:i])
		if err != nil {
			return err
		}
		if info.Mode().Type() == fs.ModeSymlink {
			return syscall.ELOOP
		}
		if !info.IsDir() {
			return syscall.ENOTDIR
		}
	}
	return nil
}

// renameChecked moves by look and leap, for file systems that cannot refuse to
// replace. A file that is made between the two is replaced; a folder is only if it is
// empty (rename(2)).
func (d *osFS) renameChecked(oldname, newname string) error {
	_, err := d.lstat(newname)
	if err == nil {
		return fs.ErrExist
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.replace(oldname, newname)
}

// cannotLink reports whether err says that a file may have no further name here.
func cannotLink(err error) bool {
	return errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EPERM) ||
		errors.Is(err, syscall.ENOSYS) || errors.Is(err, errors.ErrUnsupported)
}
