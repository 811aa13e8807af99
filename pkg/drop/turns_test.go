package drop_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
)

// TestNoFileStarves: whatever arrives in front of it, a file that waits is taken before
// those that came later are taken a second time. The simulated folder is listed by name,
// and each new file comes before all that are there.
func TestNoFileStarves(t *testing.T) {
	t.Parallel()
	const start, taken, arriving = 600, 10, 20 // files: at first, a pass, between two
	now := time.Now()
	retry := func(crashes int, due time.Time, name string) string {
		return fmt.Sprintf(".mailchute/retry/%d.%d.0.0.%s/m", due.UnixMilli(), crashes, name)
	}
	aged := now.Add(-time.Hour)
	for _, row := range []struct {
		name  string
		crowd func(name string) string
		last  string
		most  int // passes
	}{
		{"arrival among arrivals", func(n string) string { return "new/" + n }, "new/last", start/taken + 1},
		{"arrival behind retries", func(n string) string { return retry(0, now, n) }, "new/last", 256/taken + 1},
		{"arrival behind those that processes died with", func(n string) string { return retry(1, aged, n) }, "new/last", 2},
		{"retry behind arrivals", func(n string) string { return "new/" + n }, retry(0, now, "last"), 256/taken + 1},
		{"retry among retries", func(n string) string { return retry(0, now, n) }, retry(0, now, "last"), start/taken + 1},
		{"one that a process died with behind arrivals", func(n string) string { return "new/" + n }, retry(1, aged, "last"), 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			fsys, err := durabletest.NewDisk().Open("/")
			ok(t, err)
			folder, err := drop.Open(fsys, drop.Options{Format: format(t, "postfix"), Now: func() time.Time { return now }})
			ok(t, err)
			number := 1_000_000
			arrive := func(n int) {
				for range n {
					number--
					put(t, fsys, row.crowd(fmt.Sprint(number)))
				}
			}
			arrive(start)
			put(t, fsys, row.last)
			passes := 0
			for there := true; there; passes++ {
				if passes == row.most {
					t.Fatalf("not taken in %d passes", passes)
				}
				n := 0
				for item, err := range folder.Claim(t.Context()) {
					ok(t, err)
					ok(t, item.Finish())
					if n++; n == taken {
						break
					}
				}
				_, err := fsys.Lstat(row.last)
				there = err == nil
				arrive(arriving)
			}
			t.Logf("taken in %d passes", passes)
		})
	}
}

// TestWholePass: a pass that goes on with a reading takes also what came after that began.
func TestWholePass(t *testing.T) {
	t.Parallel()
	fsys, err := durabletest.NewDisk().Open("/")
	ok(t, err)
	folder, err := drop.Open(fsys, drop.Options{Format: format(t, "postfix")})
	ok(t, err)
	for i := range 300 {
		put(t, fsys, fmt.Sprintf("new/m%d", i))
	}
	for item, err := range folder.Claim(t.Context()) {
		ok(t, err)
		ok(t, item.Finish())
		break
	}
	put(t, fsys, "new/a")
	if took, failed := claimed(t, folder); len(took) != 300 || failed != nil {
		t.Errorf("took %d, %v; want all 300", len(took), failed)
	}
	ok(t, folder.Close())
}

// What others take while a pass goes on does not make it leave any of the rest.
func TestWholePassBesideAnother(t *testing.T) {
	t.Parallel()
	fsys, err := durabletest.NewDisk().Open("/")
	ok(t, err)
	folder, err := drop.Open(fsys, drop.Options{Format: format(t, "postfix")})
	ok(t, err)
	for i := range 456 {
		put(t, fsys, fmt.Sprintf("new/m%03d", i))
	}
	took := 0
	for item, err := range folder.Claim(t.Context()) {
		ok(t, err)
		ok(t, item.Finish())
		if took++; took == 1 {
			gone := 0
			for entry, err := range fsys.List("new") {
				ok(t, err)
				if gone++; gone <= 50 {
					ok(t, fsys.Remove("new/"+entry.Name()))
				}
			}
		}
	}
	if took != 406 {
		t.Errorf("took %d, want all 406", took)
	}
	ok(t, folder.Close())
}

