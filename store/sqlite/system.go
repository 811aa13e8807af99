package sqlite

import (
	"errors"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// systemError is an error of the database's that is the operating system's, which it hides.
type systemError struct {
	error
	errno syscall.Errno
}

func (e systemError) Unwrap() []error { return []error{e.error, e.errno} }

// fromSystem makes errors.Is find the operating system's error behind one of the database's:
// so a full disk is a full disk, whoever writes there.
func fromSystem(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff { // the primary result code
	case sqlite3.SQLITE_FULL:
		return systemError{err, syscall.ENOSPC}
	case sqlite3.SQLITE_IOERR:
		return systemError{err, syscall.EIO}
	case sqlite3.SQLITE_NOMEM:
		return systemError{err, syscall.ENOMEM}
	}
	return err
}
