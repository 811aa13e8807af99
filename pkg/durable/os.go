package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// listBatch is how many entries List asks the system for at a time.
const listBatch = 500

// osFS is an FS of the operating system.
type osFS struct {
	path    string
	real    string // path without links, absolute
	root    *os.Root
	way     Way
	disk    disk
	changes changes // empty unless the way is Fsync
}

// osFile is a File of an osFS. The embedded file's own Read, Write, Stat and Sync are the
// interface's.
type osFile struct {
	*os.File
	fsys *osFS
	name string // as opened; the file may have moved since
	made bool   // by Create
}

// Open is OpenWay with the fastest way that the system has.
func Open(path string) (FS, error) { return OpenWay(path, fastest) }

// OpenWay resolves path, links included, and holds the folder found there: whatever
// becomes of the path afterwards, the FS stays with that folder. Barrier goes the given
// way, and covers the file system that the folder itself lies on; open a folder mounted
// below it by itself.
func OpenWay(path string, way Way) (FS, error) {
	if way != fastest && way != Fsync {
		return nil, fmt.Errorf("open folder %s: a barrier by %q: %w", path, way, errors.ErrUnsupported)
	}
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
	d := &osFS{path: path, real: resolved, root: root, way: way}
	if err := d.disk.open(root); err != nil {
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
	return errors.Join(d.changes.drop(), d.disk.Close(), d.root.Close())
}

func (d *osFS) Lstat(name string) (fs.FileInfo, error) {
	if !isFolder(name) {
		return nil, d.fail("lstat", name, fs.ErrInvalid)
	}
	info, err := d.lstat(name)
	return info, d.fail("lstat", name, err)
}

func (d *osFS) Open(name string) (File, error) {
	if !isBelow(name) {
		return nil, d.fail("open", name, fs.ErrInvalid)
	}
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
		if !isFolder(name) {
			yield(nil, d.fail("list", name, fs.ErrInvalid))
			return
		}
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
	if !isBelow(name) {
		return nil, d.fail("create", name, fs.ErrInvalid)
	}
	f, err := d.create(name, perm.Perm())
	if err != nil {
		return nil, d.fail("create", name, err)
	}
	d.touch(name)
	return &osFile{File: f, fsys: d, name: name, made: true}, nil
}

func (d *osFS) SyncDir(name string) error {
	if !isFolder(name) {
		return d.fail("sync folder", name, fs.ErrInvalid)
	}
	return d.fail("sync folder", name, d.syncDir(name))
}

func (d *osFS) Barrier() error {
	if d.way == Fsync {
		return d.syncChanges()
	}
	return d.fail("sync", ".", d.disk.sync())
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
