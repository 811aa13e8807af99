package dms_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/store"
	"mailchute/store/mem"
)

// dumb is a catalog that cannot be read for a while.
type dumb struct {
	store.Catalog
	down atomic.Bool
}

func (d *dumb) View(ctx context.Context, f func(store.Tx) error) error {
	if d.down.Load() {
		return errDown
	}
	return d.Catalog.View(ctx, f)
}

// Watch rings at once, and then two seconds after a change at the latest; never without one.
func TestWatch(t *testing.T) {
	t.Parallel()
	catalog := &dumb{Catalog: mem.NewCatalog()}
	f := newFarmOn(t, catalog)
	f.group("team", "user:alice")
	synctest.Test(t, func(t *testing.T) {
		f.t = t
		ctx, cancel := context.WithCancel(t.Context())
		rings := 0
		var request directory.Request
		asked := func() {
			var err error
			request, err = f.AskDistribution(t.Context(), "team", store.Ask{Want: directory.Properties{LocalPart: "team"}})
			must(t, err)
		}
		go f.job.Watch(ctx, func() { rings++ })
		time.Sleep(time.Second) // so that what follows stands between two looks
		for i, step := range []struct {
			do   func()
			want int
		}{
			{func() {}, 1},
			{func() {}, 1},
			{func() { f.library("invoices", "invoices") }, 2},
			{func() { f.setLocal("invoices", "bills"); f.setLocal("invoices", "invoices") }, 3},
			{func() { catalog.down.Store(true) }, 3},
			{func() {}, 3},
			{func() { catalog.down.Store(false); f.setLocal("invoices", "") }, 4},
			{asked, 5},
			{func() { f.approve(request) }, 6},
			{func() { f.setMembers("team", "user:carol") }, 7},
			{func() {}, 7},
		} {
			step.do()
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if rings != step.want {
				t.Errorf("step %d: got %d rings, want %d", i, rings, step.want)
			}
		}
		cancel()
		synctest.Wait()
	})
	if began, over := f.said("by the schedule alone"), f.said("are seen again"); began != 1 || over != 1 {
		t.Errorf("it was said %d times that changes are not seen, and %d times that they are:\n%s", began, over, f.log)
	}
}

// The directory is written to no faster than it may be.
func TestWritesPerSecond(t *testing.T) {
	t.Parallel()
	f := newFarm(t, func(o *dms.Options) { o.WritesPerSecond = 4 })
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		f.library(name, name)
	}
	synctest.Test(t, func(t *testing.T) {
		f.t = t
		var at []time.Duration
		start := time.Now()
		f.dir.OnWrite(func(before bool, _ string) error {
			if before {
				at = append(at, time.Since(start))
			}
			return nil
		})
		f.run()
		for i, d := range at {
			if want := time.Duration(i) * 250 * time.Millisecond; d != want {
				t.Errorf("write %d was made after %v, want %v", i, d, want)
			}
		}
		if len(at) != 5 {
			t.Errorf("got %d writes, want 5", len(at))
		}
	})
}
