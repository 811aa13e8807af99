package drop

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// ownerOf returns the uid of a file's owner.
func ownerOf(info fs.FileInfo) (uid int, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}

// touched returns when a file was last changed: the later of its times of modification,
// which programs may set, and of status change, which they cannot.
func touched(info fs.FileInfo) time.Time {
	modified := info.ModTime()
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return modified
	}
	if changed := time.Unix(st.Ctim.Unix()); changed.After(modified) {
		return changed
	}
	return modified
}

// bootID names the present run of the machine (random(4)); "0" where the system does not
// say.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(id) < 36 {
		return "0"
	}
	return strings.ReplaceAll(string(id[:36]), "-", "")
}
