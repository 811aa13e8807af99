package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/store"
	"mailchute/store/storetest"
)

// delayed lets something happen while bytes are in place and not committed: before the
// barrier, or while the commit waits for its turn.
type delayed struct {
	store.Blobs
	store.Catalog
	atBarrier bool
	kept      bool
	meanwhile func()
}

func (d *delayed) Barrier(ctx context.Context) error {
	d.kept = true
	if d.atBarrier {
		d.meanwhile()
	}
	return d.Blobs.Barrier(ctx)
}

func (d *delayed) Update(ctx context.Context, f func(store.Tx) error) error {
	if d.kept && !d.atBarrier {
		d.kept = false
		d.meanwhile()
	}
	return d.Catalog.Update(ctx, f)
}

func (d *delayed) Close() error { return d.Catalog.Close() }

// A sweep never takes bytes that were put in place for a commit to come, whether their
// row had been doomed before or they had none. What waits for its commit for too long
// starts over.
func TestSweepBeforeTheCommit(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		doomed    bool
		atBarrier bool
		wait      time.Duration
		slow      bool
	}{
		{"doomed for an hour", true, true, 2 * time.Minute, false},
		{"doomed for an hour, long ago", true, true, 2 * time.Hour, true},
		{"doomed for an hour, waiting long", true, false, 2 * time.Hour, true},
		{"without a row", false, true, 2 * time.Minute, false},
		{"without a row, two days ago", false, true, 48 * time.Hour, true},
		{"without a row, waiting for two days", false, false, 48 * time.Hour, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f, c := newClockFarm(t)
			if row.doomed {
				f.held(letter{key: "1", bytes: "same"})
				f.must(f.Refuse(t.Context(), 1))
				c.pass(31 * day)
				f.sweep()
				c.pass(59 * time.Minute)
			}
			slow := f.beside(func(o *store.Options) {
				o.Now = c.now
				d := &delayed{Blobs: o.Blobs, Catalog: o.Catalog, atBarrier: row.atBarrier, meanwhile: func() {
					c.pass(row.wait)
					f.sweep()
					c.pass(row.wait / 2)
					f.sweep()
				}}
				o.Blobs, o.Catalog = d, d
			})
			_, err := slow.Settle(t.Context(), f.settlement(letter{key: "2", bytes: "same", names: []string{"a"}}))
			if (err != nil) != row.slow {
				t.Errorf("got %v, want an error: %v", err, row.slow)
			}
			f.verify()
			f.settle(letter{key: "2", bytes: "same", names: []string{"a"}})
			f.verify()
			if n := len(f.names()); n != 1 {
				t.Errorf("got %d documents, want 1", n)
			}
		})
	}
}

// Whatever effect of a sweep fails, or is done without an answer, the next sweeps bring
// it to the same end, and nothing that is referred to goes.
func TestSweepFailsAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		total := 1
		for k := 1; k <= total; k++ {
			f, c := newClockFarm(t)
			f.settle(letter{key: "1", names: []string{"a"}})
			f.held(letter{key: "2"})
			f.held(letter{key: "3", bytes: "bytes of 1"})
			c.pass(31 * day)
			effects := storetest.NewEffects(storetest.Plan{At: k, After: after, Err: errors.New("input/output error")})
			failing := f.beside(func(o *store.Options) {
				o.Catalog, o.Blobs, o.Now = effects.Catalog(o.Catalog), effects.Blobs(o.Blobs), c.now
			})
			for range 4 { // announce, expire and doom, remove
				if run, err := failing.OpenRun(t.Context(), event.JobSweep, "manual"); err == nil {
					_ = failing.Sweep(t.Context(), run.ID)
					_, _ = failing.CloseRun(t.Context(), run.ID, store.Backlog{})
				}
				f.verify()
				c.pass(8 * day)
			}
			for range 2 {
				f.sweep()
				c.pass(time.Hour)
			}
			f.verify()
			if f.stored("bytes of 2") || !f.stored("bytes of 1") {
				t.Errorf("effect %d, after %v: got %v and %v, want the expired gone and the document kept", k, after, f.stored("bytes of 2"), f.stored("bytes of 1"))
			}
			total = max(total, effects.Count()+1) // one more, until none is struck
		}
		if total < 10 {
			t.Errorf("got %d effects, want those of several sweeps", total)
		}
	}
}

// While mail of a few contents is filed, held and refused, sweeps come every 40 minutes,
// and what is slow starts over: nothing that a row refers to is ever missing.
func TestSweepBesideEverything(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.must(f.SetSettings(t.Context(), map[string]string{"held_keep": "1m"}))
	sweeper := f.beside(func(o *store.Options) { o.Now = c.now })
	const writers, letters = 4, 100
	var working sync.WaitGroup
	for n := range writers {
		working.Go(func() {
			for i := range letters {
				l := letter{key: fmt.Sprint(n, "-", i), bytes: fmt.Sprint("content ", i%3)}
				if i%4 == 0 {
					l.names = []string{"a"}
				} else {
					l.held = fault.NoPermission
				}
				for done := false; !done; {
					st := f.settlement(l)
					_, err := f.Settle(t.Context(), st)
					done = err == nil
					f.must(st.Staging.Close())
				}
			}
		})
	}
	stop := make(chan struct{})
	var sweeping sync.WaitGroup
	removed := 0
	sweeping.Go(func() {
		for {
			run, err := sweeper.OpenRun(t.Context(), event.JobSweep, "manual")
			if err == nil {
				err = sweeper.Sweep(t.Context(), run.ID)
			}
			if err != nil {
				t.Error(err)
				return
			}
			if sum, err := sweeper.Run(t.Context(), run.ID, 0); err == nil {
				removed += sum.Removed
			}
			c.pass(40 * time.Minute)
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	working.Wait()
	close(stop)
	sweeping.Wait()
	f.verify()
	if n := len(f.names()); n != writers*letters/4 {
		t.Errorf("got %d documents, want %d", n, writers*letters/4)
	}
	t.Logf("%d blobs were removed meanwhile", removed)
}
