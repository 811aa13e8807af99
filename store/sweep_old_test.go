package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/storetest"
)

// keepVersions makes the library "in" keep so many versions of a document.
func (f *farm) keepVersions(n int) {
	f.Helper()
	f.must(f.SetLibrary(f.Context(), "in", func(l *library.Library) error {
		l.Settings.Overwrite, l.Settings.Versions = true, n
		return nil
	}))
}

// versions settles versions first to last of the document "a", each in a run of its own.
func (f *farm) versions(first, last int) {
	f.Helper()
	for i := first; i <= last; i++ {
		f.openRun()
		f.settle(letter{key: fmt.Sprint(i), names: []string{"a"}, overwrite: true})
		f.closeRun()
	}
}

// swept returns the versions of the document "a" whose bytes are gone.
func (f *farm) swept() (versions []int) {
	f.Helper()
	all, err := f.Versions(f.Context(), "in", "a")
	f.must(err)
	for _, d := range all {
		b, err := f.OpenDocument(f.Context(), d)
		if err == nil {
			err = b.Close()
		}
		if d.Swept != errors.Is(err, fault.ErrNotFound) {
			f.Errorf("version %d: swept: %v, and its bytes: %v", d.Version, d.Swept, err)
		}
		if d.Swept {
			versions = append(versions, d.Version)
		}
	}
	return versions
}

func TestOldRuns(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.must(f.SetSettings(t.Context(), map[string]string{"held_keep": "forever"}))
	f.held(letter{key: "held"})
	f.closeRun() // the first
	c.pass(100 * day)
	f.versions(1, 1)
	for i, s := range []step{
		{after: 300*day - time.Minute, want: event.Sweep{}},
		{after: time.Minute, want: event.Sweep{Runs: 1}},
		{after: time.Hour, want: event.Sweep{}},
		{after: 100 * day, want: event.Sweep{Runs: 1}},
		{set: "forever", after: 1000 * day, want: event.Sweep{}},
		{set: "400d", after: 401 * day, want: event.Sweep{Runs: 4}}, // the last one stays
		{after: 400 * day, want: event.Sweep{Runs: 1}},
		{set: "1m", after: time.Second, want: event.Sweep{Runs: 1}},
	} {
		if s.set != "" {
			f.must(f.SetSettings(t.Context(), map[string]string{"runs_keep": s.set}))
		}
		c.pass(s.after)
		if diff := cmp.Diff(s.want, f.sweep()); diff != "" {
			t.Errorf("sweep %d (-want +got):\n%s", i, diff)
		}
		f.verify()
	}
	f.openRun()
	if got := f.settle(letter{key: "1", names: []string{"a"}}).State; got != store.Duplicate {
		t.Errorf("got %s for a message whose run is gone, want duplicate", got)
	}
	_, err := f.release(f.Store, f.heldByID(1), "b")
	f.must(err)
	f.closeRun()
	f.verify()
}

// A sweep removes more runs than one transaction takes, and never the last.
func TestManyOldRuns(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.versions(1, 450)
	c.pass(401 * day)
	if got := f.sweep().Runs; got != 449 {
		t.Errorf("got %d runs removed, want all but the last of 450", got)
	}
	f.verify()
}

// A run that was closed under a sweep is not written to any more.
func TestSweepInClosedBooks(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.versions(1, 3)
	c.pass(401 * day)
	run, err := f.OpenRun(t.Context(), event.JobSweep, "manual")
	f.must(err)
	_, err = f.CloseRun(t.Context(), run.ID, store.Backlog{})
	f.must(err)
	if err := f.Sweep(t.Context(), run.ID); err == nil {
		t.Error("got no error from a sweep in closed books")
	}
	f.verify()
}

