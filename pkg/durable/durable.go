// Package durable is the single seam through which mailchute changes files: write,
// sync, barrier, rename without replacing, sync the folder. Nothing else in the
// program creates, renames, links or removes a file (SQLite's own files excepted), so
// that a test can count, fail or kill at every effect, and simulate a power loss.
//
// Every name given to an FS is a slash-separated path below the folder that it was
// opened on. It is resolved beneath that folder without leaving it, links included.
package durable

import (
	"errors"
	"io"
	"io/fs"
	"iter"
)

var (
	// ErrNotRegular: the name is a link, folder, FIFO, socket or device.
	ErrNotRegular = errors.New("not a regular file")
	// ErrLocked: another process, or another Lock of this one, holds the lock.
	ErrLocked = errors.New("locked by another process")
	// ErrCannotLink: a file system cannot give this file a further name here (other
	// device, too many links, no hard links); copy it instead.
	ErrCannotLink = errors.New("cannot be hard-linked")
)

// FS is one folder, resolved once and held open. Its methods may be called
// concurrently. Errors wrap those of the operating system (fs.ErrNotExist,
// fs.ErrExist, syscall.ENOSPC …) and name the file.
type FS interface {
	// Path returns the path that the folder was opened by, for messages to people.
	Path() string

	// InPlace reports whether the folder is still where it was found: it has not been
	// moved, removed or mounted over since. A link that leads elsewhere by now does not
	// matter.
	InPlace() bool

	// Open opens a regular file for reading, neither following a link nor waiting for
	// a FIFO's writer; anything else is ErrNotRegular.
	Open(name string) (File, error)
	// Lstat describes the name itself; links are not followed.
	Lstat(name string) (fs.FileInfo, error)
	// List yields a folder's entries in the file system's order, reading a batch at a
	// time; it holds no list. Entries that come or go meanwhile may or may not appear.
	List(name string) iter.Seq2[fs.DirEntry, error]

	// Create makes a new file for writing; fs.ErrExist where the name is taken.
	Create(name string, perm fs.FileMode) (File, error)
	// Mkdir makes a folder; fs.ErrExist where the name is taken.
	Mkdir(name string, perm fs.FileMode) error
	// Rename moves a file or folder, atomically, and never replaces: fs.ErrExist where
	// newname is taken.
	Rename(oldname, newname string) error
	// Replace moves a file over newname, atomically, whether or not that exists.
	Replace(oldname, newname string) error
	// Link gives an open file, of this FS or of another, a further name, never
	// replacing; ErrCannotLink where it must be copied. It follows no link on the way to
	// newname: there it fails.
	Link(f File, newname string) error
	// Remove removes a file or an empty folder; fs.ErrNotExist where there is none.
	Remove(name string) error
	// SyncDir makes the names in a folder durable: those made, moved and removed in it
	// before the call.
	SyncDir(name string) error
	// Barrier makes everything durable that was written, made, linked or moved through
	// this FS before the call, files that are still open excepted, and the folders on the
	// way to it. After an error nothing of it may be believed, nor what was written by
	// then and no Barrier had covered, and repeating the call proves nothing: write again.
	Barrier() error

	// Lock takes an exclusive lock on an existing file or folder, without waiting:
	// ErrLocked. When it returns, name still leads to what was locked (else
	// fs.ErrNotExist). It ends with Close or with the process. On network file systems
	// it may keep out the processes of this machine only.
	Lock(name string) (io.Closer, error)
	// Space returns the bytes that we may still write, and the size of the file system.
	Space() (free, total int64, err error)
	// Close lets the folder go. Files opened through it stay usable.
	Close() error
}

// File is an open file of an FS.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Closer
	// Stat describes the open file, whatever its name is by now.
	Stat() (fs.FileInfo, error)
	// Sync makes the file's bytes durable (not its name). The rule of Barrier holds
	// for its errors.
	Sync() error
	// NoWriter reports whether the system proves that no process has the file open
	// for writing (on Linux a read lease, fcntl(2) F_SETLEASE). False proves nothing.
	NoWriter() bool
}
