package sqlcat

import (
	"database/sql"
	"fmt"
	"iter"
	"time"

	"mailchute/pkg/fault"
	"mailchute/store"
)

const (
	runColumns = `id, job, started_by, host, process, started, state, ended, backlog, oldest,
		processed, filed, duplicate, held, deleted, deferred, documents, bytes, skipped,
		place, rows_digest, previous, digest, swept`

	selectRuns = `SELECT ` + runColumns + ` FROM runs`
	selectRun  = selectRuns + ` WHERE id = $1`

	insertRun = `INSERT INTO runs (` + runColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
		ON CONFLICT DO NOTHING`

	updateRun = `UPDATE runs SET state = $2, ended = $3, backlog = $4, oldest = $5,
		processed = $6, filed = $7, duplicate = $8, held = $9, deleted = $10, deferred = $11, documents = $12, bytes = $13, skipped = $14,
		place = $15, rows_digest = $16, previous = $17, digest = $18, swept = $19
		WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM runs other WHERE other.place = $15 AND other.id <> $1)`

	processedColumns = `p.run, p.seq, p.at, p.item_key, p.feed, p.file, p.message_id, p.state,
		p.documents, p.bytes, p.skipped, p.waiting, p.detail`

	insertProcessed = `INSERT INTO processed (run, seq, at, item_key, feed, file, message_id, state,
			documents, bytes, skipped, waiting, detail)
		VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM processed WHERE run = $1),
			$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

	// The indexes begin with the day: each is asked for every day that there is.
	selectProcessedAt = `WITH RECURSIVE days (day) AS (
			SELECT MIN(at / 86400000000) FROM processed
			UNION ALL SELECT (SELECT MIN(p.at / 86400000000) FROM processed p WHERE p.at / 86400000000 > days.day)
			FROM days WHERE days.day IS NOT NULL),
		found (run, seq) AS (
			SELECT p.run, p.seq FROM days CROSS JOIN processed p WHERE p.at / 86400000000 = days.day AND p.message_id = $1
			UNION SELECT p.run, p.seq FROM days CROSS JOIN processed p WHERE p.at / 86400000000 = days.day AND p.file = $1)
		SELECT ` + processedColumns + ` FROM found CROSS JOIN processed p JOIN runs r ON r.id = p.run
		WHERE p.run = found.run AND p.seq = found.seq ORDER BY r.started, r.id, p.seq`
)

func (t *tx) InsertRun(r store.Run) error {
	opening := []any{r.ID, r.Job, r.Trigger, r.Host, r.Process, timeValue(r.Started)}
	return t.insert("run "+r.ID, insertRun, append(opening, closing(r)...)...)
}

// closing returns the columns that UpdateRun changes.
func closing(r store.Run) []any {
	c := r.Counts
	return []any{
		string(r.State), timeValue(r.Ended), r.Backlog.Files, timeValue(r.Backlog.Oldest),
		c.Processed, c.Filed, c.Duplicate, c.Held, c.Deleted, c.Deferred, c.Documents, c.Bytes, c.Skipped,
		sql.NullInt64{Int64: int64(r.Place), Valid: r.Place > 0},
		digestValue(r.Rows), digestValue(r.Previous), digestValue(r.Digest), r.Swept,
	}
}

func (t *tx) UpdateRun(r store.Run) error {
	n, err := t.exec("run "+r.ID, updateRun, append([]any{r.ID}, closing(r)...)...)
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.Run(r.ID); err != nil {
		return err
	}
	return fmt.Errorf("place %d of run %s: %w", r.Place, r.ID, fault.ErrConflict)
}

func (t *tx) Run(id string) (store.Run, error) {
	return one(t, "run "+id, scanRun, selectRun, id)
}

func (t *tx) Runs(since time.Time, limit int) ([]store.Run, error) {
	return list(t, "runs", scanRun, selectRuns+` WHERE started >= $1 ORDER BY started DESC, id DESC LIMIT $2`,
		timeValue(since), atMost(limit))
}

func (t *tx) OpenRuns() ([]store.Run, error) {
	return list(t, "open runs", scanRun, selectRuns+` WHERE state = 'open' ORDER BY started, id`)
}

func (t *tx) LastClosed() (store.Run, error) {
	return one(t, "last closed run", scanRun, selectRuns+` WHERE place IS NOT NULL ORDER BY place DESC LIMIT 1`)
}

func (t *tx) ClosedRuns(after, limit int) ([]store.Run, error) {
	return list(t, "closed runs", scanRun, selectRuns+` WHERE place > $1 ORDER BY place LIMIT $2`, after, atMost(limit))
}

func (t *tx) DeleteRuns(place int) error {
	_, err := t.exec("messages of old runs", `DELETE FROM processed WHERE run IN (SELECT id FROM runs WHERE place <= $1)`, place)
	if err == nil {
		_, err = t.exec("old runs", `DELETE FROM runs WHERE place <= $1`, place)
	}
	return err
}

func scanRun(rows *sql.Rows) (r store.Run, err error) {
	var place sql.NullInt64
	c := &r.Counts
	err = rows.Scan(&r.ID, &r.Job, &r.Trigger, &r.Host, &r.Process, timeColumn{&r.Started}, &r.State,
		timeColumn{&r.Ended}, &r.Backlog.Files, timeColumn{&r.Backlog.Oldest},
		&c.Processed, &c.Filed, &c.Duplicate, &c.Held, &c.Deleted, &c.Deferred, &c.Documents, &c.Bytes, &c.Skipped,
		&place, digestColumn{&r.Rows}, digestColumn{&r.Previous}, digestColumn{&r.Digest}, &r.Swept)
	r.Place = int(place.Int64)
	return r, err
}

func (t *tx) InsertProcessed(p store.Processed) error {
	_, err := t.exec("message of run "+p.Run, insertProcessed, p.Run, timeValue(p.At), digestValue(p.Key), p.Feed, p.File, p.MessageID,
		string(p.State), p.Documents, p.Bytes, p.Skipped, linesValue(p.Waiting), p.Detail)
	return err
}

func (t *tx) ProcessedOf(run string) iter.Seq2[store.Processed, error] {
	return each(t, "messages of run "+run, scanProcessed,
		`SELECT `+processedColumns+` FROM processed p WHERE p.run = $1 ORDER BY p.seq`, run)
}

func (t *tx) ProcessedAt(messageIDOrFile string) iter.Seq2[store.Processed, error] {
	return each(t, "messages with "+messageIDOrFile, scanProcessed, selectProcessedAt, messageIDOrFile)
}

func scanProcessed(rows *sql.Rows) (p store.Processed, err error) {
	err = rows.Scan(&p.Run, &p.Seq, timeColumn{&p.At}, digestColumn{&p.Key}, &p.Feed, &p.File, &p.MessageID, &p.State,
		&p.Documents, &p.Bytes, &p.Skipped, linesColumn{&p.Waiting}, &p.Detail)
	return p, err
}
