package incoming

import (
	"context"
	"fmt"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// rate returns what the message counts in: nothing where the farm sets no limit, or nobody
// gets the message. Mail in the name of a sender who was not proved counts apart, so that
// nobody uses up what another one may send. The hour is that in which the file was dropped:
// what has waited for us, however long, is no flood.
func (x *examination) rate() store.Rate {
	if x.policy.SenderRate == 0 || x.allowed() == 0 {
		return store.Rate{}
	}
	sender := ""
	switch {
	case x.who.Address.IsNull():
	case x.who.Rung == access.Claimed:
		sender = access.Claimed.String() + " " + x.who.Address.Key()
	default:
		sender = x.who.Address.Key()
	}
	return store.Rate{Sender: sender, Hour: x.received.UTC().Truncate(time.Hour), Max: x.policy.SenderRate}
}

// checkRate rejects the message where its sender has sent as many in the hour as the farm
// takes. It is for a message that is new: one that was here before does not count again.
func (x *examination) checkRate(ctx context.Context, s *store.Store) error {
	r := x.rate()
	if r.Max == 0 {
		return nil
	}
	n, err := s.SentIn(ctx, r)
	if err == nil && n >= r.Max {
		x.limit(r)
	}
	return err
}

// limit rejects the message for those recipients that would have got it.
func (x *examination) limit(r store.Rate) {
	who := "the null sender"
	if !x.who.Address.IsNull() {
		who = x.who.Address.String()
	}
	x.refuse(fault.RateLimited, fmt.Sprintf(
		"%s has sent %d messages since %s UTC, as many as the farm takes in an hour: mailchute settings set sender_rate=… takes more, mailchute held release --reason %s files what is held",
		who, r.Max, r.Hour.Format("2006-01-02 15:04"), fault.RateLimited))
}

// settleLimited settles a message as rejected: while it was in hand, others have made its
// sender's hour full.
func (p *pass) settleLimited(ctx context.Context, a *arrival) error {
	a.limit(a.rate())
	if err := p.takeRoom(ctx, a); err != nil {
		return err
	}
	st, err := p.settlement(ctx, a)
	if err != nil {
		return err
	}
	return p.settle(ctx, a, st)
}
