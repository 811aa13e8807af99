package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

// listBatch is how many entries List asks the system for at a time.
const listBatch = 500

// osFS is an FS of the operating system.
type osFS struct {
	path    string
	real    string // path without links, absolute
	root    *os.Root
	barrier barrier
}

// osFile is a File of an osFS. The embedded file's own Read, Write, Stat, Sync and
// Close are the interface's.
type osFile struct {
	*os.File
	fsys *osFS
	name string // as opened; the file may have moved since
}

// Open resolves path, links included, and holds the folder found there: whatever
// becomes of the path afterwards, the FS stays with that folder. Barrier covers the
// file system that the folder itself lies on; open a folder mounted below it by itself.
func Open(path string) (FS, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err == nil {
		resolved, err = filepath.Abs(resolved)
	}
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	root, err := os.OpenRoot(resolved)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	d := &osFS{path: path, real: resolved, root: root}
	if err := d.barrier.open(root); err != nil {
		return nil, errors.Join(d.fail("open folder", ".", err), root.Close())
	}
	return d, nil
}

func (d *osFS) Path() string { return d.path }

func (d *osFS) InPlace() bool {
	held, err := d.root.Stat(".")
	if err != nil {
		return false
	}
	now, err := os.Stat(d.real)
	return err == nil && os.SameFile(held, now)
}

func (d *osFS) Close() error {
	return errors.Join(d.barrier.Close(), d.root.Close())
}

func (d *osFS) Lstat(name string) (fs.FileInfo, error) {
	info, err := d.root.Lstat(name)
	return info, d.fail("lstat", name, err)
}

func (d *osFS) Open(name string) (File, error) {
	f, err := d.openNoFollow(name)
	if err != nil {
		return nil, d.fail("open", name, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		_ = f.Close()
		return nil, d.fail("open", name, err)
	}
	return &osFile{File: f, fsys: d, name: name}, nil
}

func (d *osFS) List(name string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		dir, err := d.openDir(name)
		if err != nil {
			yield(nil, d.fail("list", name, err))
			return
		}
		defer dir.Close()
		for {
			entries, err := dir.ReadDir(listBatch)
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, d.fail("list", name, err))
				return
			}
		}
	}
}

func (d *osFS) Create(name string, perm fs.FileMode) (File, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, d.fail("create", name, err)
	}
	d.barrier.touch(path.Dir(name))
	return &osFile{File: f, fsys: d, name: name}, nil
}

func (d *osFS) Mkdir(name string, perm fs.FileMode) error {
	d.barrier.touch(path.Dir(name))
	return d.fail("make folder", name, d.root.Mkdir(name, perm))
}

func (d *osFS) Rename(oldname, newname string) error {
	d.barrier.touch(path.Dir(oldname), path.Dir(newname))
	return d.failTwo("rename", oldname, newname, d.renameNoReplace(oldname, newname))
}

func (d *osFS) Replace(oldname, newname string) error {
	d.barrier.touch(path.Dir(oldname), path.Dir(newname))
	return d.failTwo("rename", oldname, newname, d.root.Rename(oldname, newname))
}

func (d *osFS) Link(f File, newname string) error {
	file, ok := f.(*osFile)
	if !ok {
		return d.fail("link", newname, ErrCannotLink)
	}
	d.barrier.touch(path.Dir(newname))
	err := d.link(file, newname)
	if cannotLink(err) {
		err = fmt.Errorf("%w: %w", ErrCannotLink, bare(err))
	}
	return d.fail("link", newname, err)
}

func (d *osFS) Remove(name string) error {
	d.barrier.touch(path.Dir(name))
	return d.fail("remove", name, d.root.Remove(name))
}

func (d *osFS) SyncDir(name string) error {
	dir, err := d.openDir(name)
	if err != nil {
		return d.fail("sync folder", name, err)
	}
	defer dir.Close()
	return d.fail("sync folder", name, syncDir(dir))
}

func (d *osFS) Barrier() error {
	return d.fail("sync", ".", d.barrier.sync(d))
}

// openParent opens the folder that name lies in, and returns name's last element. The
// at-calls on that descriptor then cannot be led away by a link put in between.
func (d *osFS) openParent(name string) (*os.File, string, error) {
	base := path.Base(name)
	if name == "" || base == "." || base == ".." || base == "/" {
		return nil, "", syscall.EINVAL
	}
	dir, err := d.openDir(path.Dir(name))
	return dir, base, err
}

// renameChecked moves by look and leap, for file systems that cannot refuse to
// replace. A file that is made between the two is replaced; a folder is only if it is
// empty (rename(2)).
func (d *osFS) renameChecked(oldname, newname string) error {
	_, err := d.root.Lstat(newname)
	if err == nil {
		return fs.ErrExist
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.root.Rename(oldname, newname)
}

// cannotLink reports whether err says that a file may have no further name here.
func cannotLink(err error) bool {
	return errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EPERM) ||
		errors.Is(err, syscall.ENOSYS) || errors.Is(err, errors.ErrUnsupported)
}

// fail names the operation and the whole path in err; nil stays nil.
func (d *osFS) fail(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: filepath.Join(d.path, name), Err: bare(err)}
}

// failTwo is fail for two names.
func (d *osFS) failTwo(op, oldname, newname string, err error) error {
	if err == nil {
		return nil
	}
	return &os.LinkError{Op: op, Old: filepath.Join(d.path, oldname), New: filepath.Join(d.path, newname), Err: bare(err)}
}

// bare takes off the path that package os put around err: it is relative to the root.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}
