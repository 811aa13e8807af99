package sqlite

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// checkFileSystem refuses network shares by the numbers of statfs(2).
func checkFileSystem(dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("file system of %s: %w", dir, err)
	}
	// The type of Type differs between architectures.
	if share := networkShare(uint32(st.Type)); share != "" {
		return fmt.Errorf("%s is on a network share (%s), where SQLite loses data: put it on a local disk", dir, share)
	}
	return nil
}

// networkShare names the protocol of a network file system; "" is a local one.
func networkShare(magic uint32) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB"
	}
	return ""
}
