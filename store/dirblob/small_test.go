package dirblob_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/storetest"
)

// Bytes that are not kept leave no trace on the disk where they are few.
func TestASmallUploadHasNoFileBeforeKeep(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		pieces []int
		files  bool
	}{
		{"nothing", nil, false},
		{"empty", []int{0}, false},
		{"one piece", []int{32 << 10}, false},
		{"pieces", []int{1000, 0, 30_000}, false},
		{"a large piece", []int{32<<10 + 1}, true},
		{"large together", []int{1000, 32 << 10, 5}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			fsys, _ := openDir(t)
			e := storetest.NewEffects(storetest.Plan{})
			blobs := open(t, e.FS(fsys))
			before := e.Count()
			up, err := blobs.Create(t.Context())
			check(t, err)
			var data []byte
			for i, n := range row.pieces {
				piece := bytes.Repeat([]byte{'a' + byte(i)}, n)
				_, err := up.Write(piece)
				check(t, err)
				data = append(data, piece...)
			}
			check(t, up.Close())
			if files := e.Count() > before; files != row.files {
				t.Errorf("got effects %q before Keep, want some: %v", e.Log()[before:], row.files)
			}
			check(t, up.Keep(t.Context(), digest(data)))
			wantBytes(t, blobs, data)
		})
	}
}

// However many uploads are open, each has its own bytes, and few of them are in memory.
func TestManySmallUploads(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	e := storetest.NewEffects(storetest.Plan{})
	blobs := open(t, e.FS(fsys))
	const size, inMemory = 20_000, 2 << 20
	data := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, size) }
	for range 2 { // what was held is given back
		before := e.Count()
		var ups []store.Upload
		for i := range 150 {
			up, err := blobs.Create(t.Context())
			check(t, err)
			_, err = up.Write(data(i))
			check(t, errors.Join(err, up.Close()))
			ups = append(ups, up)
		}
		files := 0
		for _, effect := range e.Log()[before:] {
			if strings.HasPrefix(effect, "create") {
				files++
			}
		}
		if want := 150 - inMemory/size; files != want {
			t.Errorf("got %d files, want %d", files, want)
		}
		for i, up := range ups {
			if i%3 == 0 {
				check(t, up.Discard())
				continue
			}
			check(t, up.Keep(t.Context(), digest(data(i))))
			wantBytes(t, blobs, data(i))
		}
	}
	wantClean(t, dir, "after all ended")
}

// What this process has just put in place is not written twice, unless a barrier failed,
// or it is old, or other bytes by now.
func TestTheSameSmallBytesAgain(t *testing.T) {
	t.Parallel()
	data := []byte("some bytes")
	for _, row := range []struct {
		name    string
		between func(t *testing.T, b store.Blobs, name string)
		written bool
	}{
		{"at once", func(*testing.T, store.Blobs, string) {}, false},
		{"after a barrier", func(t *testing.T, b store.Blobs, _ string) { check(t, b.Barrier(t.Context())) }, false},
		{"after a barrier that failed", func(t *testing.T, b store.Blobs, _ string) {
			if err := b.Barrier(t.Context()); !errors.Is(err, syscall.EIO) {
				t.Errorf("Barrier: got %v, want %v", err, syscall.EIO)
			}
		}, true},
		{"an hour later", func(t *testing.T, _ store.Blobs, name string) {
			check(t, os.Chtimes(name, time.Time{}, time.Now().Add(-time.Hour)))
		}, true},
		{"an hour earlier", func(t *testing.T, _ store.Blobs, name string) {
			check(t, os.Chtimes(name, time.Time{}, time.Now().Add(time.Hour)))
		}, true},
		{"with other bytes", func(t *testing.T, _ store.Blobs, name string) { rewrite(t, name, "SOME BYTES") }, true},
		{"with fewer bytes", func(t *testing.T, _ store.Blobs, name string) { rewrite(t, name, "some") }, true},
		{"after it was removed", func(t *testing.T, b store.Blobs, _ string) { check(t, b.Delete(t.Context(), digest(data))) }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir, path := openDir(t)
			var fsys durable.FS = dir
			if strings.Contains(row.name, "failed") {
				fsys = noBarrier{dir}
			}
			e := storetest.NewEffects(storetest.Plan{})
			blobs := open(t, e.FS(fsys))
			keep(t, blobs, data, data)
			row.between(t, blobs, pathOf(path, data))
			before := e.Count()
			keep(t, blobs, data, data)
			if written := slices.ContainsFunc(e.Log()[before:], isWrite); written != row.written {
				t.Errorf("got effects %q, want bytes written: %v", e.Log()[before:], row.written)
			}
			wantBytes(t, blobs, data)
			wantClean(t, path, "after both")
		})
	}
}

// An upload that was begun before a barrier failed is not believed, though it was put in
// place afterwards.
func TestAFailedBarrierForgetsWhatWasBegun(t *testing.T) {
	t.Parallel()
	fsys, _ := openDir(t)
	e := storetest.NewEffects(storetest.Plan{})
	blobs := open(t, e.FS(noBarrier{fsys}))
	data := []byte("some bytes")
	up, err := blobs.Create(t.Context())
	check(t, err)
	_, err = up.Write(data)
	check(t, err)
	if err := blobs.Barrier(t.Context()); err == nil {
		t.Error("Barrier: got no error")
	}
	check(t, up.Keep(t.Context(), digest(data)))
	before := e.Count()
	keep(t, blobs, data, data)
	if !slices.ContainsFunc(e.Log()[before:], isWrite) {
		t.Errorf("got effects %q, want the bytes written again", e.Log()[before:])
	}
}

// noBarrier is a folder whose disk fails.
type noBarrier struct{ durable.FS }

func (noBarrier) Barrier() error { return syscall.EIO }

func isWrite(effect string) bool { return strings.HasPrefix(effect, "write") }

// rewrite gives a read-only file other bytes.
func rewrite(t *testing.T, name, content string) {
	t.Helper()
	check(t, os.Chmod(name, 0o600))
	check(t, os.WriteFile(name, []byte(content), 0o600))
}

func wantBytes(t *testing.T, blobs store.Blobs, want []byte) {
	t.Helper()
	b, err := blobs.Open(t.Context(), digest(want))
	check(t, err)
	got, err := io.ReadAll(b)
	check(t, errors.Join(err, b.Close()))
	if !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, or others, want %d", len(got), len(want))
	}
}
