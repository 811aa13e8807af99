package drop

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"syscall"
	"time"
)

// Claim takes items one after the other: first those of dead processes, whose files go to
// retry; then, by turns, messages in retry that are due and messages that have arrived and
// settled; and last the items in retry that processes have died with, the fewest crashes
// first, so that one which kills this process too delays nobody. Of these only such as
// have waited for ten minutes come before all others, though not in two passes in a row
// that are broken off among them.
//
// A pass reads a batch of names at a time and holds no list of what waits, so a backlog of
// any size may be drained. Within a batch the files that were modified first come first;
// beyond that there is no order that may be relied on. A pass takes all that waited when it
// began. Where the caller breaks it off, the next one goes on there and does not begin
// with what has arrived since: so no file starves, however many arrive.
//
// The caller ends each item by Finish, Return, Defer or Postpone, in this pass or later. An Alone
// item is ended before the next is asked for. With an error there is no item; what it is
// about is left where it is, and the pass goes on unless the folder itself fails or ctx
// is done. A file that we may not move is an Unreadable.
func (f *Folder) Claim(ctx context.Context) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		f.startPass()
		whole := f.takeOver(ctx, yield) &&
			f.claimAged(ctx, yield) &&
			f.claimInTurns(ctx, yield) &&
			f.claimAlone(ctx, yield, 0)
		if whole {
			f.forget()
		}
	}
}

// startPass begins a pass: what waits will be found anew.
func (f *Folder) startPass() {
	f.failed = 0
	f.retries.renew()
	f.arrivals.renew()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass++
	f.due = time.Time{}
}

// forget drops what is remembered of files that the whole pass has not met.
func (f *Folder) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, l := range f.looks {
		if l.pass != f.pass {
			delete(f.looks, name)
		}
	}
	for key, s := range f.shunned {
		if s.pass != f.pass {
			delete(f.shunned, key)
		}
	}
}

// goOn yields what makes a scan impossible and reports whether there is nothing such.
func (f *Folder) goOn(ctx context.Context, err error, yield func(*Item, error) bool) bool {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		yield(nil, f.unusable(err))
	}
	return err == nil
}

// claimAged takes the items that processes have died with and that have let others go
// first for long enough. A pass that was broken off among them is followed by one that
// leaves them, so that they do not keep the others waiting either.
func (f *Folder) claimAged(ctx context.Context, yield func(*Item, error) bool) bool {
	if f.brokenOff {
		f.brokenOff = false
		return true
	}
	f.brokenOff = !f.claimAlone(ctx, yield, aloneWait)
	return !f.brokenOff
}

// aloneWait is how long items that processes have died with let others go first: under a
// flood they would else wait for ever.
const aloneWait = 10 * time.Minute

// claimAlone takes the items in retry that have been due for so long and that processes
// have died with, the fewest crashes first. It reads the folder once for each number of
// crashes, of which there are few, and holds no list.
func (f *Folder) claimAlone(ctx context.Context, yield func(*Item, error) bool, waited time.Duration) bool {
	for crashes := 1; crashes > 0; {
		more := 0 // the next number of crashes; 0: none
		for box, err := range f.fs.List(retryDir) {
			if !f.goOn(ctx, err, yield) {
				return false
			}
			s := parseState(box.Name())
			if s.crashes > crashes && (more == 0 || s.crashes < more) {
				more = s.crashes
			}
			early := waited > 0 && f.o.Now().Sub(s.due) < waited
			if s.crashes != crashes || !f.isDue(box.Name(), s) || early {
				continue
			}
			if !f.claimBox(box.Name(), s, yield) {
				return false
			}
		}
		crashes = more
	}
	return true
}

// isDue reports whether the item in a folder of retry may be taken now.
func (f *Folder) isDue(box string, s state) bool {
	if !s.ripe(f.o.Now()) {
		f.dueAt(s.due)
		return false
	}
	return !f.isShunned(retryDir + "/" + box)
}

// claimBox takes one folder of retry, which holds one file.
func (f *Folder) claimBox(name string, s state, yield func(*Item, error) bool) bool {
	b := &batch{dir: f.instance + "/" + name, filling: true}
	err := f.fs.Rename(retryDir+"/"+name, b.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true // another process was faster
	}
	if err != nil {
		return f.passOver(err, yield)
	}
	f.failed = 0
	defer f.seal(b)
	for entry, err := range f.fs.List(b.dir) {
		if err != nil {
			return f.passOver(errors.Join(err, f.fs.Rename(b.dir, retryDir+"/"+name)), yield)
		}
		if !yield(f.newItem(b, entry.Name(), s, true), nil) {
			return false
		}
	}
	return true
}

// maxFailed is how many claims in a row may fail before the folder is what fails.
const maxFailed = 16

// passOver yields the error of one claim and reports whether the pass goes on: a damaged
// file does not keep those behind it waiting, a folder in which nothing can be moved ends
// the pass.
func (f *Folder) passOver(err error, yield func(*Item, error) bool) bool {
	if _, ok := errors.AsType[*Unreadable](err); ok {
		return yield(nil, err)
	}
	f.failed++
	ends := f.failed >= maxFailed || f.selfTest(f.instance) != nil
	if ends {
		yield(nil, f.unusable(err))
		return false
	}
	return yield(nil, &Passed{f.wrap(err)})
}

// Passed is the failure to claim one file, which waits where it is. The folder is well:
// the files behind it are claimed.
type Passed struct{ Err error }

func (e *Passed) Error() string { return e.Err.Error() }

// Unwrap returns what failed.
func (e *Passed) Unwrap() error { return e.Err }

// take claims one message; nil where it has not settled or is gone.
func (f *Folder) take(name string) (*Item, error) {
	from := path.Join(f.arrival, name)
	if !f.o.Format.Atomic {
		info, err := f.fs.Lstat(from)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, nil
		}
		if settled, err := f.settled(from, info); err != nil || !settled {
			return nil, err
		}
	}
	b, err := f.place()
	if err != nil {
		return nil, err
	}
	err = f.fs.Rename(from, b.dir+"/"+name)
	if errors.Is(err, fs.ErrExist) {
		// An earlier message of that name is still in this batch.
		f.seal(b)
		if b, err = f.place(); err != nil {
			return nil, err
		}
		err = f.fs.Rename(from, b.dir+"/"+name)
	}
	if err != nil {
		return nil, f.notTaken(from, err)
	}
	f.unlook(from)
	return f.newItem(b, name, state{}, false), nil
}

// notTaken says what the error of a claim means; nil: nothing to speak of.
func (f *Folder) notTaken(from string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Gone, or our own folder is.
		if _, err := f.fs.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	case errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.ETXTBSY):
		// On a share: the writer has it open and shares it with nobody.
		f.dueAt(f.o.Now().Add(f.o.Settle))
		return nil
	case errors.Is(err, fs.ErrPermission):
		// Does it concern all files, or this one: another user's in a folder with the
		// sticky bit, one made immutable, one with an ACL of its own?
		if err := f.selfTest(f.instance); err != nil {
			return err
		}
		f.shun(from)
		return &Unreadable{Name: path.Base(from), Err: err}
	}
	return err
}

// unlook forgets a file that has been taken.
func (f *Folder) unlook(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.looks, name)
}
