package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// fastest is the fastest way of a Barrier.
const fastest = Syncfs

// disk is the folder's descriptor, for the calls that os.Root has not. For syncfs(2) it is
// opened once and kept: a descriptor is told of the write-back errors since it was opened
// or last told (Linux 5.8; older kernels tell nothing), so a fresh one would not hear of
// earlier ones.
type disk struct {
	mu      sync.Mutex // held during syncfs
	dir     *os.File
	openat2 func(dir int, name string, how *unix.OpenHow) (int, error)
}

func (d *disk) open(root *os.Root) (err error) {
	d.openat2 = unix.Openat2
	d.dir, err = root.OpenFile(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return err
}

func (d *disk) Close() error { return d.dir.Close() }

// sync makes the whole file system durable. The lock keeps two callers from sharing
// one report of an error.
func (d *disk) sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return control(d.dir, func(fd int) error {
		return retry(func() error { return unix.Syncfs(fd) })
	})
}

// create makes a file for writing.
func (d *osFS) create(name string, perm fs.FileMode) (*os.File, error) {
	fd, err := d.openBeneath(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(d.path, name)), nil
}

// nameless reports whether it is known that an open file has no name any more.
func nameless(f *os.File) bool {
	var st unix.Stat_t
	err := control(f, func(fd int) error { return unix.Fstat(fd, &st) })
	return err == nil && st.Nlink == 0
}

// openNoFollow opens name for reading without following it and without waiting.
func (d *osFS) openNoFollow(name string) (*os.File, error) {
	fd, err := d.openBeneath(name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ENXIO) { // a socket, or a device without a driver
		return nil, ErrNotRegular
	}
	if err != nil {
		return nil, err
	}
	// With O_NONBLOCK, os.NewFile would try to poll it, for which regular files are not made.
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, 0); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), filepath.Join(d.path, name)), nil
}

// lstat opens what it describes, as only package os makes descriptions that os.SameFile
// compares. Where one folder is on the way, or none, os.Root is faster.
func (d *osFS) lstat(name string) (fs.FileInfo, error) {
	if strings.Count(name, "/") < 2 {
		return d.root.Lstat(name)
	}
	fd, err := d.resolve(name, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if cannotResolve(err) {
		return d.root.Lstat(name)
	}
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	return f.Stat()
}

// syncDir syncs a folder. Some network file systems have no such thing for folders
// (EINVAL); their names are as durable as they will ever be.
func (d *osFS) syncDir(name string) error {
	dir, err := d.openDir(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	err = dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

func (d *osFS) Space() (free, total int64, err error) {
	var st unix.Statfs_t
	err = control(d.disk.dir, func(fd int) error {
		return retry(func() error { return unix.Fstatfs(fd, &st) })
	})
	if err != nil {
		return 0, 0, d.fail("statfs", ".", err)
	}
	unit := uint64(st.Frsize)
	if unit == 0 {
		unit = uint64(st.Bsize)
	}
	return int64(st.Bavail * unit), int64(st.Blocks * unit), nil
}
