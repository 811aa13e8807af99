package dms

import (
	"context"
	"time"
)

// limiter spaces writes of the directory evenly.
type limiter struct {
	apart time.Duration // 0: nothing is spaced
	next  time.Time     // when the next may be made
}

func newLimiter(perSecond int) limiter {
	if perSecond <= 0 {
		return limiter{}
	}
	return limiter{apart: time.Second / time.Duration(perSecond)}
}

// wait waits until a write may be made. A cancelled ctx ends it with an error.
func (l *limiter) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil || l.apart == 0 {
		return err
	}
	now := time.Now()
	if now.Before(l.next) {
		if err := pause(ctx, l.next.Sub(now)); err != nil {
			return err
		}
		now = l.next
	}
	l.next = now.Add(l.apart)
	return nil
}