func TestVersionsAboveTheLimit(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.versions(1, 4)
	f.openRun()
	f.settle(letter{key: "5", names: []string{"b"}, bytes: "bytes of 1"})
	f.closeRun()
	size := int64(len("bytes of 2"))
	for i, s := range []struct {
		keep  int
		want  event.Sweep
		swept []int
	}{
		{0, event.Sweep{}, nil},
		{4, event.Sweep{}, nil},
		{3, event.Sweep{Versions: 1}, []int{1}}, // another document has its bytes
		{2, event.Sweep{Versions: 1, Doomed: 1}, []int{1, 2}},
		{2, event.Sweep{Removed: 1, RemovedBytes: size}, []int{1, 2}},
		{0, event.Sweep{}, []int{1, 2}},
		{1, event.Sweep{Versions: 1, Doomed: 1}, []int{1, 2, 3}},
	} {
		f.keepVersions(s.keep)
		if diff := cmp.Diff(s.want, f.sweep()); diff != "" {
			t.Errorf("sweep %d (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(s.swept, f.swept()); diff != "" {
			t.Errorf("versions after sweep %d (-want +got):\n%s", i, diff)
		}
		f.verify()
		c.pass(time.Hour)
	}
	f.versions(6, 6)
	f.must(f.SetLibrary(t.Context(), "in", func(l *library.Library) error { l.Settings.Overwrite = false; return nil }))
	if got := f.sweep().Versions; got != 0 {
		t.Errorf("got %d versions swept of a library that does not overwrite, want none", got)
	}
	if !f.stored("bytes of 1") || f.stored("bytes of 2") || !f.stored("bytes of 4") {
		t.Error("want the bytes that only a swept version had gone, and the others kept")
	}
}

// between lets something happen before the n-th transaction.
type between struct {
	store.Catalog
	count  int
	before func(n int)
}

func (b *between) next() {
	b.count++
	b.before(b.count)
}

func (b *between) View(ctx context.Context, f func(store.Tx) error) error {
	b.next()
	return b.Catalog.View(ctx, f)
}

func (b *between) Update(ctx context.Context, f func(store.Tx) error) error {
	b.next()
	return b.Catalog.Update(ctx, f)
}

// Verify finds nothing wrong, whenever a sweep removes runs and versions meanwhile and
// whenever that ends.
func TestVerifyBesideSweep(t *testing.T) {
	t.Parallel()
	for _, longer := range []int{0, 1} {
		for k, total := 1, 1; k <= total; k++ {
			f, c := newClockFarm(t)
			f.versions(1, 105) // verify reads 100 runs at once
			c.pass(401 * day)
			f.versions(106, 107)
			f.keepVersions(1)
			run := must(f.OpenRun(t.Context(), event.JobSweep, "manual"))
			b := &between{Catalog: f.catalog, before: func(n int) {
				if n == k {
					f.must(f.Sweep(t.Context(), run.ID))
				}
				if n == k+longer {
					_, err := f.CloseRun(t.Context(), run.ID, store.Backlog{})
					f.must(err)
				}
			}}
			beside := farm{T: t, Store: f.beside(func(o *store.Options) { o.Catalog, o.Now = b, c.now })}
			beside.verify()
			total = b.count
			if t.Failed() {
				t.Fatalf("with a sweep before transaction %d of %d, closed %d later", k, total, longer)
			}
		}
	}
}

// A limit that is raised while a sweep looks for versions holds.
func TestLimitRaisedMeanwhile(t *testing.T) {
	t.Parallel()
	for k, total := 1, 1; k <= total; k++ {
		f, _ := newClockFarm(t)
		f.versions(1, 4)
		f.keepVersions(1)
		var before []int
		b := &between{Catalog: f.catalog, before: func(n int) {
			if n != k {
				return
			}
			before = f.swept()
			f.keepVersions(3)
			f.versions(5, 5)
		}}
		s := f.beside(func(o *store.Options) { o.Catalog = b })
		run, err := s.OpenRun(t.Context(), event.JobSweep, "manual")
		f.must(err)
		f.must(s.Sweep(t.Context(), run.ID))
		total = b.count
		for _, v := range f.swept() {
			if v > 2 && !slices.Contains(before, v) {
				t.Errorf("raised before transaction %d: version %d of 5 was swept, and 3 are to be kept", k, v)
			}
		}
		f.verify()
	}
}

// Whatever effect of a sweep fails, or is done without an answer, the next sweeps bring
// old runs and versions to the same end, and the books hold throughout.
func TestSweepOfOldFailsAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		total := 1
		for k := 1; k <= total; k++ {
			f, c := newClockFarm(t)
			f.versions(1, 3)
			f.keepVersions(1)
			c.pass(401 * day)
			effects := storetest.NewEffects(storetest.Plan{At: k, After: after, Err: errors.New("input/output error")})
			failing := f.beside(func(o *store.Options) {
				o.Catalog, o.Blobs, o.Now = effects.Catalog(o.Catalog), effects.Blobs(o.Blobs), c.now
			})
			for range 3 {
				if run, err := failing.OpenRun(t.Context(), event.JobSweep, "manual"); err == nil {
					_ = failing.Sweep(t.Context(), run.ID)
					f.verify()
					_, _ = failing.CloseRun(t.Context(), run.ID, store.Backlog{})
				}
				f.verify()
				c.pass(2 * time.Hour)
			}
			for range 2 {
				f.sweep()
				c.pass(time.Hour)
			}
			f.verify()
			if diff := cmp.Diff([]int{1, 2}, f.swept()); diff != "" {
				t.Errorf("effect %d, after %v: versions (-want +got):\n%s", k, after, diff)
			}
			if f.stored("bytes of 1") || f.stored("bytes of 2") || !f.stored("bytes of 3") {
				t.Errorf("effect %d, after %v: want the bytes of the last version and no other", k, after)
			}
			if first := f.closed()[0]; first.Job != event.JobSweep {
				t.Errorf("effect %d, after %v: run %s is still there", k, after, first.ID)
			}
			total = max(total, effects.Count()+1) // one more, until none is struck
		}
		if total < 10 {
			t.Errorf("got %d effects, want those of several sweeps", total)
		}
	}
}
