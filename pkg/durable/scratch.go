package durable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
)

// scratchTries bounds how often OpenScratch makes a new folder; see lockScratch.
const scratchTries = 10

// Scratch is a process's own folder for files that have no final name yet. It is locked
// while the process lives: no clock and no age decides who is dead. It is safe for
// concurrent use.
type Scratch struct {
	fsys FS
	path string
	lock io.Closer
	last atomic.Int64
}

// OpenScratch removes the folders of dead processes below parent, with what they left in
// them, and makes a new one there, with a name that nobody can guess. It makes parent
// where that is missing, mode 0700. The FS must stay open until Close.
func OpenScratch(fsys FS, parent string) (*Scratch, error) {
	if err := makeParent(fsys, parent); err != nil {
		return nil, fmt.Errorf("folder for temporary files: %w", err)
	}
	if err := sweepScratch(fsys, parent); err != nil {
		return nil, fmt.Errorf("remove temporary files of dead processes: %w", err)
	}
	var err error
	for range scratchTries {
		var f *Scratch
		if f, err = lockScratch(fsys, parent); !errors.Is(err, errSwept) {
			return f, err
		}
	}
	return nil, err
}

// ID returns the folder's own name: whoever cannot lock it knows that its process lives.
func (s *Scratch) ID() string { return path.Base(s.path) }

// Name returns a path that no file has or had.
func (s *Scratch) Name() string {
	return path.Join(s.path, strconv.FormatInt(s.last.Add(1), 10))
}

// Close removes the folder with all that is still in it, and gives the lock back even
// where that fails.
func (s *Scratch) Close() error {
	return errors.Join(removeFolder(s.fsys, s.path), s.lock.Close())
}

func makeParent(fsys FS, parent string) error {
	err := fsys.Mkdir(parent, 0o700)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := fsys.Lstat(parent)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder: %w", parent, fs.ErrExist)
	}
	return nil
}

// errSwept: another process's sweep met our folder before we had locked it.
var errSwept = errors.New("new folder for temporary files was removed by another process")

// lockScratch makes a folder and locks it. Between the two it looks like a dead process's.
// Once it is locked and still there, it is ours: a sweep needs the lock to remove it.
func lockScratch(fsys FS, parent string) (*Scratch, error) {
	name := path.Join(parent, strings.ToLower(rand.Text()))
	if err := fsys.Mkdir(name, 0o700); err != nil {
		return nil, err
	}
	lock, err := fsys.Lock(name)
	if errors.Is(err, ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		return nil, errSwept
	}
	if err != nil {
		return nil, errors.Join(err, fsys.Remove(name))
	}
	if _, err := fsys.Lstat(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = errSwept
		}
		return nil, errors.Join(err, lock.Close())
	}
	return &Scratch{fsys: fsys, path: name, lock: lock}, nil
}

// sweep removes the folders below parent whose lock can be had.
func sweepScratch(fsys FS, parent string) error {
	names, err := list(fsys, parent)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := sweepOneScratch(fsys, name); err != nil {
			return err
		}
	}
	return nil
}

func sweepOneScratch(fsys FS, name string) error {
	lock, err := fsys.Lock(name)
	// Its process lives, or another process was here first.
	if errors.Is(err, ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(removeFolder(fsys, name), lock.Close())
}

// removeFolder removes a folder of files.
func removeFolder(fsys FS, folder string) error {
	names, err := list(fsys, folder)
	if err != nil {
		return gone(err)
	}
	for _, name := range names {
		if err := gone(fsys.Remove(name)); err != nil {
			return err
		}
	}
	return gone(fsys.Remove(folder))
}

// list returns the paths of all that is in a folder. They are few, and removing while
// listing hides entries on some file systems.
func list(fsys FS, folder string) ([]string, error) {
	var names []string
	for entry, err := range fsys.List(folder) {
		if err != nil {
			return nil, err
		}
		names = append(names, path.Join(folder, entry.Name()))
	}
	return names, nil
}

// gone returns err, or nil where it says that there is nothing of that name.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
