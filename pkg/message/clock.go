package message

import (
	"time"

	"mailchute/pkg/fault"
)

// clock counts the time that reading one message costs us. It stands while we wait for
// the source or for a writer: a hung share is not the message's fault.
type clock struct {
	limit time.Duration
	spent time.Duration
	since time.Time // zero while it stands
}

// start goes on counting; a clock that runs already keeps what it has.
func (c *clock) start() {
	c.stop()
	c.since = time.Now()
}

func (c *clock) stop() {
	if !c.since.IsZero() {
		c.spent += time.Since(c.since)
		c.since = time.Time{}
	}
}

// check fails when the message has cost more than its limit.
func (c *clock) check() error {
	spent := c.spent
	if !c.since.IsZero() {
		spent += time.Since(c.since)
	}
	if spent > c.limit {
		return fault.Markf(fault.Poison, fault.OverLimits, "message takes longer than %v to read", c.limit)
	}
	return nil
}
