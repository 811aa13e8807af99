package store

import (
	"fmt"
	"time"

	"mailchute/pkg/library"
)

// The keys of the farm policy that say how long held mail, the records of runs and the
// bytes of removed documents are kept.
const (
	heldKeep    = "held_keep"
	runsKeep    = "runs_keep"
	removedKeep = "removed_keep"
)

// retention is how long something is kept.
type retention struct {
	forever bool
	time    time.Duration
}

// retentionIn reads the retention that a key of the farm policy sets.
func retentionIn(tx Tx, key string) (retention, error) {
	set, err := tx.Settings()
	if err != nil {
		return retention{}, err
	}
	return retentionOf(set, key)
}

// retentionOf reads the retention of a key from the keys that were set.
func retentionOf(set map[string]string, key string) (retention, error) {
	v, ok := set[key]
	if !ok {
		v = retentionUnset[key]
	}
	if v == "forever" {
		return retention{forever: true}, nil
	}
	d, err := library.ParseDuration(v)
	if err != nil || d == 0 {
		return retention{}, fmt.Errorf("%s=%q: use a time above zero like 30d, or forever", key, v)
	}
	return retention{time: d}, nil
}

// retentionUnset has the values of keys that were not set.
var retentionUnset = map[string]string{heldKeep: "30d", runsKeep: "400d", removedKeep: "30d"}

// expires returns when held mail that was announced expires: when it has been kept for
// so long, but never before the notice has run out.
func (r retention) expires(h HeldMail) time.Time {
	kept, noticed := h.Since.Add(r.time), h.Announced.Add(min(NoticeTime, r.time))
	if noticed.After(kept) {
		return noticed
	}
	return kept
}
