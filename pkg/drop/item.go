package drop

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"mailchute/pkg/durable"
)

// Item is one claimed message. It is ended by one call of Finish, Return, Defer or
// Postpone that succeeds; any further one is fs.ErrClosed. Its methods are called by one
// goroutine at a time.
type Item struct {
	Name   string // the file's name in the drop folder, as a stranger may have chosen it
	Feed   string // the feed's name
	Format string // the format's name
	Size   int64  // of the file in bytes; known after Open

	Modified time.Time // when the file was written last; known after Open

	Crashes   int           // processes that died with this item in hand
	Deferrals int           // how often it was deferred for a failure of its own, or postponed
	Waited    time.Duration // how long it waited for failures of its own

	folder *Folder
	batch  *batch
	path   string // where the file is; "": ended
	before state  // what its path said when it was claimed
	again  bool   // it came from retry
	print  fingerprint
}

// newItem describes a file that has just come into b.
func (f *Folder) newItem(b *batch, name string, s state, again bool) *Item {
	f.mu.Lock()
	defer f.mu.Unlock()
	b.taken++
	b.pending++
	return &Item{
		Name: name, Feed: f.o.Feed, Format: f.o.Format.Name,
		Crashes: s.crashes, Deferrals: s.deferrals, Waited: s.waited,
		folder: f, batch: b, path: b.dir + "/" + name, before: s, again: again,
	}
}

// Alone reports whether a process has died with this item in hand: it is to be handled
// while nothing else is.
func (it *Item) Alone() bool { return it.Crashes > 0 }

// Expired reports whether the item has waited for failures of its own for as long as
// Options.DeferFor. Deferrals for failures of others do not count.
func (it *Item) Expired() bool { return it.Waited >= it.folder.o.DeferFor }

// Open opens the file and reads its envelope. The file is returned, to be closed by the
// caller, also where it has no usable envelope (a permanent error, see ReadEnvelope). An
// Unreadable error has ended the item: the file is back where it was, and is passed over
// until it changes.
func (it *Item) Open() (Envelope, durable.File, error) {
	if it.path == "" {
		return Envelope{}, nil, it.ended("open")
	}
	file, err := it.open()
	if errors.Is(err, durable.ErrNotRegular) || errors.Is(err, fs.ErrPermission) {
		return Envelope{}, nil, it.unreadable(err)
	}
	if err != nil {
		return Envelope{}, nil, err
	}
	env, err := ReadEnvelope(file, it.Size, it.folder.o.Format)
	return env, file, err
}

// open opens the file if it is a regular one of an owner whose files we read.
func (it *Item) open() (durable.File, error) {
	file, err := it.folder.fs.Open(it.path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !it.folder.mayRead(info) {
		uid, _ := ownerOf(info)
		err = fmt.Errorf("it belongs to user %d, whose files this feed does not take: %w", uid, fs.ErrPermission)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	it.Size, it.Modified, it.print = info.Size(), info.ModTime(), fingerprintOf(info)
	return file, nil
}

// Changed reports whether the file has changed since Open, in formats that write in
// place: then what was read means nothing, and the item is to be returned.
func (it *Item) Changed() (bool, error) {
	if it.folder.o.Format.Atomic {
		return false, nil
	}
	if it.path == "" {
		return false, it.ended("look at")
	}
	info, err := it.folder.fs.Lstat(it.path)
	if err != nil {
		return false, err
	}
	return fingerprintOf(info) != it.print, nil
}

// Gone reports whether somebody else has removed the claimed file.
func (it *Item) Gone() bool {
	_, err := it.folder.fs.Lstat(it.path)
	return it.path != "" && errors.Is(err, fs.ErrNotExist)
}

// Finish removes the file: all that it said is committed. One that is gone already is
// finished too.
func (it *Item) Finish() error {
	if it.path == "" {
		return it.ended("finish")
	}
	if err := it.folder.fs.Remove(it.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	it.end()
	return nil
}

// Return puts the file back as if it had never been claimed: where it arrived, or into
// retry with the counters it had. Where another file has taken its name meanwhile it
// goes to retry, due at once.
func (it *Item) Return() error {
	if it.path == "" {
		return it.ended("return")
	}
	_, err := it.putBack()
	if err == nil && !it.folder.o.Format.Atomic {
		it.folder.dueAt(it.folder.o.Now().Add(it.folder.o.Settle))
	}
	return err
}

// Defer puts the file into retry. After a failure of its own the item waits the longer
// the more often that happened, from one minute to one hour; after a failure of others
// (store, directory) for about a minute, and nothing is counted.
func (it *Item) Defer(ownFailure bool) error {
	if it.path == "" {
		return it.ended("defer")
	}
	after := it.before
	wait := backOff(1)
	if ownFailure {
		after.deferrals++
		wait = backOff(after.deferrals)
		after.waited += wait
	}
	return it.parkFor(after, wait)
}

// Postpone puts the file into retry without blame: it waits the longer the more often
// that happens, from one minute to one hour, and never expires by it.
func (it *Item) Postpone() error {
	if it.path == "" {
		return it.ended("postpone")
	}
	after := it.before
	after.deferrals++
	return it.parkFor(after, backOff(after.deferrals))
}

// parkFor moves the file to retry, due after the wait.
func (it *Item) parkFor(after state, wait time.Duration) error {
	after.due = it.folder.o.Now().Add(wait)
	if _, err := it.park(after); err != nil {
		return err
	}
	it.folder.dueAt(after.due)
	return nil
}

// putBack ends the item without a trace, and returns the name under which the next scans
// will meet the file.
func (it *Item) putBack() (met string, err error) {
	if !it.again {
		home := path.Join(it.folder.arrival, it.Name)
		err := it.folder.fs.Rename(it.path, home)
		if err == nil {
			it.end()
			return home, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return it.park(it.before)
}

// park moves the file to retry and ends the item. It returns the folder that the file has
// there.
func (it *Item) park(after state) (box string, err error) {
	now, err := it.folder.park(it.folder.instance, it.path, it.before, after)
	if err != nil {
		it.path = now
		return "", err
	}
	it.end()
	return path.Dir(now), nil
}

// end lets the batch know that the file has left it.
func (it *Item) end() {
	it.path = ""
	it.folder.leave(it.batch)
}

func (it *Item) ended(op string) error {
	return &fs.PathError{Op: op, Path: it.Name, Err: fs.ErrClosed}
}
