package sqlcat

import (
	"bytes"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

const (
	itemColumns = `i.item_key, i.feed, i.format, i.file, i.message_id, i.sender, i.rung, i.evidence, i.login, i.size, i.mark`

	outcomeColumns = `o.item_key, o.recipient_key, o.recipient, o.state, o.library, o.reason, o.detail,
		o.run, o.at, o.documents, o.bytes, o.skipped, o.seal`

	insertItem = `INSERT INTO items (item_key, feed, format, file, message_id, sender, rung, evidence, login, size, mark)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`

	// The second condition lets the partial index serve.
	selectItemsSent = `SELECT ` + itemColumns + ` FROM items i WHERE i.message_id = $1 AND i.message_id <> '' LIMIT $2`

	selectOutcomes = `SELECT ` + outcomeColumns + ` FROM outcomes o WHERE o.item_key = $1 ORDER BY o.recipient_key`

	insertOutcome = `INSERT INTO outcomes (item_key, recipient_key, recipient, state, library, reason, detail,
			run, at, documents, bytes, skipped, seal, unfiled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, CASE WHEN $14 THEN NULL
			ELSE (SELECT COALESCE(MAX(unfiled), 0) + 1 FROM outcomes WHERE run = $8 AND unfiled IS NOT NULL) END)
		ON CONFLICT DO NOTHING`

	selectOutcomesOfRun = `SELECT ` + itemColumns + `, ` + outcomeColumns + `
		FROM outcomes o JOIN items i ON i.item_key = o.item_key
		WHERE o.run = $1 AND o.unfiled IS NOT NULL ORDER BY o.unfiled`

	selectLastSeq = `SELECT COALESCE(MAX(seq), 0) FROM processed WHERE run = $1`

	selectSettledKeys = `SELECT DISTINCT item_key FROM processed
		WHERE run = $1 AND item_key >= $2 AND item_key < $3 ORDER BY item_key`

	// One subquery for each table, since each then reads its own index in order.
	selectKeys = `SELECT item_key FROM items WHERE item_key > $1
		UNION SELECT item_key FROM outcomes WHERE item_key > $1
		UNION SELECT item_key FROM documents WHERE item_key > $1
		ORDER BY item_key LIMIT $2`

	insertHeld = `INSERT INTO held (id, item_key, recipient_key, state, since, digest, blob, announced, ended, actor, library, author, end_run)
		VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM held), $1, $2, $3, $4, $5, $5, 0, 0, '', '', '', '') ON CONFLICT DO NOTHING RETURNING id`

	// A blob counts from the first mail that waits with it until the last has ended.
	addHeldBytes = `UPDATE held_total SET bytes = bytes + (SELECT size FROM blobs WHERE digest = $1)
		WHERE 1 = (SELECT COUNT(*) FROM (SELECT 1 FROM held WHERE blob = $1 AND state = 'held' LIMIT 2) AS waiting)`
	subtractHeldBytes = `UPDATE held_total SET bytes = bytes - (SELECT size FROM blobs WHERE digest = $1)
		WHERE NOT EXISTS (SELECT 1 FROM held WHERE blob = $1 AND state = 'held')`
	selectHeldBytes = `SELECT bytes FROM held_total`

	selectHeld = `SELECT h.id, h.state, h.since, COALESCE(h.blob, h.digest), h.blob IS NULL, h.announced, h.ended, h.actor, h.library, h.author, h.end_run, h.end_seal, ` + itemColumns + `, ` + outcomeColumns + `
		FROM held h JOIN items i ON i.item_key = h.item_key
		JOIN outcomes o ON o.item_key = h.item_key AND o.recipient_key = h.recipient_key`
	selectHeldOf = selectHeld + ` WHERE h.item_key = $1 ORDER BY h.recipient_key`
)

func itemDest(it *store.Item) []any {
	return []any{
		digestColumn{&it.Key},
		&it.Feed, &it.Format, &it.File, &it.MessageID,
		&it.Sender, &it.Rung, &it.Evidence, &it.Login, &it.Size, &it.Mark,
	}
}

func outcomeDest(o *store.Outcome) []any {
	return []any{
		digestColumn{&o.Key},
		&o.RecipientKey, &o.Recipient, &o.State, &o.Library, &o.Reason, &o.Detail,
		&o.Run,
		timeColumn{&o.At},
		&o.Documents, &o.Bytes, &o.Skipped,
		digestColumn{&o.Seal},
	}
}

func (t *tx) PutItem(it store.Item) (isNew bool, err error) {
	n, err := t.exec("item "+it.Key.String(), insertItem, digestValue(it.Key), it.Feed, it.Format, it.File, it.MessageID,
		it.Sender, int(it.Rung), it.Evidence, it.Login, it.Size, it.Mark)
	return n > 0, err
}

func (t *tx) Item(k store.Key) (store.Item, error) {
	return one(t, "item "+k.String(), scanItem, `SELECT `+itemColumns+` FROM items i WHERE i.item_key = $1`, digestValue(k))
}

func (t *tx) ItemsAt(messageIDOrFile string) ([]store.Item, error) {
	return list(t, "items with "+messageIDOrFile, scanItem,
		`SELECT `+itemColumns+` FROM items i WHERE i.message_id = $1 OR i.file = $1 ORDER BY i.item_key`, messageIDOrFile)
}

func (t *tx) ItemsSent(messageID string, limit int) ([]store.Item, error) {
	return list(t, "items with "+messageID, scanItem, selectItemsSent, messageID, atMost(limit))
}

func scanItem(rows *sql.Rows) (it store.Item, err error) {
	err = rows.Scan(itemDest(&it)...)
	return it, err
}

func (t *tx) Keys(after store.Key, limit int) ([]store.Key, error) {
	return list(t, "keys", scanDigest, selectKeys, after[:], atMost(limit))
}

func (t *tx) Outcomes(k store.Key) ([]store.Outcome, error) {
	scan := func(rows *sql.Rows) (o store.Outcome, err error) {
		err = rows.Scan(outcomeDest(&o)...)
		return o, err
	}
	return list(t, "outcomes of "+k.String(), scan, selectOutcomes, digestValue(k))
}

func (t *tx) InsertOutcome(o store.Outcome) error {
	return t.insert("outcome for "+o.Recipient, insertOutcome, digestValue(o.Key), o.RecipientKey, o.Recipient,
		string(o.State), o.Library, string(o.Reason), o.Detail, o.Run, timeValue(o.At), o.Documents, o.Bytes, o.Skipped,
		digestValue(o.Seal), o.State == store.Filed)
}

func (t *tx) OutcomesOfRun(run string) iter.Seq2[store.OutcomeOfItem, error] {
	return each(t, "outcomes of run "+run, scanOutcomeOfItem, selectOutcomesOfRun, run)
}

// settledKeys is how many keys selectSettled has; NULL is none.
const settledKeys = 50

// selectSettled are the outcomes that items with some keys, from $2 on, have got in a run.
var selectSettled = `SELECT ` + itemColumns + `, ` + outcomeColumns + `
	FROM outcomes o JOIN items i ON i.item_key = o.item_key
	WHERE o.run = $1 AND o.item_key IN (` + placeholders(2, settledKeys) + `) ORDER BY o.item_key, o.recipient_key`

// sortedKeys is about how many keys SettledIn sorts at once.
const sortedKeys = 16 << 10

// SettledIn sorts the keys of a run only, and of a large one a range after the other: not
// even they need fit in memory.
func (t *tx) SettledIn(run string) iter.Seq2[store.OutcomeOfItem, error] {
	return func(yield func(store.OutcomeOfItem, error) bool) {
		rows, err := one(t, "size of run "+run, scalar[int], selectLastSeq, run)
		if err != nil {
			yield(store.OutcomeOfItem{}, err)
			return
		}
		ranges := min(1+rows/sortedKeys, 256)
		for i := range ranges {
			from, to := firstKey(i, ranges), firstKey(i+1, ranges)
			for o, err := range t.settledBetween(run, from, to) {
				if !yield(o, err) || err != nil {
					return
				}
			}
		}
	}
}

// firstKey returns where the ith of equal ranges of keys begins, the one after the last
// behind all keys.
func firstKey(i, ranges int) []byte {
	if i == ranges {
		return bytes.Repeat([]byte{0xff}, len(message.Digest{})+1)
	}
	return []byte{byte(i * 256 / ranges)}
}

// settledBetween yields the outcomes of items with keys from one to before another.
func (t *tx) settledBetween(run string, from, to []byte) iter.Seq2[store.OutcomeOfItem, error] {
	what := "outcomes of run " + run
	return func(yield func(store.OutcomeOfItem, error) bool) {
		keys, err := list(t, what, scanDigest, selectSettledKeys, run, from, to)
		if err != nil {
			yield(store.OutcomeOfItem{}, err)
			return
		}
		for some := range slices.Chunk(keys, settledKeys) {
			args := make([]any, 1+settledKeys)
			args[0] = run
			for i, k := range some {
				args[1+i] = digestValue(k)
			}
			for o, err := range each(t, what, scanOutcomeOfItem, selectSettled, args...) {
				if !yield(o, err) || err != nil {
					return
				}
			}
		}
	}
}

// placeholders returns n of them from $first on, with commas between.
func placeholders(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(all, ", ")
}

func scanOutcomeOfItem(rows *sql.Rows) (o store.OutcomeOfItem, err error) {
	err = rows.Scan(append(itemDest(&o.Item), outcomeDest(&o.Outcome)...)...)
	return o, err
}

func (t *tx) InsertHeld(h store.HeldMail) (int64, error) {
	o := h.Outcome
	ids, err := list(t, "held mail for "+o.Recipient, scalar[int64], insertHeld,
		digestValue(o.Key), o.RecipientKey, string(h.State), timeValue(h.Since), digestValue(h.Blob))
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("held mail for %s: %w", o.Recipient, fault.ErrConflict)
	}
	if err != nil {
		return 0, err
	}
	if h.State != store.HeldWaiting {
		return ids[0], nil
	}
	_, err = t.exec("sum of held mail", addHeldBytes, digestValue(h.Blob))
	return ids[0], err
}

