package sqlcat

import (
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

const (
	selectBlobState = `SELECT state FROM blobs WHERE digest = $1`

	putBlob = `INSERT INTO blobs (id, digest, size, state, doomed)
		VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM blobs), $1, $2, $3, $4)
		ON CONFLICT (digest) DO UPDATE SET size = excluded.size, state = excluded.state, doomed = excluded.doomed`

	selectBlobs = `SELECT digest, size, state, doomed FROM blobs b`

	// In terms of b, a row of blobs.
	isReferenced = `EXISTS (SELECT 1 FROM documents d WHERE d.blob = b.id) OR EXISTS (SELECT 1 FROM held h WHERE h.blob = b.digest)`
)

func (t *tx) BlobState(d message.Digest) (store.BlobState, error) {
	states, err := list(t, "blob "+d.String(), scalar[store.BlobState], selectBlobState, digestValue(d))
	if err != nil || len(states) == 0 {
		return store.BlobUnknown, err
	}
	return states[0], nil
}

func (t *tx) PutBlob(d message.Digest, size int64) error {
	_, err := t.exec("blob "+d.String(), putBlob, digestValue(d), size, int(store.BlobLive), 0)
	return err
}

func (t *tx) Blobs() iter.Seq2[store.BlobRow, error] {
	return each(t, "blobs", scanBlob, selectBlobs+` ORDER BY digest`)
}

func (t *tx) Unreferenced() iter.Seq2[store.BlobRow, error] {
	return each(t, "blobs that nothing refers to", scanBlob,
		selectBlobs+` WHERE state = $1 AND NOT (`+isReferenced+`) ORDER BY digest`, int(store.BlobLive))
}

func (t *tx) Doomed(by time.Time) iter.Seq2[store.BlobRow, error] {
	return each(t, "doomed blobs", scanBlob, selectBlobs+` WHERE state = 2 AND doomed <= $1 ORDER BY digest`, timeValue(by))
}

func scanBlob(rows *sql.Rows) (b store.BlobRow, err error) {
	err = rows.Scan(digestColumn{&b.Digest}, &b.Size, &b.State, timeColumn{&b.Doomed})
	return b, err
}

func (t *tx) DoomBlob(d message.Digest, size int64, at time.Time) error {
	if err := t.unreferenced(d); err != nil {
		return err
	}
	_, err := t.exec("blob "+d.String(), putBlob, digestValue(d), size, int(store.BlobDoomed), timeValue(at))
	return err
}

func (t *tx) DeleteBlob(d message.Digest, by time.Time) error {
	err := t.unreferenced(d)
	if err != nil && !errors.Is(err, fault.ErrConflict) {
		return err
	}
	var n int64
	if err == nil {
		n, err = t.exec("blob "+d.String(), `DELETE FROM blobs WHERE digest = $1 AND state = 2 AND doomed <= $2`, digestValue(d), timeValue(by))
		if err != nil {
			return err
		}
	}
	if n == 0 {
		return fmt.Errorf("blob %s: %w", d, fault.ErrStale)
	}
	return nil
}

// unreferenced says that a blob is referred to: fault.ErrConflict. Asking first spares
// the transaction the database's own error.
func (t *tx) unreferenced(d message.Digest) error {
	what := "blob " + d.String()
	found, err := list(t, what, scalar[int], `SELECT 1 FROM blobs b WHERE digest = $1 AND (`+isReferenced+`)`, digestValue(d))
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("%s is referred to: %w", what, fault.ErrConflict)
	}
	return err
}
