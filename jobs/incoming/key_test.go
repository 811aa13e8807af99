package incoming_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
	"mailchute/store"
)

// The key of a message is made of its own parts, not of what is found in them: so it is
// that of the builds that opened nothing.
func TestKeyOfWrapped(t *testing.T) {
	t.Parallel()
	const text = "See:\r\nbegin 644 a.txt\r\n#8F]X\r\n`\r\nend\r\n"
	const header = "Subject: Two\r\nMessage-ID: <u@case.test>\r\nContent-Type: text/plain\r\n"
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test")+header+"\r\n"+text)
	sum := w.drain()
	if diff := cmp.Diff([]string{"a.txt"}, w.names("invoices")); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	got := w.keys(sum.Run)["1.eml"]
	if want := keyByDefinition("1.eml", header, len(header+"\r\n"+text), text); got != want {
		t.Errorf("got key %s, want %s as defined", got, want)
	}
	if want := "197444cf825bc83f94d7606127a59e652f6f606e0681c86add6d69c40cd39a20"; got.String() != want {
		t.Errorf("got key %s, want %s as other builds have it", got, want)
	}
}

// keyByDefinition computes the key of a message that was dropped by hand.
func keyByDefinition(file, header string, size int, parts ...string) store.Key {
	h := sha256.New()
	h.Write([]byte{'p'})
	for _, piece := range append([]string{header}, parts...) {
		sum := sha256.Sum256([]byte(piece))
		h.Write(sum[:])
	}
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(size))
	h.Write(length[:])
	h.Write([]byte(file))
	return store.Key(h.Sum(nil))
}

// keys returns the key of each file that a run processed.
func (w *world) keys(run string) map[string]store.Key {
	w.t.Helper()
	keys := map[string]store.Key{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			keys[p.File] = p.Key
		}
		return nil
	}))
	return keys
}
