package store

import (
	"fmt"
	"time"
)

// clocksApart is how far the clocks may be apart of those who wrote the times of one row.
const clocksApart = time.Hour

// heldFault says how the columns of held mail contradict each other, its outcome or the
// clock, "" for nothing.
func heldFault(h HeldMail, now time.Time) string {
	toCome := func(t time.Time) bool { return t.After(now.Add(clocksApart)) }
	switch {
	case !h.Since.Equal(h.Outcome.At):
		return fmt.Sprintf("it is held since %s, and that was decided at %s", h.Since.Format(time.RFC3339), h.Outcome.At.Format(time.RFC3339))
	case !h.Announced.IsZero() && (toCome(h.Announced) || h.Announced.Before(h.Since.Add(-clocksApart))):
		return fmt.Sprintf("its end was announced at %s, which is before it was held or yet to come", h.Announced.Format(time.RFC3339))
	}
	return h.endFault(toCome)
}

// endFault says how the columns about the end of held mail contradict each other.
func (h HeldMail) endFault(toCome func(time.Time) bool) string {
	switch h.State {
	case HeldWaiting:
		if h.End != (HeldEnd{}) {
			return "it waits, and there is an end of it"
		}
		return ""
	case HeldReleased:
		if h.End.Library == "" || h.End.Author == "" {
			return "it was released, and not said to which library or by whom"
		}
	case HeldRefused, HeldExpired:
		if h.End.Library != "" || h.End.Author != "" {
			return fmt.Sprintf("it is %s, and has a library or an author", h.State)
		}
	default:
		return fmt.Sprintf("%q is no state of held mail", h.State)
	}
	if toCome(h.End.At) || h.End.At.IsZero() {
		return fmt.Sprintf("it is %s since %s, which is no time or yet to come", h.State, h.End.At.Format(time.RFC3339))
	}
	return ""
}
