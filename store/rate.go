package store

import (
	"context"
	"errors"
	"time"
)

// Rate bounds how many messages of one sender are settled in an hour of the UTC clock, over
// all processes. A message counts once, for whatever recipients; what was settled
// before does not count again, and neither does what is released. The zero Rate bounds
// nothing, and nothing is counted.
type Rate struct {
	Sender string    // what tells senders apart
	Hour   time.Time // when the hour begins that the message counts in
	Max    int       // 0: no limit
}

// ErrOverRate: as many messages of the sender as may be are settled for that hour. Nothing
// was written, and the message can be settled in another way.
var ErrOverRate = errors.New("the sender has sent more than is taken in an hour")

// rateKept is how long it is known how many messages were taken in an hour. Mail that has
// waited for longer than that counts anew.
const rateKept = 7 * 24 * time.Hour

// SentIn returns how many messages were settled for the sender and the hour of a Rate.
func (s *Store) SentIn(ctx context.Context, r Rate) (n int, err error) {
	err = s.view(ctx, "messages of a sender", func(tx Tx) error {
		n, err = tx.SentIn(r.Sender, r.Hour)
		return err
	})
	return n, err
}

// isOver reports whether the settlement is of a new message, and the sender's hour is full.
func (st *Settlement) isOver(tx Tx) (bool, error) {
	if st.Rate.Max == 0 || len(st.Decided) == 0 {
		return false, nil
	}
	n, err := tx.SentIn(st.Rate.Sender, st.Rate.Hour)
	if err != nil || n < st.Rate.Max {
		return false, err
	}
	known, err := tx.Outcomes(st.Item.Key)
	return len(known) == 0, err
}

// countSent counts a message that had no outcome before and gets some now.
func (st *Settlement) countSent(tx Tx, earlier []Outcome, open []Decided) error {
	if st.Rate.Max == 0 || len(earlier) > 0 || len(open) == 0 {
		return nil
	}
	return tx.CountSent(st.Rate.Sender, st.Rate.Hour)
}

// sweepSent forgets hours that are over for long.
func (w *sweeper) sweepSent(ctx context.Context) error {
	for more := true; more; {
		err := w.update(ctx, func(tx Tx, _ *Sweep) error {
			n, err := tx.DeleteSent(w.now.Add(-rateKept), sweepBatch)
			more = n == sweepBatch
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
