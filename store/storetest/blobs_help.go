package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// pattern returns bytes that differ from one size to the next.
func pattern(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i*7 + i>>8 + size)
	}
	return data
}

func digestOf(data []byte) message.Digest { return sha256.Sum256(data) }

// upload writes data in uneven pieces.
func upload(t *testing.T, b store.Blobs, data []byte) store.Upload {
	t.Helper()
	up, err := b.Create(t.Context())
	if err != nil {
		t.Errorf("Create: %v", err)
		return nil
	}
	for piece := 1; len(data) > 0; piece = piece*3%100_003 + 1 {
		n, err := up.Write(data[:min(piece, len(data))])
		if err != nil {
			t.Errorf("Write: %v", err)
			break
		}
		data = data[n:]
	}
	return up
}

// put uploads and keeps data.
func put(t *testing.T, b store.Blobs, data []byte) message.Digest {
	t.Helper()
	d := digestOf(data)
	if up := upload(t, b, data); up != nil {
		if err := up.Keep(t.Context(), d); err != nil {
			t.Errorf("Keep: %v", err)
		}
	}
	return d
}

func ok(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func wantBlob(t *testing.T, b store.Blobs, d message.Digest, want []byte) {
	t.Helper()
	blob, err := b.Open(t.Context(), d)
	ok(t, "Open", err)
	defer blob.Close()
	if got := blob.Size(); got != int64(len(want)) {
		t.Errorf("Size: got %d, want %d", got, len(want))
	}
	got, err := io.ReadAll(blob)
	ok(t, "ReadAll", err)
	if !bytes.Equal(got, want) {
		t.Errorf("blob %s: got other bytes (%d, want %d)", d, len(got), len(want))
	}
}

func wantNotFound(t *testing.T, b store.Blobs, d message.Digest) {
	t.Helper()
	if _, err := b.Open(t.Context(), d); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("Open: got %v, want %v", err, fault.ErrNotFound)
	}
}

// lastErr returns the error that a sequence ended with.
func lastErr[V any](seq iter.Seq2[V, error]) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}

// wantAll checks that b holds these blobs and no other, each listed once.
func wantAll(t *testing.T, b store.Blobs, blobs ...[]byte) {
	t.Helper()
	want, got := map[store.BlobInfo]int{}, map[store.BlobInfo]int{}
	for _, data := range blobs {
		want[store.BlobInfo{Digest: digestOf(data), Size: int64(len(data))}] = 1
	}
	for info, err := range b.All(t.Context()) {
		ok(t, "All", err)
		if age := time.Since(info.Written).Abs(); age > time.Hour {
			t.Errorf("got a blob that was written at %s, want a time that is %s nearer", info.Written, age)
		}
		info.Written = time.Time{}
		got[info]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blobs in place (-want +got):\n%s", diff)
	}
}
