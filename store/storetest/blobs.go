// Package storetest holds every driver of package store to its contract, and breaks the
// world below them: Effects lets the k-th change fail, or kills the process there.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"mailchute/store"
)

// TestBlobs holds a maker of store.Blobs to its contract. open returns one without any
// blob; it is called once for each row.
func TestBlobs(t *testing.T, open func(t *testing.T) store.Blobs) {
	rows := []struct {
		sentence string
		test     func(t *testing.T, b store.Blobs)
	}{
		{"what was written in pieces is read whole", blobsRoundTrip},
		{"nothing is seen before Keep", blobsUnseenBeforeKeep},
		{"Discard leaves nothing", blobsDiscard},
		{"Discard after Keep does nothing", blobsDiscardAfterKeep},
		{"an upload that was closed can be kept or discarded", blobsKeepAfterClose},
		{"an upload ends once", blobsEndOnce},
		{"the same bytes may be kept twice", blobsTwice},
		{"bytes found in place are replaced", blobsReplace},
		{"a blob that is absent is not found", blobsAbsent},
		{"Delete removes one blob", blobsDelete},
		{"All yields every blob until it is stopped", blobsAll},
		{"ReadAt reads anywhere and moves nothing", blobsReadAt},
		{"uploads run side by side", blobsConcurrent},
		{"nothing begins with a cancelled context", blobsCancelled},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			row.test(t, open(t))
		})
	}
}

func blobsRoundTrip(t *testing.T, b store.Blobs) {
	for _, size := range []int{0, 1, 32 << 10, 100_000, 5 << 20} {
		data := pattern(size)
		d := put(t, b, data)
		ok(t, "Barrier", b.Barrier(t.Context()))
		wantBlob(t, b, d, data)
	}
}

func blobsUnseenBeforeKeep(t *testing.T, b store.Blobs) {
	data := pattern(100_000)
	up := upload(t, b, data)
	ok(t, "Barrier", b.Barrier(t.Context()))
	wantAll(t, b)
	wantNotFound(t, b, digestOf(data))
	ok(t, "Keep", up.Keep(t.Context(), digestOf(data)))
	wantBlob(t, b, digestOf(data), data)
}

func blobsDiscard(t *testing.T, b store.Blobs) {
	data := pattern(100_000)
	up := upload(t, b, data)
	ok(t, "Discard", up.Discard())
	ok(t, "second Discard", up.Discard())
	wantAll(t, b)
	wantNotFound(t, b, digestOf(data))
}

func blobsKeepAfterClose(t *testing.T, b store.Blobs) {
	data := pattern(5000)
	up := upload(t, b, data)
	ok(t, "Close", up.Close())
	ok(t, "second Close", up.Close())
	if _, err := up.Write(data); err == nil {
		t.Error("Write after Close: got no error")
	}
	wantNotFound(t, b, digestOf(data))
	ok(t, "Keep", up.Keep(t.Context(), digestOf(data)))
	wantBlob(t, b, digestOf(data), data)
	dropped := upload(t, b, pattern(6))
	ok(t, "Close", dropped.Close())
	ok(t, "Discard", dropped.Discard())
	wantAll(t, b, data)
}

func blobsDiscardAfterKeep(t *testing.T, b store.Blobs) {
	data := pattern(1000)
	up := upload(t, b, data)
	ok(t, "Keep", up.Keep(t.Context(), digestOf(data)))
	ok(t, "Discard", up.Discard())
	wantBlob(t, b, digestOf(data), data)
}

func blobsEndOnce(t *testing.T, b store.Blobs) {
	kept, discarded := upload(t, b, pattern(10)), upload(t, b, pattern(20))
	ok(t, "Keep", kept.Keep(t.Context(), digestOf(pattern(10))))
	ok(t, "Discard", discarded.Discard())
	for name, up := range map[string]store.Upload{"Keep": kept, "Discard": discarded} {
		if _, err := up.Write([]byte("more")); err == nil {
			t.Errorf("Write after %s: got no error", name)
		}
		if err := up.Keep(t.Context(), digestOf(pattern(30))); err == nil {
			t.Errorf("Keep after %s: got no error", name)
		}
	}
	wantAll(t, b, pattern(10))
}

