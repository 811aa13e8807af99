package durable

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Choose returns the way that suits the folder at path, and why, for people. It is Syncfs
// where that tells of errors and the file system is the folder's own: on one that holds
// /, /home, /tmp or /var as well, it would wait for what everybody has written.
func Choose(path string) (way Way, why string, err error) {
	var st unix.Statfs_t
	if err := retry(func() error { return unix.Statfs(path, &st) }); err != nil {
		return "", "", &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	if !local(uint32(st.Type)) {
		return Fsync, "what syncfs does on this file system is not known", nil
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", "", fmt.Errorf("version of the kernel: %w", err)
	}
	release := unix.ByteSliceToString(u.Release[:])
	if !tellsErrors(release) {
		return Fsync, "syncfs tells of no errors before Linux 5.8, and this is " + release, nil
	}
	for _, busy := range []string{"/", "/home", "/tmp", "/var"} {
		same, err := sameDevice(path, busy)
		if err != nil {
			return "", "", err
		}
		if same {
			return Fsync, "the file system is that of " + busy + ", too", nil
		}
	}
	return Syncfs, "the file system is its own", nil
}

// tellsErrors reports whether syncfs(2) of a kernel of this release tells of errors.
func tellsErrors(release string) bool {
	var major, minor int
	n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor)
	return n == 2 && (major > 5 || major == 5 && minor >= 8)
}

// sameDevice reports whether two folders are on one device; not where other is missing.
func sameDevice(path, other string) (bool, error) {
	var a, b unix.Stat_t
	err := retry(func() error { return unix.Stat(path, &a) })
	if err != nil {
		return false, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if err := retry(func() error { return unix.Stat(other, &b) }); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return false, &fs.PathError{Op: "stat", Path: other, Err: err}
	}
	return a.Dev == b.Dev, nil
}
