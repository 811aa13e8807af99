package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// barrier is the descriptor that syncfs(2) works on. It is opened once and kept: a
// descriptor is told of the write-back errors since it was opened or last told (Linux
// 5.8; older kernels tell nothing), so a fresh one would not hear of earlier ones.
type barrier struct {
	mu  sync.Mutex
	dir *os.File
}

func (b *barrier) open(root *os.Root) (err error) {
	b.dir, err = root.OpenFile(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return err
}

func (b *barrier) Close() error { return b.dir.Close() }

// touch does nothing: syncfs needs no list of folders.
func (b *barrier) touch(...string) {}

// sync makes the whole file system durable. The lock keeps two callers from sharing
// one report of an error.
func (b *barrier) sync(*osFS) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return control(b.dir, func(fd int) error {
		return retry(func() error { return unix.Syncfs(fd) })
	})
}

// openNoFollow opens name for reading without following it and without waiting.
func (d *osFS) openNoFollow(name string) (*os.File, error) {
	dir, base, err := d.openParent(name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var f *os.File
	err = control(dir, func(parent int) error {
		return retry(func() error {
			const flags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY
			fd, err := unix.Openat(parent, base, flags, 0)
			if err == nil {
				f = os.NewFile(uintptr(fd), name)
			}
			return err
		})
	})
	// ELOOP is a link, ENXIO a socket or a device without a driver.
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) {
		return nil, ErrNotRegular
	}
	return f, err
}

// openDir opens a folder for reading; a FIFO of that name does not block it.
func (d *osFS) openDir(name string) (*os.File, error) {
	return d.root.OpenFile(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
}

func (d *osFS) renameNoReplace(oldname, newname string) error {
	err := d.twoParents(oldname, newname, func(oldDir int, oldBase string, newDir int, newBase string) error {
		return unix.Renameat2(oldDir, oldBase, newDir, newBase, unix.RENAME_NOREPLACE)
	})
	// The file system (NFS, some FUSE and SMB servers) or the kernel does not know the flag.
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	info, err := d.root.Lstat(oldname)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return d.renameChecked(oldname, newname)
	}
	err = d.twoParents(oldname, newname, renameByLink)
	if cannotLink(err) && !errors.Is(err, unix.EXDEV) {
		return d.renameChecked(oldname, newname)
	}
	return err
}

// renameByLink moves a file by a second name. A crash in between leaves both names.
// When two callers move one file, both may link it, but one alone removes the old name:
// the other takes its new name back. What cannot be closed: a file made under the old
// name in that very instant would be the one removed; writers of unique names make none.
func renameByLink(oldDir int, oldBase string, newDir int, newBase string) error {
	if err := unix.Linkat(oldDir, oldBase, newDir, newBase, 0); err != nil {
		return err
	}
	err := unix.Unlinkat(oldDir, oldBase, 0)
	if err != nil {
		return errors.Join(err, unix.Unlinkat(newDir, newBase, 0))
	}
	return nil
}

// twoParents calls op with the open parent folders of two names.
func (d *osFS) twoParents(oldname, newname string, op func(oldDir int, oldBase string, newDir int, newBase string) error) error {
	oldDir, oldBase, err := d.openParent(oldname)
	if err != nil {
		return err
	}
	defer oldDir.Close()
	newDir, newBase, err := d.openParent(newname)
	if err != nil {
		return err
	}
	defer newDir.Close()
	return control(oldDir, func(oldFd int) error {
		return control(newDir, func(newFd int) error {
			return retry(func() error { return op(oldFd, oldBase, newFd, newBase) })
		})
	})
}

// link names the open file itself, through its descriptor, so that nobody can put
// another file under the old name first.
func (d *osFS) link(f *osFile, newname string) error {
	dir, base, err := d.openParent(newname)
	if err != nil {
		return err
	}
	defer dir.Close()
	err = control(dir, func(newDir int) error {
		return control(f.File, func(fd int) error {
			return unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), newDir, base, unix.AT_SYMLINK_FOLLOW)
		})
	})
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	return d.linkByName(f, dir, base)
}

// linkByName serves where /proc is not mounted: it links the name that f was opened
// by and takes that back if it was not f.
func (d *osFS) linkByName(f *osFile, dir *os.File, base string) error {
	oldDir, oldBase, err := f.fsys.openParent(f.name)
	if err != nil {
		return err
	}
	defer oldDir.Close()
	return control(oldDir, func(oldFd int) error {
		return control(dir, func(newFd int) error {
			if err := unix.Linkat(oldFd, oldBase, newFd, base, 0); err != nil {
				return err
			}
			var want, got unix.Stat_t
			err := control(f.File, func(fd int) error { return unix.Fstat(fd, &want) })
			if err == nil {
				err = unix.Fstatat(newFd, base, &got, unix.AT_SYMLINK_NOFOLLOW)
			}
			if err == nil && (want.Dev != got.Dev || want.Ino != got.Ino) {
				err = fmt.Errorf("%s is another file by now: %w", f.name, fs.ErrNotExist)
			}
			if err != nil {
				return errors.Join(err, unix.Unlinkat(newFd, base, 0))
			}
			return nil
		})
	})
}

func (d *osFS) Lock(name string) (io.Closer, error) {
	f, err := d.openNoFollow(name)
	if err != nil {
		return nil, d.fail("lock", name, err)
	}
	err = control(f, func(fd int) error {
		return retry(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	})
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err == nil {
		err = d.stillThere(f, name)
	}
	if err != nil {
		_ = f.Close()
		return nil, d.fail("lock", name, err)
	}
	return f, nil
}

// stillThere tells whether name leads to f: whoever held the lock before may have
// removed it, or put another in its place, after f was opened.
func (d *osFS) stillThere(f *os.File, name string) error {
	held, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := d.root.Lstat(name)
	if err != nil {
		return err
	}
	if !os.SameFile(held, named) {
		return fs.ErrNotExist
	}
	return nil
}

func (d *osFS) Space() (free, total int64, err error) {
	var st unix.Statfs_t
	err = control(d.barrier.dir, func(fd int) error {
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

// NoWriter believes a lease only where all writers go through this kernel: on a
// network or FUSE file system a lease may say nothing of writers on other machines.
func (f *osFile) NoWriter() bool {
	proven := false
	_ = control(f.File, func(fd int) error {
		var st unix.Statfs_t
		if err := unix.Fstatfs(fd, &st); err != nil || !local(uint32(st.Type)) {
			return err
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK); err != nil {
			return err
		}
		proven = true
		_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK)
		return err
	})
	return proven
}

// local reports whether a file system of this type is written by this kernel alone.
func local(fsType uint32) bool {
	switch fsType {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return true
	}
	return false
}

// syncDir syncs an open folder. Some network file systems have no such thing for
// folders (EINVAL); their names are as durable as they will ever be.
func syncDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

// control runs op on the descriptor of f, which stays open meanwhile.
func control(f *os.File, op func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var opErr error
	if err := conn.Control(func(fd uintptr) { opErr = op(int(fd)) }); err != nil {
		return err
	}
	return opErr
}

// retry repeats a system call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
