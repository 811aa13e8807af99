package durable

// RenameChecked shows the fallback of file systems without a rename that refuses.
func RenameChecked(f FS, oldname, newname string) error {
	return f.(*osFS).renameChecked(oldname, newname)
}
