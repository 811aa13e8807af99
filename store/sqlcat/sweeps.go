package sqlcat

import (
	"database/sql"

	"mailchute/store"
)

const sweepColumns = `run, expiring, expired, versions, runs, doomed, removed, removed_bytes`

func (t *tx) PutSweep(sw store.Sweep) error {
	_, err := t.exec("sweep "+sw.Run, `INSERT INTO sweeps (`+sweepColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (run) DO UPDATE SET expiring = excluded.expiring, expired = excluded.expired,
			versions = excluded.versions, runs = excluded.runs, doomed = excluded.doomed, removed = excluded.removed, removed_bytes = excluded.removed_bytes`,
		sw.Run, sw.Expiring, sw.Expired, sw.Versions, sw.Runs, sw.Doomed, sw.Removed, sw.RemovedBytes)
	return err
}

func (t *tx) Sweep(run string) (store.Sweep, error) {
	scan := func(rows *sql.Rows) (sw store.Sweep, err error) {
		err = rows.Scan(&sw.Run, &sw.Expiring, &sw.Expired, &sw.Versions, &sw.Runs, &sw.Doomed, &sw.Removed, &sw.RemovedBytes)
		return sw, err
	}
	return one(t, "sweep "+run, scan, `SELECT `+sweepColumns+` FROM sweeps WHERE run = $1`, run)
}
