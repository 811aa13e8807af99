package sqlcat

import (
	"database/sql"
	"iter"
	"time"

	"mailchute/store"
)

const (
	selectRuns = `SELECT id, job, started_by, host, process, started, ended, state, backlog FROM runs`

	processedColumns = `p.run, p.seq, p.item_key, p.feed, p.file, p.message_id, p.state,
		p.documents, p.bytes, p.skipped, p.waiting, p.detail`

	insertProcessed = `INSERT INTO processed (run, seq, item_key, feed, file, message_id, state,
			documents, bytes, skipped, waiting, detail)
		VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM processed WHERE run = $1),
			$2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
)

func (t *tx) InsertRun(r store.Run) error {
	return t.insert("run "+r.ID, `INSERT INTO runs (id, job, started_by, host, process, started, ended, state, backlog)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		r.ID, r.Job, r.Trigger, r.Host, r.Process, timeValue(r.Started), timeValue(r.Ended), string(r.State), r.Backlog)
}

func (t *tx) UpdateRun(r store.Run) error {
	return t.change("run "+r.ID, `UPDATE runs SET state = $2, ended = $3, backlog = $4 WHERE id = $1`,
		r.ID, string(r.State), timeValue(r.Ended), r.Backlog)
}

func (t *tx) Run(id string) (store.Run, error) {
	return one(t, "run "+id, scanRun, selectRuns+` WHERE id = $1`, id)
}

func (t *tx) Runs(since time.Time, limit int) ([]store.Run, error) {
	return list(t, "runs", scanRun, selectRuns+` WHERE started >= $1 ORDER BY started DESC, id DESC LIMIT $2`,
		timeValue(since), atMost(limit))
}

func (t *tx) OpenRuns() ([]store.Run, error) {
	return list(t, "open runs", scanRun, selectRuns+` WHERE state = 'open' ORDER BY started, id`)
}

func scanRun(rows *sql.Rows) (r store.Run, err error) {
	err = rows.Scan(&r.ID, &r.Job, &r.Trigger, &r.Host, &r.Process,
		timeColumn{&r.Started}, timeColumn{&r.Ended}, &r.State, &r.Backlog)
	return r, err
}

func (t *tx) InsertProcessed(p store.Processed) error {
	_, err := t.exec("message of run "+p.Run, insertProcessed, p.Run, digestValue(p.Key), p.Feed, p.File, p.MessageID,
		string(p.State), p.Documents, p.Bytes, p.Skipped, linesValue(p.Waiting), p.Detail)
	return err
}

func (t *tx) ProcessedOf(run string) iter.Seq2[store.Processed, error] {
	return each(t, "messages of run "+run, scanProcessed,
		`SELECT `+processedColumns+` FROM processed p WHERE p.run = $1 ORDER BY p.seq`, run)
}

func (t *tx) ProcessedAt(messageIDOrFile string) iter.Seq2[store.Processed, error] {
	return each(t, "messages with "+messageIDOrFile, scanProcessed, `SELECT `+processedColumns+`
		FROM processed p JOIN runs r ON r.id = p.run
		WHERE p.message_id = $1 OR p.file = $1 ORDER BY r.started, r.id, p.seq`, messageIDOrFile)
}

func scanProcessed(rows *sql.Rows) (p store.Processed, err error) {
	err = rows.Scan(&p.Run, &p.Seq, digestColumn{&p.Key}, &p.Feed, &p.File, &p.MessageID, &p.State,
		&p.Documents, &p.Bytes, &p.Skipped, linesColumn{&p.Waiting}, &p.Detail)
	return p, err
}
