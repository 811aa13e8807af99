package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func (d *osFS) Lock(name string) (io.Closer, error) {
	if !isBelow(name) {
		return nil, d.fail("lock", name, fs.ErrInvalid)
	}
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
	named, err := d.lstat(name)
	if err != nil {
		return err
	}
	if !os.SameFile(held, named) {
		return fs.ErrNotExist
	}
	return nil
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
