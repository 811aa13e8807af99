package sqlcat

import (
	"database/sql"
	"iter"

	"mailchute/store"
)

const (
	writeColumns = `id, run, at, actor, action, key, owner, dn, changes, trouble`
	selectWrites = `SELECT ` + writeColumns + ` FROM directory_writes`
	// Each of the two indexes has its rows in order.
	selectWritesOf = selectWrites + ` WHERE key = $1 UNION ALL ` + selectWrites + ` WHERE owner = $1 AND key <> $1 ORDER BY id`
	insertWrite    = `INSERT INTO directory_writes (` + writeColumns + `)
		VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM directory_writes), $1, $2, $3, $4, $5, $6, $7, $8, $9)`

	directoryRunColumns = `run, objects, created, renamed, modified, members, deleted, reported, failed, pending`
	putDirectoryRun     = `INSERT INTO directory_runs (` + directoryRunColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (run) DO UPDATE SET objects = excluded.objects, created = excluded.created, renamed = excluded.renamed,
			modified = excluded.modified, members = excluded.members, deleted = excluded.deleted,
			reported = excluded.reported, failed = excluded.failed, pending = excluded.pending`
)

func (t *tx) InsertDirectoryWrite(w store.DirectoryWrite) error {
	_, err := t.exec("record of a change of "+w.Of, insertWrite, w.Run, timeValue(w.At), w.Actor, string(w.Action),
		w.Key, w.Of, w.Where, jsonValue{w.Changes}, w.Trouble)
	return err
}

func (t *tx) DirectoryWrites(keyOrOf string) iter.Seq2[store.DirectoryWrite, error] {
	return each(t, "changes of "+keyOrOf, scanDirectoryWrite, selectWritesOf, keyOrOf)
}

func (t *tx) DirectoryWritesIn(run string) iter.Seq2[store.DirectoryWrite, error] {
	return each(t, "changes in run "+run, scanDirectoryWrite, selectWrites+` WHERE run = $1 ORDER BY id`, run)
}

func scanDirectoryWrite(rows *sql.Rows) (w store.DirectoryWrite, err error) {
	err = rows.Scan(&w.ID, &w.Run, timeColumn{&w.At}, &w.Actor, &w.Action, &w.Key, &w.Of, &w.Where, jsonColumn{&w.Changes}, &w.Trouble)
	return w, err
}

func (t *tx) PutDirectoryRun(d store.DirectoryRun) error {
	_, err := t.exec("directory in run "+d.Run, putDirectoryRun, d.Run, d.Objects, d.Created, d.Renamed, d.Modified,
		d.Members, d.Deleted, d.Reported, d.Failed, d.Pending)
	return err
}

func (t *tx) DirectoryRun(run string) (store.DirectoryRun, error) {
	scan := func(rows *sql.Rows) (d store.DirectoryRun, err error) {
		err = rows.Scan(&d.Run, &d.Objects, &d.Created, &d.Renamed, &d.Modified, &d.Members, &d.Deleted,
			&d.Reported, &d.Failed, &d.Pending)
		return d, err
	}
	return one(t, "directory in run "+run, scan, `SELECT `+directoryRunColumns+` FROM directory_runs WHERE run = $1`, run)
}
