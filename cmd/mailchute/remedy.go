package main

import (
	"errors"
	"syscall"

	"mailchute/store"
)

// remedies say what to do about errors of the system below us.
var remedies = []struct {
	errs  []error
	codes []int // primary result codes of SQLite (sqlite.org/rescode.html)
	what  string
}{
	{
		errs: []error{store.ErrDamaged},
		what: "Restore the blob from the backup; mailchute verify says what else is damaged.",
	},
	{
		errs: []error{syscall.ENOSPC, syscall.EDQUOT}, codes: []int{13},
		what: "Make room on that disk, and try again: what was stored before is safe, and drop files stay until they are filed.",
	},
	{
		errs: []error{syscall.EROFS}, codes: []int{8},
		what: "Run it as the user that owns the data folder, on a disk that is mounted for writing.",
	},
	{
		codes: []int{11, 26},
		what:  "Stop mailchute, keep a copy of the catalog and of the files -wal and -shm beside it, restore them from the backup, and run mailchute verify.",
	},
	{
		errs: []error{syscall.EIO}, codes: []int{10},
		what: "The disk failed: look into the system's log before you go on.",
	},
	{
		codes: []int{5, 6},
		what:  "Another process keeps the catalog to itself: try again, and end a mailchute command that hangs.",
	},
	{
		codes: []int{14},
		what:  "Run it as the user that owns the data folder, who can write into the folder of the catalog.",
	},
}

// remedy returns what to do about an error of the system below us, "" where that is not
// known.
func remedy(err error) string {
	code := -1
	if coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		code = coded.Code() & 0xff // the rest of an extended code says more than people need
	}
	for _, r := range remedies {
		for _, target := range r.errs {
			if errors.Is(err, target) {
				return r.what
			}
		}
		for _, c := range r.codes {
			if c == code {
				return r.what
			}
		}
	}
	return ""
}