func (t *tx) HeldBytes() (int64, error) {
	return one(t, "sum of held mail", scalar[int64], selectHeldBytes)
}

func (t *tx) Held(states ...store.HeldState) iter.Seq2[store.HeldMail, error] {
	where := ""
	args := make([]any, len(states))
	for i, s := range states {
		args[i] = string(s)
	}
	if len(states) > 0 {
		where = ` WHERE h.state IN (` + placeholders(1, len(states)) + `)`
	}
	return each(t, "held mail", scanHeld, selectHeld+where+` ORDER BY h.id`, args...)
}

func (t *tx) HeldByID(id int64) (store.HeldMail, error) {
	return one(t, fmt.Sprintf("held mail %d", id), scanHeld, selectHeld+` WHERE h.id = $1`, id)
}

func (t *tx) HeldOf(k store.Key) ([]store.HeldMail, error) {
	return list(t, "held mail of "+k.String(), scanHeld, selectHeldOf, digestValue(k))
}

func scanHeld(rows *sql.Rows) (h store.HeldMail, err error) {
	dest := []any{
		&h.ID, &h.State,
		timeColumn{&h.Since},
		digestColumn{&h.Blob},
		&h.Swept,
		timeColumn{&h.Announced},
		timeColumn{&h.End.At},
		&h.End.Actor, &h.End.Library, &h.End.Author, &h.End.Run,
		digestColumn{&h.End.Seal},
	}
	dest = append(dest, itemDest(&h.Item)...)
	dest = append(dest, outcomeDest(&h.Outcome)...)
	err = rows.Scan(dest...)
	return h, err
}

func (t *tx) HeldBlobs() iter.Seq2[message.Digest, error] {
	return each(t, "blobs of held mail", scanDigest, `SELECT blob FROM held WHERE blob IS NOT NULL`)
}
