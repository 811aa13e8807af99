package sqlcat

import (
	"database/sql"
	"iter"

	"mailchute/pkg/message"
	"mailchute/store"
)

const (
	selectBlobState = `SELECT state FROM blobs WHERE digest = $1`

	putBlob = `INSERT INTO blobs (digest, size, state) VALUES ($1, $2, $3)
		ON CONFLICT (digest) DO UPDATE SET size = excluded.size, state = excluded.state`
)

func (t *tx) BlobState(d message.Digest) (store.BlobState, error) {
	states, err := list(t, "blob "+d.String(), scalar[store.BlobState], selectBlobState, digestValue(d))
	if err != nil || len(states) == 0 {
		return store.BlobUnknown, err
	}
	return states[0], nil
}

func (t *tx) PutBlob(d message.Digest, size int64) error {
	_, err := t.exec("blob "+d.String(), putBlob, digestValue(d), size, int(store.BlobLive))
	return err
}

func (t *tx) Blobs() iter.Seq2[store.BlobRow, error] {
	scan := func(rows *sql.Rows) (b store.BlobRow, err error) {
		err = rows.Scan(digestColumn{&b.Digest}, &b.Size, &b.State)
		return b, err
	}
	return each(t, "blobs", scan, `SELECT digest, size, state FROM blobs ORDER BY digest`)
}
