package incoming

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// errChanged: the file changed while it was read; its writer was not done.
var errChanged = errors.New("the file changed while it was read")

// outage marks an error that is no item's own: store or disk are down. The item waits
// without blame, and nothing more is claimed.
type outage struct{ err error }

func (o outage) Error() string { return o.err.Error() }
func (o outage) Unwrap() error { return o.err }

// notOpened returns the error of a file that could not be opened: an outage where this
// process has no more descriptors or memory to give.
func notOpened(err error) error {
	for _, starved := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, starved) {
			return outage{err}
		}
	}
	return err
}

// settleFailed returns the error of a settlement: an outage, unless only this item's rows
// cannot be written.
func settleFailed(err error) error {
	if errors.Is(err, store.ErrDown) {
		return outage{err}
	}
	return err
}

// recovered turns a panic into poison: the message that caused it is held.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fault.Markf(fault.Poison, fault.Poisoned, "handling the message failed in a way it never should: %v", r)
	}
}

// handle takes an item to its end, whatever happens: this is the outcome table of
// DESIGN §2.
func (p *pass) handle(ctx context.Context, f *feed, item *drop.Item) {
	a := &arrival{Item: item, stage: p.Store.Stage()}
	defer p.memory.give(a)
	err := p.process(ctx, a)
	p.held.give(a.room)
	p.fail(a.close())
	var down outage
	var unread *drop.Unreadable
	switch {
	case err == nil:
		p.finish(f, item)
	case errors.As(err, &unread):
		p.unreadable(item.Feed, unread)
	case errors.Is(err, errChanged), fault.Of(err) == fault.Interrupted:
		f.end(item, item.Return)
	case errors.Is(err, errNoRoom):
		f.end(item, item.Postpone)
	case errors.As(err, new(unanswered)):
		p.wait(err)
		f.end(item, func() error { return item.Defer(false) })
	case errors.As(err, &down):
		p.fail(err)
		f.end(item, func() error { return item.Defer(false) })
	case item.Gone():
		event.LogFile(p.Log, item.Feed, item.Name, "the file is gone; it was removed by someone else while it was handled")
		f.end(item, item.Finish)
	default:
		p.deferItem(ctx, a, err)
		f.end(item, func() error { return item.Defer(true) })
	}
}

// finish removes the drop file of a settled item. One that has changed since it was read
// is another message by now, and goes back.
func (p *pass) finish(f *feed, item *drop.Item) {
	if changed, err := item.Changed(); err == nil && changed {
		f.end(item, item.Return)
		return
	}
	f.end(item, item.Finish)
}

// deferItem puts it on record that an item failed by itself and waits. Event 6872 says so
// the first time, also if it was another process's.
func (p *pass) deferItem(ctx context.Context, a *arrival, cause error) {
	if a.Waited == 0 {
		event.LogFile(p.Log, a.Feed, a.Name, cause.Error())
	}
	st := store.Settlement{Run: p.run.ID, Item: a.row(), Detail: cause.Error()}
	for _, to := range a.recipients() {
		st.Waiting = append(st.Waiting, to.String())
		p.logFailure(a, to.String(), store.Deferred, string(store.Deferred), cause.Error())
	}
	done, err := p.Store.Settle(context.WithoutCancel(ctx), st)
	if err != nil {
		p.fail(err)
		return
	}
	p.count(done)
}

// reject decides for a message that cannot be read, by the class of the error: where it
// never can be, it is held, or deleted by policy, for the recipients that would have got
// it; for none where the envelope is what cannot be read. Other errors are returned.
func (p *pass) reject(ctx context.Context, a *arrival, cause error) error {
	class, reason := fault.Of(cause), fault.ReasonOf(cause)
	if class == fault.Transient && a.Expired() && !errors.As(cause, new(outage)) {
		class, reason = fault.Permanent, fault.TooManyAttempts
	}
	if class != fault.Permanent && class != fault.Poison {
		return cause
	}
	if len(a.env.Recipients) == 0 {
		a.verdicts = []verdict{{decision: access.Decision{Reason: reason, Detail: cause.Error()}}}
	}
	a.refuse(reason, cause.Error())
	if a.key.IsZero() {
		return p.keyUnread(ctx, a)
	}
	return nil
}

// keyUnread finds the key of a message that was not decoded. Where a process died with it
// in hand, the message may have been settled before, under the key of its parts.
func (p *pass) keyUnread(ctx context.Context, a *arrival) (err error) {
	if a.Crashes > 0 {
		key, known, err := p.Store.KeyOfFile(ctx, a.row())
		if err != nil {
			return outage{err}
		}
		if known {
			a.key = key
			_, err = p.skipDecided(ctx, a)
			return err
		}
	}
	a.key, err = keyOfAll(ctx, body(a.src, a.Size, a.env), a.Name)
	return err
}

// close lets go of the arrival's file and of what it staged in vain.
func (a *arrival) close() error {
	var err error
	if a.src != nil {
		err = a.src.Close()
	}
	if err = errors.Join(err, a.stage.Close()); err != nil {
		return fmt.Errorf("clean up after %s: %w", a.Name, err)
	}
	return nil
}

// unreadable says once that a file cannot be read; it stays where it is, in the backlog.
func (p *pass) unreadable(feed string, bad *drop.Unreadable) {
	event.LogFile(p.Log, feed, bad.Name, bad.Error())
}
