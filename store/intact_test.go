package store_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/store"
)

// Damaged bytes are handed out to nobody, and are no swept ones.
func TestDamagedBytesAreNotOpened(t *testing.T) {
	t.Parallel()
	blobs := &damaged{}
	f := newFarm(t, func(o *store.Options) { blobs.Blobs = o.Blobs; o.Blobs = blobs })
	f.settle(letter{key: "1", names: []string{"a"}})
	h := f.held(letter{key: "2"})
	d := must(f.Versions(t.Context(), "in", "a"))[0]
	openers := map[string]func() (store.Blob, error){
		"held":     func() (store.Blob, error) { return f.OpenHeld(t.Context(), h) },
		"document": func() (store.Blob, error) { return f.OpenDocument(t.Context(), d) },
	}
	for name, open := range openers {
		blobs.now = false
		f.must(must(open()).Close())
		blobs.now = true
		if _, err := open(); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: got %v, want %v", name, err, store.ErrDamaged)
		}
	}
	blobs.now = false
	f.must(errors.Join(blobs.Delete(t.Context(), h.Blob), blobs.Delete(t.Context(), d.Content.Digest)))
	for name, open := range openers {
		if _, err := open(); !errors.Is(err, store.ErrDamaged) || errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s is missing: got %v, want %v", name, err, store.ErrDamaged)
		}
	}
	f.change(func(tx store.Tx) error { return tx.DropVersion("in", "", "a", 1) })
	f.change(func(tx store.Tx) error { return tx.DoomBlob(sha256.Sum256([]byte("bytes of 1")), 10, f.book.Started) })
	if _, err := f.OpenDocument(t.Context(), d); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("swept since: got %v, want %v", err, fault.ErrNotFound)
	}
}
