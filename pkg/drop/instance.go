package drop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"mailchute/pkg/durable"
)

// joinTries bounds how often our folder may be taken for a dead process's leftover in
// the instant before it is locked.
const joinTries = 10

// errNoLock: without a lock of its own nobody knows whether a process lives.
var errNoLock = errors.New("this process cannot lock its claims, so it takes none")

// join makes and locks our instance folder where nobody looks for claims, tries there all
// that draining needs, and only then moves it among those of the live.
func (f *Folder) join() error {
	if err := f.sweepTmp(); err != nil {
		return err
	}
	for range joinTries {
		name := f.o.Boot + "-" + rand.Text()
		err := f.fs.Mkdir(tmpDir+"/"+name, 0o700)
		if err != nil {
			return err
		}
		f.lock, err = f.fs.Lock(tmpDir + "/" + name)
		if errors.Is(err, durable.ErrLocked) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%w: %w", errNoLock, err), f.fs.Remove(tmpDir+"/"+name))
		}
		f.instance = claimedDir + "/" + name
		// Whoever finds our folder after a power loss removes the file of our self-test, so
		// the folder has to be there where the file is.
		if err = f.fs.SyncDir(tmpDir); err == nil {
			err = f.selfTest(tmpDir + "/" + name)
		}
		if err == nil {
			err = f.fs.Rename(tmpDir+"/"+name, f.instance)
		}
		if err == nil {
			err = f.fs.SyncDir(claimedDir)
		}
		if err != nil {
			return errors.Join(err, f.lock.Close())
		}
		return nil
	}
	return fmt.Errorf("%w: another process takes away each folder that is made in %s", errNoLock, tmpDir)
}

// probe returns where the self-test of the instance with this folder drops its file.
func (f *Folder) probe(instance string) string {
	return path.Join(f.arrival, ".mailchute-"+path.Base(instance))
}

// removeProbe removes the file of a self-test that a dead process left where messages
// arrive. That is durable before the instance's folder goes, which alone tells of it.
func (f *Folder) removeProbe(instance string) error {
	if err := f.fs.Remove(f.probe(instance)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return f.fs.SyncDir(f.arrival)
}

// selfTest takes a file the way of a claim, from where messages arrive into dir, and
// learns what the file system's clock says and whether its leases prove anything.
func (f *Folder) selfTest(dir string) error {
	arrived := f.probe(dir)
	start := f.o.Now()
	probe, err := f.fs.Create(arrived, 0o600)
	if err != nil {
		return err
	}
	_, err = probe.Write([]byte("mailchute tries what it may do here\n"))
	info, statErr := probe.Stat()
	if err = errors.Join(err, statErr, probe.Close()); err == nil {
		f.skew = info.ModTime().Sub(start)
		err = f.fs.Rename(arrived, dir+"/probe")
	}
	if err != nil {
		return errors.Join(err, f.fs.Remove(arrived))
	}
	probe, err = f.fs.Open(dir + "/probe")
	if err != nil {
		return errors.Join(err, f.fs.Remove(dir+"/probe"))
	}
	// A lease that is not had proves nothing: a process that is being started has a copy of
	// all our open files until it runs its program.
	f.leases = f.leases || probe.NoWriter()
	return errors.Join(probe.Close(), f.fs.Remove(dir+"/probe"))
}

// sweepTmp removes what processes that died while they started have left.
func (f *Folder) sweepTmp() error {
	for entry, err := range f.fs.List(tmpDir) {
		if err != nil {
			return err
		}
		dir := tmpDir + "/" + entry.Name()
		lock, err := f.fs.Lock(dir)
		if vanished(err) {
			continue
		}
		if err != nil {
			return err
		}
		err = errors.Join(f.removeProbe(dir), f.removeIn(dir))
		if err == nil {
			err = f.fs.Remove(dir)
		}
		if err = errors.Join(err, lock.Close()); err != nil {
			return err
		}
	}
	return nil
}

// vanished reports whether err is that of a Lock on what lives or is gone.
func vanished(err error) bool {
	return errors.Is(err, durable.ErrLocked) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrNotRegular)
}

// removeIn removes the files and empty folders in dir.
func (f *Folder) removeIn(dir string) error {
	for entry, err := range f.fs.List(dir) {
		if err == nil {
			err = f.fs.Remove(dir + "/" + entry.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeOver moves the claims of dead processes to retry, and removes what others left that
// died while they started. Whoever gets a dead instance's lock holds it until its folder
// is empty and removed, so each claim is moved, and its crash counted, once.
func (f *Folder) takeOver(ctx context.Context, yield func(*Item, error) bool) bool {
	for entry, err := range f.fs.List(claimedDir) {
		if !f.goOn(ctx, err, yield) {
			return false
		}
		instance := claimedDir + "/" + entry.Name()
		if instance == f.instance {
			continue
		}
		lock, err := f.fs.Lock(instance)
		if vanished(err) {
			continue
		}
		if err == nil {
			err = errors.Join(f.bury(instance), lock.Close())
		}
		if err != nil && !yield(nil, f.wrap(fmt.Errorf("take over a dead process's claims: %w", err))) {
			return false
		}
	}
	err := f.sweepTmp()
	return err == nil || yield(nil, f.wrap(fmt.Errorf("clean up after a dead process: %w", err)))
}

// bury empties and removes a dead instance's folder, whose lock we hold.
func (f *Folder) bury(instance string) error {
	if err := f.removeProbe(instance); err != nil {
		return err
	}
	for batch, err := range f.fs.List(instance) {
		if err != nil {
			return err
		}
		dir := instance + "/" + batch.Name()
		if !batch.IsDir() {
			// The file of a self-test.
			if err := f.fs.Remove(dir); err != nil {
				return err
			}
			continue
		}
		before := parseState(batch.Name())
		after := before
		after.crashes = f.crashesAfter(instance, before.crashes)
		after.due = f.o.Now()
		for entry, err := range f.fs.List(dir) {
			if err == nil {
				_, err = f.park(instance, dir+"/"+entry.Name(), before, after)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err := f.fs.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return f.fs.Remove(instance)
}

// crashesAfter returns how many crashes an item has that a dead instance had in hand. One
// that ended with the machine, as in a power cut, tells little of the item: that counts
// once, so that the item is handled alone, and no more.
func (f *Folder) crashesAfter(instance string, before int) int {
	boot, _, _ := strings.Cut(path.Base(instance), "-")
	if boot == f.o.Boot {
		return before + 1
	}
	return max(before, 1)
}

// Close gives up this process's place in the folder. Items that are still claimed then
// are an error; they go to retry, as after a crash, when another process sees them.
// No Claim may be under way.
func (f *Folder) Close() error {
	f.retries.end()
	f.arrivals.end()
	err := f.removeIn(f.instance)
	if err == nil {
		err = f.fs.Remove(f.instance)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESTALE) {
		err = nil // the drop folder was removed, or ours in it
	}
	if err = errors.Join(err, f.lock.Close()); err != nil {
		return f.wrap(fmt.Errorf("give up the instance: %w", err))
	}
	return nil
}
