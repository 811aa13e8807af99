package drop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mailchute/pkg/drop"
)

// TestScanIsOfNames: no file is looked at that is not of the batch that is taken, but by
// Backlog for its age, and of those no more than it says.
func TestScanIsOfNames(t *testing.T) {
	t.Parallel()
	for format, looks := range map[string]int64{"postfix": 256, "eml": 256 + 1} {
		dir := map[string]string{"postfix": "new"}[format]
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			const n = 1200
			w.write("first", eml)
			ok(t, os.Mkdir(filepath.Join(w.dir, "new"), 0o700))
			for i := range n {
				ok(t, os.Link(filepath.Join(w.dir, "first"), filepath.Join(w.dir, dir, fmt.Sprint(i, ".eml"))))
			}
			fsys := w.fs()
			folder := w.open(fsys, format)
			var looked atomic.Int64
			fsys.lstat = func(string) error { looked.Add(1); return nil }
			if got, _, err := folder.Backlog(t.Context()); got != n || err != nil || looked.Load() > 1000 {
				t.Errorf("got a backlog of %d, %v, after looking at %d files; want %d, 1000 looks", got, err, looked.Load(), n)
			}
			looked.Store(0)
			for item, err := range folder.Claim(t.Context()) {
				ok(t, err)
				ok(t, item.Finish())
				break
			}
			if got := looked.Load(); got != looks {
				t.Errorf("looked at %d files to take one, want %d", got, looks)
			}
			ok(t, folder.Close())
		})
	}
}

// TestBacklogOldest: the age of what waits, in retry too, as far as times can be believed.
func TestBacklogOldest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		arrived, again time.Duration // since the modification; 0: no such file
		want           time.Duration // since the oldest; 0: none is known
	}{
		"nothing":      {},
		"arrived":      {arrived: time.Hour, want: time.Hour},
		"in retry":     {again: time.Hour, want: time.Hour},
		"both":         {arrived: time.Minute, again: time.Hour, want: time.Hour},
		"the other":    {arrived: time.Hour, again: time.Minute, want: time.Hour},
		"future":       {arrived: -24 * time.Hour, want: -1},
		"before 1970":  {arrived: 100 * 365 * 24 * time.Hour},
		"one of these": {arrived: 100 * 365 * 24 * time.Hour, again: time.Minute, want: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			folder := w.open(w.fs(), "postfix")
			files := 0
			for name, age := range map[string]time.Duration{
				"new/a": row.arrived, fmt.Sprintf(".mailchute/retry/%d.0.1.0.X/b", w.clock().UnixMilli()): row.again,
			} {
				if age != 0 {
					w.write(name, eml)
					ok(t, os.Chtimes(filepath.Join(w.dir, name), time.Time{}, w.clock().Add(-age)))
					files++
				}
			}
			var want time.Time
			if row.want != 0 {
				want = w.clock().Add(-max(0, row.want))
			}
			n, oldest, err := folder.Backlog(t.Context())
			if n != files || !oldest.Equal(want) || err != nil {
				t.Errorf("got %d since %v, %v; want %d since %v", n, oldest, err, files, want)
			}
			ok(t, folder.Close())
		})
	}
}

// TestEndsDoNotWaitForClaims: a message is finished while the next batch is made.
func TestEndsDoNotWaitForClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.eml", eml)
	fsys := w.fs()
	folder := w.open(fsys, "eml")
	first := claimOne(t, folder)
	w.write("a.eml", eml) // its name is taken in the batch
	done := make(chan error)
	fsys.syncDir = func(string) error {
		go func() { done <- first.Finish() }()
		return <-done
	}
	second := claimOne(t, folder)
	ok(t, second.Finish())
	ok(t, folder.Close())
}

// TestWhatCostsASync: a claim costs none but for its batch, and what comes from retry goes
// back without any, in its own folder.
func TestWhatCostsASync(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 300 {
		w.write(fmt.Sprintf("new/%d", i), eml)
	}
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	var synced, made atomic.Int64
	fsys.syncDir = func(string) error { synced.Add(1); return nil }
	fsys.mkdir = func(string) error { made.Add(1); return nil }
	items := claim(t, folder)
	if synced.Load() != 2 || made.Load() != 2 {
		t.Errorf("300 claims: got %d syncs and %d folders, want 2 and 2", synced.Load(), made.Load())
	}
	ok(t, items[0].Defer(true))
	for _, item := range items[1:] {
		ok(t, item.Finish())
	}
	w.pass(time.Hour)
	synced.Store(0)
	made.Store(0)
	for _, end := range []func(*drop.Item) error{
		func(it *drop.Item) error { return it.Defer(true) },
		func(it *drop.Item) error { return it.Defer(false) },
		(*drop.Item).Postpone, (*drop.Item).Return, (*drop.Item).Finish,
	} {
		ok(t, end(claimOne(t, folder)))
		w.pass(2 * time.Hour)
	}
	if synced.Load() != 0 || made.Load() != 0 {
		t.Errorf("from retry: got %d syncs and %d folders, want none", synced.Load(), made.Load())
	}
	ok(t, folder.Close())
	if left := w.files("."); !slices.Equal(left, []string{}) {
		t.Errorf("left: %q", left)
	}
}
