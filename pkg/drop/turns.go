package drop

import (
	"context"
	"io/fs"
	"path"
)

// turnSize is how many items of one kind are claimed before those of the other get their
// turn.
const turnSize = batchSize

// claimInTurns takes the items in retry that are due and that no process has died with,
// and the messages that have arrived and settled. A turn that is broken off goes on in the
// next pass, so that neither kind waits until there are none of the other.
func (f *Folder) claimInTurns(ctx context.Context, yield func(*Item, error) bool) bool {
	for !f.retries.met() || !f.arrivals.met() {
		if !f.claimTurn(ctx, yield) {
			return false
		}
		f.turn, f.arriving = 0, !f.arriving
	}
	return true
}

// claimTurn takes what is left of one turn.
func (f *Folder) claimTurn(ctx context.Context, yield func(*Item, error) bool) bool {
	counted := func(item *Item, err error) bool {
		f.turn++
		return yield(item, err)
	}
	from, claim := &f.retries, f.claimRetry
	if f.arriving {
		from, claim = &f.arrivals, f.claimArrival
	}
	for f.turn < turnSize {
		name, err := from.file(ctx)
		if !f.goOn(ctx, err, yield) {
			return false
		}
		if name == "" {
			break
		}
		if !claim(name, counted) {
			return false
		}
	}
	return true
}

// claimRetry takes one folder of retry.
func (f *Folder) claimRetry(name string, yield func(*Item, error) bool) bool {
	return f.claimBox(name, parseState(name), yield)
}

// claimArrival takes one message that has arrived, if it has settled.
func (f *Folder) claimArrival(name string, yield func(*Item, error) bool) bool {
	item, err := f.take(name)
	if err != nil {
		return f.passOver(err, yield)
	}
	if item == nil {
		return true
	}
	f.failed = 0
	return yield(item, nil)
}

// wantsRetry reports whether an entry of retry is due.
func (f *Folder) wantsRetry(entry fs.DirEntry) bool {
	s := parseState(entry.Name())
	return s.crashes == 0 && f.isDue(entry.Name(), s)
}

// wantsArrival reports whether an entry of the arrival folder is a message that we may
// take.
func (f *Folder) wantsArrival(entry fs.DirEntry) bool {
	return f.isMessage(entry) && !f.isShunned(path.Join(f.arrival, entry.Name()))
}

// isMessage reports whether an entry of the arrival folder is a message.
func (f *Folder) isMessage(entry fs.DirEntry) bool {
	return entry.Type().IsRegular() && f.o.Format.takes(entry.Name())
}

// dueSince returns when an entry of retry was due.
func dueSince(name string) int64 { return parseState(name).due.UnixMilli() }

// arrivedAt returns when a file in the arrival folder was modified; one that does not tell
// is the oldest.
func (f *Folder) arrivedAt(name string) int64 {
	return f.modified(path.Join(f.arrival, name)).UnixNano()
}
