package mem

import "time"

// sentRow is how many messages of a sender were taken in an hour.
type sentRow struct {
	hour     time.Time
	messages int
}

func (t *tx) CountSent(sender string, hour time.Time) error {
	k := sentKey(sender, hour)
	row, _ := t.sent.get(k)
	t.sent = t.sent.put(k, sentRow{stored(hour), row.messages + 1})
	return nil
}

func (t *tx) SentIn(sender string, hour time.Time) (int, error) {
	row, _ := t.sent.get(sentKey(sender, hour))
	return row.messages, nil
}

func (t *tx) DeleteSent(before time.Time, limit int) (n int, err error) {
	for k, row := range t.sent.under("") {
		if limit > 0 && n == limit {
			break
		}
		if row.hour.Before(stored(before)) {
			t.sent = t.sent.without(k)
			n++
		}
	}
	return n, nil
}

func sentKey(sender string, hour time.Time) string {
	return key(stored(hour).UnixMicro(), sender)
}
