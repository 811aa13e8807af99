package dirblob_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"mailchute/pkg/durable/durabletest"
	"mailchute/store/dirblob"
)

// A process that keeps the same few bytes again relies on those that it has put in place:
// a barrier covers them, one before or one after.
func TestPowerLossAfterTheSameSmallBytes(t *testing.T) {
	t.Parallel()
	data := contents()[1]
	for _, between := range []bool{false, true} {
		disk := durabletest.NewDisk()
		fsys, err := disk.Open("/")
		check(t, err)
		b, err := dirblob.Open(fsys)
		check(t, err)
		check(t, uploadOne(t.Context(), b, data))
		if between {
			check(t, b.Barrier(t.Context()))
		}
		check(t, uploadOne(t.Context(), b, data))
		check(t, b.Barrier(t.Context()))
		for seed := range uint64(100) {
			wantAfterPowerLoss(t, disk, seed, data)
		}
	}
}

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
		wantAfterPowerLoss(t, disk, seed, data)
	}
}

func wantAfterPowerLoss(t *testing.T, disk *durabletest.Disk, seed uint64, data []byte) {
	t.Helper()
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
