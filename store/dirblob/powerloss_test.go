package dirblob_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"mailchute/pkg/durable/durabletest"
	"mailchute/store/dirblob"
)

// A process that finds a blob in place and keeps the same bytes puts nothing at risk that
// another has made durable, and has committed a row for.
func TestPowerLossWhileABlobIsReplaced(t *testing.T) {
	t.Parallel()
	data := contents()[0]
	disk := durabletest.NewDisk()
	fsys, err := disk.Open("/")
	check(t, err)
	for _, committed := range []bool{true, false} {
		b, err := dirblob.Open(fsys)
		check(t, err)
		check(t, uploadOne(t.Context(), b, data))
		if committed {
			check(t, b.Barrier(t.Context()))
		}
	}
	for seed := range uint64(100) {
		fsys, err := disk.PowerLoss(seed).Open("/")
		check(t, err)
		b, err := dirblob.Open(fsys)
		check(t, err)
		found, err := b.Open(t.Context(), digest(data))
		check(t, err)
		got, err := io.ReadAll(found)
		check(t, errors.Join(err, found.Close(), b.Close()))
		if !bytes.Equal(got, data) {
			t.Fatalf("seed %d: the blob has %d bytes, or others than it had, want %d", seed, len(got), len(data))
		}
	}
}
