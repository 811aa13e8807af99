package durable

import (
	"maps"
	"slices"
)

// RenameChecked shows the fallback of file systems without a rename that refuses.
func RenameChecked(f FS, oldname, newname string) error {
	return f.(*osFS).renameChecked(oldname, newname)
}

// Changes returns what the next Barrier by Fsync will sync: how many files, and which
// folders.
func Changes(f FS) (files int, folders []string) {
	c := &f.(*osFS).changes
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.closed), slices.Sorted(maps.Keys(c.folders))
}
