package durable

import "golang.org/x/sys/unix"

// RenameByLink shows the fallback of file systems without RENAME_NOREPLACE.
func RenameByLink(f FS, oldname, newname string) error {
	return f.(*osFS).atBoth(oldname, newname, renameByLink)
}

// LinkByProc shows the fallback of those who may not link a descriptor itself.
func LinkByProc(f FS, file File, newname string) error {
	return f.(*osFS).at(newname, func(newDir int, base string) error {
		return control(file.(*osFile).File, func(fd int) error { return linkByProc(fd, newDir, base) })
	})
}

// LinkByName shows the fallback where /proc is not mounted.
func LinkByName(f FS, file File, newname string) error {
	return f.(*osFS).linkByName(file.(*osFile), newname)
}

// Openat2 puts another call in place of openat2(2), as that of an older kernel.
func Openat2(f FS, call func(dir int, name string, how *unix.OpenHow) (int, error)) {
	f.(*osFS).disk.openat2 = call
}

// TellsErrors reports whether Choose believes syncfs on a kernel of this release.
func TellsErrors(release string) bool { return tellsErrors(release) }
