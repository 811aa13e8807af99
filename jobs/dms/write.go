package dms

import (
	"context"
	"errors"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

var zeroTime time.Time

// write makes one change of the directory and records it at once, with what is known of the
// object after it. done reports that it was made; one that failed is recorded, too, and an
// error only where the run cannot go on.
func (p *pass) write(ctx context.Context, o *object, s directory.Step, changes []directory.Change, change func() error, know func(*directory.Known)) (done bool, err error) {
	if err := p.ready(ctx); err != nil {
		return false, err
	}
	entry := o.entry(s.Action, changes)
	if err := change(); err != nil {
		return false, p.failed(ctx, o, s, entry, err)
	}
	p.failing = none
	k := o.base()
	k.ID, k.Backend = o.actual.ID, p.caps.Backend
	k.Where, k.Alias = o.actual.Where, o.actual.Alias
	k.State, k.Trouble, k.Tries, k.Next, k.At = directory.ObjectActive, "", 0, zeroTime, p.Now()
	know(&k)
	entry.Where = k.Where
	o.known = k
	return true, p.record(ctx, store.DirectoryResult{Known: k, Write: entry})
}

// ready gives the run its record and waits until the directory may be written to.
func (p *pass) ready(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	return p.limit.wait(ctx)
}

// record records what was done, also where the run is being stopped.
func (p *pass) record(ctx context.Context, r store.DirectoryResult) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	return p.Store.RecordDirectory(context.WithoutCancel(ctx), p.run, r)
}

// base returns what is known of an object, with its names.
func (o *object) base() directory.Known {
	k := o.known
	k.Key, k.Kind, k.Of = o.Key, o.Kind, o.Of
	if k.Alias == "" {
		k.Alias = o.Alias
	}
	return k
}

// entry is a change of an object for the record.
func (o *object) entry(a directory.Action, changes []directory.Change) store.DirectoryWrite {
	return store.DirectoryWrite{Action: a, Key: o.Key, Of: o.Of, Where: o.known.Where, Changes: changes}
}

// ends returns how an object's approved requests end, or what keeps them from it.
func (o *object) ends(to directory.RequestState, trouble string) (out []store.Ending) {
	for _, r := range o.requests {
		out = append(out, store.Ending{Request: r.ID, To: to, Trouble: trouble})
	}
	return out
}

// fails returns how an object's approved requests fail, and what a SOAP client is told.
func (o *object) fails(as directory.Status, trouble string) []store.Ending {
	out := o.ends(directory.Failed, trouble)
	for i := range out {
		out[i].Status = as
	}
	return out
}

// failed deals with a change that failed, by the class of its error. What is no fault of an
// object is first taken for one: a directory may refuse one and take all others. It is the
// directory's where it cannot even be read, and where the next object fails alike: that ends
// the run.
func (p *pass) failed(ctx context.Context, o *object, s directory.Step, entry store.DirectoryWrite, err error) error {
	what, last := classOf(err), p.failing
	if what == vanished && s.Action == directory.ActCreate { // the container is not there
		what = refused
	}
	if what == interrupted {
		return err
	}
	if p.skipped && errors.Is(err, fault.ErrConflict) { // with one that was to make room for it, perhaps
		what = vanished
	}
	entry.Trouble = err.Error()
	r := store.DirectoryResult{Write: entry}
	if p.failing = what; (what == transient || what == refused) && !p.isReadable(ctx) {
		return errors.Join(&outage{err, what}, p.record(ctx, r))
	}
	o.stuck, o.recorded = true, true
	if what == transient && o.known.Tries+1 >= manyTries {
		what = permanent
	}
	p.skipped = p.skipped || what != permanent
	r.Known = p.troubled(o, s.Action, what, err)
	switch {
	case s.Action == directory.ActMembers && what != transient && what != refused: // nobody asked for them
		r.Ends = o.ends(directory.Applied, "")
	case what == permanent:
		r.Ends = o.fails(directory.StatusOf(err), err.Error())
		p.ended(r.Ends)
	default:
		r.Ends = o.ends(directory.Approved, err.Error())
	}
	p.failures++
	p.say(o.Of, o.known.Where, s.Action, err.Error())
	o.known = r.Known
	if err := p.record(ctx, r); err != nil {
		return err
	}
	if (what == transient || what == refused) && what == last {
		return &outage{err, what}
	}
	return nil
}

// isReadable reports whether the directory answers, and has the container.
func (p *pass) isReadable(ctx context.Context) bool {
	_, err := p.Publisher.Preflight(ctx)
	return err == nil
}

// ended sees to it that a run follows soon where requests failed: what is wanted has
// changed by that.
func (p *pass) ended(failed []store.Ending) {
	if len(failed) > 0 {
		p.later(p.Now())
	}
}

// troubled returns what is known of an object with which something went wrong, and when to
// try again.
func (p *pass) troubled(o *object, a directory.Action, what class, err error) directory.Known {
	k := o.base()
	if a == directory.ActCreate { // the one that was there is gone; there may be a new one by now
		k.ID, k.Alias, k.Applied = "", o.Alias, nil
	}
	if what == permanent {
		k.State = stateOf(err)
	}
	k.Trouble = err.Error()
	if len(o.requests) > 0 && what == permanent && a != directory.ActMembers {
		return k // what is wanted goes back with the request
	}
	p.tried[o.Key] = o.attributes
	k.Tries++
	k.Next = p.Now().Add(objectWait(k.Tries)).Truncate(time.Microsecond) // as rows keep it
	p.later(k.Next)
	return k
}