func blobsTwice(t *testing.T, b store.Blobs) {
	data := pattern(70_000)
	first, second := upload(t, b, data), upload(t, b, data)
	ok(t, "first Keep", first.Keep(t.Context(), digestOf(data)))
	ok(t, "second Keep", second.Keep(t.Context(), digestOf(data)))
	wantBlob(t, b, digestOf(data), data)
	put(t, b, data)
	wantAll(t, b, data)
}

func blobsReplace(t *testing.T, b store.Blobs) {
	data := pattern(70_000)
	for _, wrong := range [][]byte{nil, data[:100], bytes.Repeat([]byte{0}, len(data))} {
		up := upload(t, b, wrong)
		ok(t, "Keep of wrong bytes", up.Keep(t.Context(), digestOf(data)))
		put(t, b, data)
		wantBlob(t, b, digestOf(data), data)
		wantAll(t, b, data)
	}
}

func blobsAbsent(t *testing.T, b store.Blobs) {
	put(t, b, pattern(10))
	wantNotFound(t, b, digestOf(pattern(11)))
	ok(t, "Delete", b.Delete(t.Context(), digestOf(pattern(11))))
	wantAll(t, b, pattern(10))
}

func blobsDelete(t *testing.T, b store.Blobs) {
	gone, stays := pattern(10), pattern(11)
	put(t, b, gone)
	put(t, b, stays)
	ok(t, "Delete", b.Delete(t.Context(), digestOf(gone)))
	wantNotFound(t, b, digestOf(gone))
	wantAll(t, b, stays)
	put(t, b, gone)
	wantAll(t, b, gone, stays)
}

func blobsAll(t *testing.T, b store.Blobs) {
	wantAll(t, b)
	var all [][]byte
	for size := range 40 {
		all = append(all, pattern(size))
		put(t, b, pattern(size))
	}
	wantAll(t, b, all...)
	seen := 0
	for _, err := range b.All(t.Context()) {
		ok(t, "All", err)
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("All with a break at the third: got %d", seen)
	}
}

func blobsReadAt(t *testing.T, b store.Blobs) {
	data := pattern(1000)
	blob, err := b.Open(t.Context(), put(t, b, data))
	ok(t, "Open", err)
	defer blob.Close()
	rows := []struct {
		off, length, want int
		err               error
	}{
		{0, 10, 10, nil},
		{500, 10, 10, nil},
		{995, 10, 5, io.EOF},
		{1000, 10, 0, io.EOF},
		{5000, 10, 0, io.EOF},
	}
	for _, row := range rows {
		buf := make([]byte, row.length)
		n, err := blob.ReadAt(buf, int64(row.off))
		if n != row.want || !errors.Is(err, row.err) {
			t.Errorf("ReadAt(%d bytes, %d): got %d, %v; want %d, %v", row.length, row.off, n, err, row.want, row.err)
		}
		if n > 0 && !bytes.Equal(buf[:n], data[row.off:row.off+n]) {
			t.Errorf("ReadAt(%d bytes, %d): got other bytes", row.length, row.off)
		}
	}
	got, err := io.ReadAll(blob)
	ok(t, "ReadAll", err)
	if !bytes.Equal(got, data) {
		t.Errorf("Read after ReadAt: got other bytes (%d, want %d)", len(got), len(data))
	}
}

func blobsConcurrent(t *testing.T, b store.Blobs) {
	const workers, each = 8, 10
	all := make([][]byte, 0, each)
	for i := range each {
		all = append(all, pattern(1000+i))
	}
	var wg sync.WaitGroup
	for range workers { // all of them the same blobs
		wg.Go(func() {
			for _, data := range all {
				put(t, b, data)
			}
			if err := b.Barrier(t.Context()); err != nil {
				t.Errorf("Barrier: %v", err)
			}
		})
	}
	wg.Wait()
	wantAll(t, b, all...)
	for _, data := range all {
		wantBlob(t, b, digestOf(data), data)
	}
}

func blobsCancelled(t *testing.T, b store.Blobs) {
	d := put(t, b, pattern(10))
	up := upload(t, b, pattern(20))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, createErr := b.Create(ctx)
	_, openErr := b.Open(ctx, d)
	got := map[string]error{
		"Create": createErr, "Open": openErr, "All": lastErr(b.All(ctx)),
		"Keep": up.Keep(ctx, digestOf(pattern(20))), "Barrier": b.Barrier(ctx), "Delete": b.Delete(ctx, d),
	}
	for name, err := range got {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
	ok(t, "Discard", up.Discard())
	wantAll(t, b, pattern(10))
}
