package durable

// RenameByLink shows the fallback of file systems without RENAME_NOREPLACE.
func RenameByLink(f FS, oldname, newname string) error {
	return f.(*osFS).twoParents(oldname, newname, renameByLink)
}

// LinkByName shows the fallback where /proc is not mounted.
func LinkByName(f FS, file File, newname string) error {
	d := f.(*osFS)
	dir, base, err := d.openParent(newname)
	if err != nil {
		return err
	}
	defer dir.Close()
	return d.linkByName(file.(*osFile), dir, base)
}
