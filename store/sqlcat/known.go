package sqlcat

import (
	"database/sql"
	"iter"

	"mailchute/pkg/directory"
	"mailchute/store"
)

const (
	knownColumns = `key, kind, owner, backend, id, dn, alias, applied, members, missing, state, trouble, tries, not_before, at`
	selectKnown  = `SELECT ` + knownColumns + ` FROM known_objects`
	putKnown     = `INSERT INTO known_objects (` + knownColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, owner = excluded.owner, backend = excluded.backend,
			id = excluded.id, dn = excluded.dn, alias = excluded.alias, applied = excluded.applied,
			members = excluded.members, missing = excluded.missing, state = excluded.state, trouble = excluded.trouble,
			tries = excluded.tries, not_before = excluded.not_before, at = excluded.at`
	selectKnownID = `SELECT key FROM known_objects WHERE backend = $1 AND id = $2 AND id <> '' ORDER BY key LIMIT 1`

	leaseColumns = `name, process, at`
)

func (t *tx) KnownObjects() iter.Seq2[directory.Known, error] {
	return each(t, "known objects", scanKnown, selectKnown+` ORDER BY key`)
}

func (t *tx) KnownObject(key string) (directory.Known, error) {
	return one(t, "known object "+key, scanKnown, selectKnown+` WHERE key = $1`, key)
}

func (t *tx) KnownID(backend, id string) (string, error) {
	return one(t, "known object with ID "+id, scalar[string], selectKnownID, backend, id)
}

func scanKnown(rows *sql.Rows) (k directory.Known, err error) {
	err = rows.Scan(&k.Key, &k.Kind, &k.Of, &k.Backend, &k.ID, &k.Where, &k.Alias, jsonColumn{&k.Applied}, &k.Members,
		linesColumn{&k.Missing}, &k.State, &k.Trouble, &k.Tries, timeColumn{&k.Next}, timeColumn{&k.At})
	return k, err
}

func (t *tx) PutKnownObject(k directory.Known) error {
	_, err := t.exec("known object "+k.Of, putKnown, k.Key, string(k.Kind), k.Of, k.Backend, k.ID, k.Where, k.Alias,
		jsonValue{k.Applied}, k.Members, linesValue(k.Missing), string(k.State), k.Trouble, k.Tries, timeValue(k.Next), timeValue(k.At))
	return err
}

func (t *tx) DeleteKnownObject(key string) error {
	return t.remove("known object "+key, `DELETE FROM known_objects WHERE key = $1`, key)
}

func (t *tx) Lease(name string) (store.Lease, error) {
	scan := func(rows *sql.Rows) (l store.Lease, err error) {
		err = rows.Scan(&l.Name, &l.Process, timeColumn{&l.At})
		return l, err
	}
	return one(t, "lease "+name, scan, `SELECT `+leaseColumns+` FROM leases WHERE name = $1`, name)
}

func (t *tx) PutLease(l store.Lease) error {
	_, err := t.exec("lease "+l.Name, `INSERT INTO leases (`+leaseColumns+`) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET process = excluded.process, at = excluded.at`, l.Name, l.Process, timeValue(l.At))
	return err
}
