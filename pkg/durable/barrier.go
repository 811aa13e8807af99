package durable

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// Way is how a Barrier reaches the disk.
type Way string

// The ways.
const (
	// Syncfs writes out the whole file system by one call (syncfs(2)): fastest, but it
	// writes what others have written there, too.
	Syncfs Way = "syncfs"
	// Fsync writes out each file that was made through the FS and closed, then each folder
	// in which names were changed through it, and those above.
	Fsync Way = "fsync"
)

const (
	// syncsAtOnce is how many files or folders are synced at once. Syncs that run together
	// share the journal's commits.
	syncsAtOnce = 16
	// maxClosed bounds how many descriptors are kept for the next Barrier.
	maxClosed = 256
)

// changes are what a Barrier by Fsync has to make durable. Who makes a change notes it
// afterwards: noted before, a Barrier in between would forget it.
type changes struct {
	syncing sync.Mutex // a Barrier returns when those that took its files have, too

	mu      sync.Mutex // guards the rest
	closed  []*osFile  // an error of writing back is told to descriptors that were open then
	folders map[string]bool
}

// touch notes that names in these folders were changed. The folders above may be new as
// well, made by a process that did not live to sync them.
func (c *changes) touch(folders ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.folders == nil {
		c.folders = map[string]bool{}
	}
	for _, folder := range folders {
		for ; !c.folders[folder]; folder = path.Dir(folder) {
			c.folders[folder] = true
		}
	}
}

// move notes that a folder has another name, if it is one that was noted.
func (c *changes) move(oldname, newname string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for folder := range c.folders {
		if below, ok := strings.CutPrefix(folder+"/", oldname+"/"); ok {
			c.folders[path.Join(newname, below)] = true
		}
	}
}

// keep takes over a file that was closed, unless there are too many.
func (c *changes) keep(f *osFile) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.closed) >= maxClosed {
		return false
	}
	c.closed = append(c.closed, f)
	return true
}

func (c *changes) take() (files []*osFile, folders []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for folder := range c.folders {
		folders = append(folders, folder)
	}
	files = c.closed
	c.closed, c.folders = nil, nil
	return files, folders
}

// syncChanges makes durable what was changed through d: bytes first, then names.
func (d *osFS) syncChanges() error {
	d.changes.syncing.Lock()
	defer d.changes.syncing.Unlock()
	files, folders := d.changes.take()
	err := each(files, func(f *osFile) error {
		return d.fail("sync", f.name, errors.Join(f.File.Sync(), f.File.Close()))
	})
	if err != nil {
		return err
	}
	return each(folders, func(name string) error {
		err := d.SyncDir(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed since
		}
		return err
	})
}

// forget closes the files that have lost their last name: nothing of them need reach the
// disk, and their room is wanted.
func (c *changes) forget() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	c.closed = slices.DeleteFunc(c.closed, func(f *osFile) bool {
		gone := nameless(f.File)
		if gone {
			errs = append(errs, f.File.Close())
		}
		return gone
	})
	return errors.Join(errs...)
}

// drop closes what no Barrier will sync any more.
func (c *changes) drop() error {
	files, _ := c.take()
	return each(files, func(f *osFile) error { return f.File.Close() })
}

// each calls do for all of these, several at once, and returns the first's error.
func each[T any](all []T, do func(T) error) error {
	errs := make([]error, len(all))
	slots := make(chan struct{}, syncsAtOnce)
	var running sync.WaitGroup
	for i, v := range all {
		slots <- struct{}{}
		running.Go(func() {
			errs[i] = do(v)
			<-slots
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Close gives a file that was made here to the next Barrier, where that is to sync it.
func (f *osFile) Close() error {
	if !f.made || f.fsys.way != Fsync || f.File == nil {
		return f.File.Close()
	}
	left := *f
	f.File = nil // from now on its methods fail
	if f.fsys.changes.keep(&left) {
		return nil
	}
	return errors.Join(left.File.Sync(), left.File.Close())
}
