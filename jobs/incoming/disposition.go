package incoming

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
	"mailchute/store"
)

// errChanged: the file changed while it was read; its writer was not done.
var errChanged = errors.New("the file changed while it was read")

// outage marks an error that is no item's own: store or disk are down. The item waits
// without blame, and nothing more is claimed.
type outage struct{ err error }

func (o outage) Error() string { return o.err.Error() }
func (o outage) Unwrap() error { return o.err }

// handle takes an item to its end, whatever happens: this is the outcome table of
// DESIGN §2.
func (p *pass) handle(ctx context.Context, item *drop.Item) {
	err := p.process(ctx, item)
	var down outage
	var unread *drop.Unreadable
	switch {
	case err == nil:
		p.finish(item)
	case errors.As(err, &unread):
		p.unreadable(item.Feed, unread)
	case errors.Is(err, errChanged), fault.Of(err) == fault.Interrupted:
		p.fail(item.Return())
	case errors.Is(err, fs.ErrNotExist):
		event.LogFile(p.Log, item.Feed, item.Name, "the file is gone; it was removed by someone else while it was handled")
	case errors.As(err, &down):
		p.fail(err)
		p.fail(item.Defer(false))
	default:
		p.deferItem(ctx, item, err)
	}
}

// finish removes the drop file of a settled item. Where that fails, the item stays
// claimed and the next run tries again; its outcomes are there already.
func (p *pass) finish(item *drop.Item) {
	if err := item.Finish(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.unfinished.add(item)
		p.fail(fmt.Errorf("remove %s after it was filed: %w", item.Name, err))
	}
}

// deferItem puts an item that failed by itself into retry, on record.
func (p *pass) deferItem(ctx context.Context, item *drop.Item, cause error) {
	event.LogFile(p.Log, item.Feed, item.Name, text.Safe(cause.Error()))
	_, err := p.Store.Settle(context.WithoutCancel(ctx), store.Settlement{
		Run: p.run.ID, Item: store.Item{Feed: item.Feed, Format: item.Format, File: item.Name, Size: item.Size},
		Waiting: []string{""}, Detail: cause.Error(),
	})
	p.fail(err)
	p.fail(item.Defer(true))
}

// rejectAll decides for a message that cannot be read, by the class of the error: where
// it can never be, it is held, or deleted by policy, for every recipient; for none where
// the envelope is what cannot be read. Other errors are returned.
func (p *pass) rejectAll(ctx context.Context, a *arrival, cause error) (err error) {
	class := fault.Of(cause)
	reason := fault.ReasonOf(cause)
	if class == fault.Transient && a.Expired() && !errors.As(cause, new(outage)) {
		class, reason = fault.Permanent, fault.TooManyAttempts
	}
	if class != fault.Permanent && class != fault.Poison {
		return cause
	}
	if reason == fault.NoEnvelope {
		event.LogFile(p.Log, a.Feed, a.Name, text.Safe(cause.Error()))
	}
	if a.key.IsZero() {
		if a.key, err = keyOfAll(ctx, body(a.src, a.Size, a.env), a.Name); err != nil {
			return err
		}
	}
	to := a.env.Recipients
	if len(to) == 0 {
		to = []address.Address{{}}
	}
	var decided []store.Decided
	for _, r := range to {
		decided = append(decided, store.Decided{Recipient: r, State: stateFor(a.policy, reason), Reason: reason, Detail: cause.Error()})
	}
	return p.commit(ctx, a, decided)
}

// closeBoth lets go of the arrival's file and of what it staged in vain.
func closeBoth(err error, a *arrival) error {
	if a.src != nil {
		err = errors.Join(err, a.src.Close())
	}
	if e := a.stage.Close(); e != nil {
		err = errors.Join(err, outage{e})
	}
	return err
}

// unreadable says once that a file cannot be read; it stays where it is, in the backlog.
func (p *pass) unreadable(feed string, bad *drop.Unreadable) {
	event.LogFile(p.Log, feed, bad.Name, text.Safe(bad.Error()))
}
