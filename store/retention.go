package store

import (
	"fmt"
	"time"

	"mailchute/pkg/library"
)

// heldKeep is the key of the farm policy that says how long held mail is kept.
const heldKeep = "held_keep"

// retention is how long held mail is kept.
type retention struct {
	forever bool
	time    time.Duration
}

func (s *Store) retention(tx Tx) (retention, error) {
	set, err := tx.Settings()
	if err != nil {
		return retention{}, err
	}
	return retentionOf(set)
}

// retentionOf reads the retention of the keys that were set.
func retentionOf(set map[string]string) (retention, error) {
	v, ok := set[heldKeep]
	if !ok {
		return retention{time: 30 * 24 * time.Hour}, nil
	}
	if v == "forever" {
		return retention{forever: true}, nil
	}
	d, err := library.ParseDuration(v)
	if err != nil || d == 0 {
		return retention{}, fmt.Errorf("%s=%q: use a time above zero like 30d, or forever", heldKeep, v)
	}
	return retention{time: d}, nil
}

// expires returns when held mail that was announced expires: when it has been kept for
// so long, but never before the notice has run out.
func (r retention) expires(h HeldMail) time.Time {
	kept, noticed := h.Since.Add(r.time), h.Announced.Add(min(NoticeTime, r.time))
	if noticed.After(kept) {
		return noticed
	}
	return kept
}