// put makes a file in a simulated folder.
func put(t *testing.T, fsys durable.FS, name string) {
	t.Helper()
	if dir := path.Dir(name); strings.HasPrefix(name, ".mailchute") {
		ok(t, fsys.Mkdir(dir, 0o700))
	}
	f, err := fsys.Create(name, 0o600)
	ok(t, err)
	_, err = f.Write([]byte(eml))
	ok(t, err)
	ok(t, f.Close())
}

// listedFS is a folder in which new/ is listed another way.
type listedFS struct {
	durable.FS
	list func(inner iter.Seq2[fs.DirEntry, error]) iter.Seq2[fs.DirEntry, error]
}

func (f *listedFS) List(name string) iter.Seq2[fs.DirEntry, error] {
	if name != "new" {
		return f.FS.List(name)
	}
	return f.list(f.FS.List(name))
}

// TestReading: a pass that is broken off has read no more than a batch, the next one goes
// on there, and Close lets the folder go.
func TestReading(t *testing.T) {
	t.Parallel()
	const n = 2000
	w := newWorld(t)
	for i := range n {
		w.write(fmt.Sprintf("new/%d", i), eml)
	}
	read, open := 0, 0
	fsys := &listedFS{FS: w.fs(), list: func(inner iter.Seq2[fs.DirEntry, error]) iter.Seq2[fs.DirEntry, error] {
		return func(yield func(fs.DirEntry, error) bool) {
			open++
			defer func() { open-- }()
			for entry, err := range inner {
				if read++; !yield(entry, err) {
					return
				}
			}
		}
	}}
	folder := w.open(fsys, "postfix")
	for taken := 100; taken <= 1000; taken += 100 {
		left := 100
		for item, err := range folder.Claim(t.Context()) {
			ok(t, err)
			ok(t, item.Finish())
			if left--; left == 0 {
				break
			}
		}
		if read < taken || read >= taken+256 || open != 1 {
			t.Errorf("having taken %d, got %d names read and %d readings open, want a batch ahead and one", taken, read, open)
		}
	}
	ok(t, folder.Close())
	if open != 0 {
		t.Errorf("closed, got %d readings open", open)
	}
}

// TestReadingFails: what was read before the failure is taken, and the next pass reads anew.
func TestReadingFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 10 {
		w.write(fmt.Sprintf("new/%d", i), eml)
	}
	fails := true
	fsys := &listedFS{FS: w.fs(), list: func(inner iter.Seq2[fs.DirEntry, error]) iter.Seq2[fs.DirEntry, error] {
		return func(yield func(fs.DirEntry, error) bool) {
			read := 0
			for entry, err := range inner {
				if read++; fails && read > 3 {
					yield(nil, syscall.EIO)
					return
				}
				if !yield(entry, err) {
					return
				}
			}
		}
	}}
	folder := w.open(fsys, "postfix")
	took, failed := claimed(t, folder)
	if len(took) != 3 || len(failed) != 1 || !errors.Is(failed[0], syscall.EIO) {
		t.Errorf("got %q and %v, want three and the failure", took, failed)
	}
	fails = false
	if took, failed := claimed(t, folder); len(took) != 7 || failed != nil {
		t.Errorf("well again: got %q and %v, want the rest", took, failed)
	}
	ok(t, folder.Close())
}

// TestStopWhileReading: a pass stops with its context also where nothing is to be taken.
func TestStopWhileReading(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	hidden, err := fs.ReadDir(fstest.MapFS{".hidden": {}}, ".")
	ok(t, err)
	fsys := &listedFS{FS: newWorld(t).fs(), list: func(iter.Seq2[fs.DirEntry, error]) iter.Seq2[fs.DirEntry, error] {
		return func(yield func(fs.DirEntry, error) bool) {
			for n := 0; yield(hidden[0], nil); n++ {
				if n == 1000 {
					stop()
				}
			}
		}
	}}
	folder, err := drop.Open(fsys, drop.Options{Format: format(t, "postfix")})
	ok(t, err)
	var last error
	for _, err := range folder.Claim(ctx) {
		last = err
	}
	wantErr(t, "Claim", last, context.Canceled)
	ok(t, folder.Close())
}
