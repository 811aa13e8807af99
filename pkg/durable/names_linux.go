package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

func (d *osFS) mkdir(name string, perm fs.FileMode) error {
	return d.at(name, func(dir int, base string) error {
		return retry(func() error { return unix.Mkdirat(dir, base, uint32(perm)) })
	})
}

func (d *osFS) remove(name string) error {
	return d.at(name, func(dir int, base string) error {
		err := retry(func() error { return unix.Unlinkat(dir, base, 0) })
		if !errors.Is(err, unix.EISDIR) {
			return err
		}
		return retry(func() error { return unix.Unlinkat(dir, base, unix.AT_REMOVEDIR) })
	})
}

func (d *osFS) replace(oldname, newname string) error {
	return d.atBoth(oldname, newname, unix.Renameat)
}

func (d *osFS) renameNoReplace(oldname, newname string) error {
	err := d.atBoth(oldname, newname, func(oldDir int, oldBase string, newDir int, newBase string) error {
		return unix.Renameat2(oldDir, oldBase, newDir, newBase, unix.RENAME_NOREPLACE)
	})
	// The file system (NFS, some FUSE and SMB servers) or the kernel does not know the flag.
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	info, err := d.lstat(oldname)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return d.renameChecked(oldname, newname)
	}
	err = d.atBoth(oldname, newname, renameByLink)
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

// link names the open file itself, through its descriptor, so that nobody can put
// another file under the old name first.
func (d *osFS) link(f *osFile, newname string) error {
	err := d.atPlain(newname, func(newDir int, base string) error {
		return control(f.File, func(fd int) error {
			// Without /proc, this is for CAP_DAC_READ_SEARCH, and since Linux 6.10 for
			// whoever has opened the file.
			err := unix.Linkat(fd, "", newDir, base, unix.AT_EMPTY_PATH)
			if err == nil || errors.Is(err, unix.EEXIST) {
				return err
			}
			return linkByProc(fd, newDir, base)
		})
	})
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	return d.linkByName(f, newname)
}

func linkByProc(fd, newDir int, base string) error {
	return unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), newDir, base, unix.AT_SYMLINK_FOLLOW)
}

// linkByName serves where /proc is not mounted: it links the name that f was opened
// by and takes that back if it was not f.
func (d *osFS) linkByName(f *osFile, newname string) error {
	return d.atPlain(newname, func(newDir int, newBase string) error {
		return f.fsys.at(f.name, func(oldDir int, oldBase string) error {
			if err := unix.Linkat(oldDir, oldBase, newDir, newBase, 0); err != nil {
				return err
			}
			var want, got unix.Stat_t
			err := control(f.File, func(fd int) error { return unix.Fstat(fd, &want) })
			if err == nil {
				err = unix.Fstatat(newDir, newBase, &got, unix.AT_SYMLINK_NOFOLLOW)
			}
			if err == nil && (want.Dev != got.Dev || want.Ino != got.Ino) {
				err = fmt.Errorf("%s is another file by now: %w", f.name, fs.ErrNotExist)
			}
			if err != nil {
				return errors.Join(err, unix.Unlinkat(newDir, newBase, 0))
			}
			return nil
		})
	})
}
