//go:build !linux

package drop

// onDisk says that nothing is known of mounts.
func onDisk(string) (disk, inDisk string) { return "", "" }
