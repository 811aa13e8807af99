package durable

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// resolveTries is how often a name is resolved while folders on the way are moved.
const resolveTries = 4

// errEscapes: a link on the way to a name leads out of the folder.
var errEscapes = errors.New("path escapes from the folder")

// resolve opens a name by openat2(2) (Linux 5.6), which resolves it beneath the folder: one
// call, where os.Root needs two for each folder on the way.
func (d *osFS) resolve(name string, flags int, perm fs.FileMode) (fd int, err error) {
	return d.resolveBy(name, unix.OpenHow{Flags: uint64(flags), Mode: uint64(perm)})
}

func (d *osFS) resolveBy(name string, how unix.OpenHow) (fd int, err error) {
	how.Flags |= unix.O_CLOEXEC
	how.Resolve |= unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS
	err = control(d.disk.dir, func(root int) (err error) {
		for range resolveTries {
			err = retry(func() (err error) {
				fd, err = d.disk.openat2(root, name, &how)
				return err
			})
			if !errors.Is(err, unix.EAGAIN) {
				return err
			}
		}
		return err
	})
	if errors.Is(err, unix.EXDEV) {
		err = errEscapes
	}
	return fd, err
}

// cannotResolve reports whether err is of openat2 itself: the kernel is older, a filter
// forbids the call, or folders were moved all the while. os.Root does it then.
func cannotResolve(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EAGAIN)
}

// openBeneath opens or makes what has this name, or says ErrNotRegular of a link.
func (d *osFS) openBeneath(name string, flags int, perm fs.FileMode) (fd int, err error) {
	flags |= unix.O_NOFOLLOW | unix.O_NOCTTY | unix.O_LARGEFILE
	fd, err = d.resolve(name, flags, perm)
	// ELOOP is a link of that name, or too many on the way: in two steps, they differ.
	if !cannotResolve(err) && !errors.Is(err, unix.ELOOP) {
		return fd, err
	}
	err = d.at(name, func(dir int, base string) error {
		err := retry(func() (err error) {
			fd, err = unix.Openat(dir, base, flags|unix.O_CLOEXEC, uint32(perm))
			return err
		})
		if errors.Is(err, unix.ELOOP) {
			return ErrNotRegular
		}
		return err
	})
	return fd, err
}

// openDir opens a folder for reading; a FIFO of that name does not block it. The files
// that os.Root opens would ask the system about every entry that they list, one by one.
func (d *osFS) openDir(name string) (*os.File, error) {
	fd, err := d.resolve(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if cannotResolve(err) {
		return d.openDirByRoot(name)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(d.real, name)), nil
}

func (d *osFS) openDirByRoot(name string) (*os.File, error) {
	return d.root.OpenFile(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
}

// at calls op with the open folder that name lies in, and name's last element. The at-calls
// on that descriptor cannot be led away by a link put in between.
func (d *osFS) at(name string, op func(dir int, base string) error) error {
	inside := func(dir int) error { return op(dir, path.Base(name)) }
	folder := path.Dir(name)
	if folder == "." {
		return control(d.disk.dir, inside)
	}
	fd, err := d.resolve(folder, unix.O_PATH|unix.O_DIRECTORY, 0)
	if cannotResolve(err) {
		return d.atByRoot(folder, inside)
	}
	return insideOnce(fd, err, inside)
}

// atPlain is at where a link on the way is an error.
func (d *osFS) atPlain(name string, op func(dir int, base string) error) error {
	folder := path.Dir(name)
	if folder == "." {
		return d.at(name, op)
	}
	fd, err := d.resolveBy(folder, unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY, Resolve: unix.RESOLVE_NO_SYMLINKS})
	if cannotResolve(err) {
		if err := d.wantFolders(folder); err != nil {
			return err
		}
		return d.at(name, op)
	}
	return insideOnce(fd, err, func(dir int) error { return op(dir, path.Base(name)) })
}

// insideOnce calls inside with a folder that was opened for it.
func insideOnce(fd int, err error, inside func(dir int) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return inside(fd)
}

func (d *osFS) atByRoot(folder string, inside func(dir int) error) error {
	dir, err := d.openDirByRoot(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	return control(dir, inside)
}

// atBoth is at for two names.
func (d *osFS) atBoth(oldname, newname string, op func(oldDir int, oldBase string, newDir int, newBase string) error) error {
	return d.at(oldname, func(oldDir int, oldBase string) error {
		if path.Dir(oldname) == path.Dir(newname) {
			return retry(func() error { return op(oldDir, oldBase, oldDir, path.Base(newname)) })
		}
		return d.at(newname, func(newDir int, newBase string) error {
			return retry(func() error { return op(oldDir, oldBase, newDir, newBase) })
		})
	})
}

// control runs op on the descriptor of f, which stays open meanwhile.
func control(f *os.File, op func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var opErr error
	if err := conn.Control(func(fd uintptr) { opErr = op(int(fd)) }); err != nil {
		return fs.ErrClosed // there is no other reason, and this one has no name
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
