package drop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// advice says what people can do about errors of a drop folder. The first row with one of
// the errors counts.
var advice = []struct {
	errs []error
	what string
}{
	{[]error{syscall.EROFS}, "the file system is mounted read-only: mount it for writing"},
	{
		[]error{syscall.EPERM},
		"the folder has an attribute that forbids it (lsattr), or the system's security rules do (SELinux, AppArmor, the service's own)",
	},
	{[]error{syscall.EXDEV}, "the whole drop folder must lie on one file system, with nothing mounted inside it"},
	{[]error{syscall.ENOTDIR}, "a drop folder is a folder: correct its path in the configuration"},
	{[]error{fs.ErrNotExist}, "make it or mount it: no other is made in its place"},
	{[]error{syscall.ENOSPC, syscall.EDQUOT}, "make room on its file system"},
	{[]error{errors.ErrUnsupported, syscall.ENOLCK}, "drop folders are drained on Linux, on file systems with locks"},
	{[]error{syscall.EMFILE, syscall.ENFILE}, "raise the limit of open files (ulimit -n)"},
	{[]error{syscall.ESTALE, syscall.ENOTCONN, syscall.ETIMEDOUT, syscall.EHOSTDOWN}, "the share cannot be reached: mount it again"},
	{[]error{syscall.EIO}, "the disk or the share fails: look into the system's log"},
}

// Advise adds to the error of a drop folder that cannot be opened or drained what people
// can do about it, where that is known.
func Advise(err error) error {
	for _, row := range advice {
		for _, target := range row.errs {
			if errors.Is(err, target) {
				return fmt.Errorf("%w; %s", err, row.what)
			}
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; user %d needs the rights to read, write and search it, and to search the folders above it", err, os.Geteuid())
	}
	return err
}
