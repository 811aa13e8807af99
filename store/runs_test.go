package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/store"
)

func TestDeadProcessesRunIsClosed(t *testing.T) {
	t.Parallel()
	locks := must(durable.Open(t.TempDir()))
	f := newFarm(t, func(o *store.Options) { o.Locks = locks })
	f.settle(letter{key: "1", names: []string{"a"}})
	other, err := store.Open(t.Context(), store.Options{Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: locks, Actor: "tester"})
	f.must(err)
	if dead, err := other.CloseDead(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("got %v, %v while the process lives, want none", dead, err)
	}
	f.must(f.Store.Close())
	dead, err := other.CloseDead(t.Context())
	if err != nil || len(dead) != 1 || dead[0].State != "aborted" || dead[0].Filed != 1 {
		t.Errorf("got %+v, %v; want the run, aborted, with one message filed", dead, err)
	}
	if dead, err := other.CloseDead(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("got %v, %v the second time, want none", dead, err)
	}
}

// Of several processes that find a dead one's run, one closes it and tells; a process
// that has another folder of locks, as one on another machine, knows nothing of it.
func TestDeadProcessesRunIsClosedOnce(t *testing.T) {
	t.Parallel()
	locks := must(durable.Open(t.TempDir()))
	f := newFarm(t, func(o *store.Options) { o.Locks = locks })
	f.must(f.Store.Close())
	openAt := func(locks durable.FS) *store.Store {
		return must(store.Open(t.Context(), store.Options{Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: locks, Actor: "tester"}))
	}
	if dead, err := openAt(must(durable.Open(t.TempDir()))).CloseDead(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("got %v, %v on another machine, want none", dead, err)
	}
	var told atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		s := openAt(locks)
		wg.Go(func() {
			dead, err := s.CloseDead(t.Context())
			if err != nil {
				t.Error(err)
			}
			told.Add(int64(len(dead)))
		})
	}
	wg.Wait()
	if told.Load() != 1 {
		t.Errorf("%d processes told of the run, want one", told.Load())
	}
}

func TestSummaryListsAreCut(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	for i := range 105 {
		f.settle(letter{key: fmt.Sprint(i), to: fmt.Sprintf("no%d@case.test", i), held: fault.UnknownAddress})
	}
	sum, err := f.CloseRun(t.Context(), f.book.ID, store.Backlog{})
	f.must(err)
	if len(sum.Failed) != 100 || len(sum.MessageIDs) != 100 || sum.More["failed"] != 5 || sum.More["unknown_addresses"] != 5 {
		t.Errorf("got %d failed, %d message ids, more %v; want 100 of each and 5 more", len(sum.Failed), len(sum.MessageIDs), sum.More)
	}
	whole, err := f.Store.Run(t.Context(), f.book.ID, 0)
	f.must(err)
	if len(whole.Failed) != 105 || len(whole.More) != 0 {
		t.Errorf("got %d failed, more %v; want all 105", len(whole.Failed), whole.More)
	}
	runs, err := f.Runs(t.Context(), time.Time{}, 1)
	if err != nil || len(runs) != 1 || runs[0].Run != f.book.ID {
		t.Errorf("got runs %+v, %v; want the one", runs, err)
	}
}
