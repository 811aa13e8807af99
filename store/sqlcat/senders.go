package sqlcat

import (
	"errors"
	"time"

	"mailchute/pkg/fault"
)

const (
	countSent = `INSERT INTO sender_counts (hour, sender, messages) VALUES ($1, $2, 1)
		ON CONFLICT (hour, sender) DO UPDATE SET messages = sender_counts.messages + 1`
	selectSent = `SELECT messages FROM sender_counts WHERE hour = $1 AND sender = $2`
	deleteSent = `DELETE FROM sender_counts WHERE (hour, sender) IN (
		SELECT hour, sender FROM sender_counts WHERE hour < $1 ORDER BY hour, sender LIMIT $2)`
)

func (t *tx) CountSent(sender string, hour time.Time) error {
	_, err := t.exec("count of "+sender, countSent, timeValue(hour), sender)
	return err
}

func (t *tx) SentIn(sender string, hour time.Time) (int, error) {
	n, err := one(t, "count of "+sender, scalar[int], selectSent, timeValue(hour), sender)
	if errors.Is(err, fault.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

func (t *tx) DeleteSent(before time.Time, limit int) (int, error) {
	n, err := t.exec("counts of senders", deleteSent, timeValue(before), atMost(limit))
	return int(n), err
}
