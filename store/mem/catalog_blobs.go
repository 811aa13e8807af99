package mem

import (
	"fmt"
	"iter"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func (t *tx) BlobState(d message.Digest) (store.BlobState, error) {
	b, _ := t.blobs.get(key(d))
	return b.State, nil
}

func (t *tx) PutBlob(d message.Digest, size int64) error {
	t.blobs = t.blobs.put(key(d), store.BlobRow{Digest: d, Size: size, State: store.BlobLive})
	return nil
}

func (t *tx) Blobs() iter.Seq2[store.BlobRow, error] {
	return t.blobsThat(func(store.BlobRow) bool { return true })
}

func (t *tx) Unreferenced() iter.Seq2[store.BlobRow, error] {
	return t.blobsThat(func(b store.BlobRow) bool { return b.State == store.BlobLive && !t.references.has(key(b.Digest)) })
}

func (t *tx) Doomed(by time.Time) iter.Seq2[store.BlobRow, error] {
	return t.blobsThat(func(b store.BlobRow) bool { return isDoomed(b, by) })
}

// blobsThat yields the rows that are wanted.
func (t *tx) blobsThat(wanted func(store.BlobRow) bool) iter.Seq2[store.BlobRow, error] {
	return func(yield func(store.BlobRow, error) bool) {
		for _, b := range t.blobs.under("") {
			if wanted(b) && !yield(b, nil) {
				return
			}
		}
	}
}

func (t *tx) DoomBlob(d message.Digest, size int64, at time.Time) error {
	if t.references.has(key(d)) {
		return taken("blob", d)
	}
	t.blobs = t.blobs.put(key(d), store.BlobRow{Digest: d, Size: size, State: store.BlobDoomed, Doomed: stored(at)})
	return nil
}

func (t *tx) DeleteBlob(d message.Digest, by time.Time) error {
	if b, ok := t.blobs.get(key(d)); !ok || !isDoomed(b, by) || t.references.has(key(d)) {
		return fmt.Errorf("blob %s: %w", d, fault.ErrStale)
	}
	t.blobs = t.blobs.without(key(d))
	return nil
}

func isDoomed(b store.BlobRow, by time.Time) bool {
	return b.State == store.BlobDoomed && !b.Doomed.After(stored(by))
}

// refer counts references to a blob; the zero digest is none.
func (t *tx) refer(d message.Digest, more int) {
	if d.IsZero() {
		return
	}
	n, _ := t.references.get(key(d))
	if n += more; n > 0 {
		t.references = t.references.put(key(d), n)
	} else {
		t.references = t.references.without(key(d))
	}
}
