package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// openRun opens the books of the letters that follow.
func (f *farm) openRun() {
	f.Helper()
	var err error
	f.book, err = f.OpenRun(f.Context(), "incoming", "manual")
	f.must(err)
}

func (f *farm) closeRun() {
	f.Helper()
	_, err := f.CloseRun(f.Context(), f.book.ID, store.Backlog{})
	f.must(err)
}

// closed returns the closed runs in the order of closing.
func (f *farm) closed() (runs []store.Run) {
	f.Helper()
	f.must(f.catalog.View(f.Context(), func(tx store.Tx) (err error) {
		runs, err = tx.ClosedRuns(0, 0)
		return err
	}))
	return runs
}

// change changes rows behind the store's back.
func (f *farm) change(what func(store.Tx) error) {
	f.Helper()
	f.must(f.catalog.Update(f.Context(), what))
}

// faults returns what Verify finds wrong.
func (f *farm) faults() (found []string) {
	f.Helper()
	for finding, err := range f.Verify(f.Context()) {
		f.must(err)
		if !finding.OK {
			found = append(found, finding.Check+": "+finding.Detail)
		}
	}
	return found
}

// wantFault fails the test unless one of the faults begins with a check's name and has
// all of these words.
func wantFault(t *testing.T, found []string, check string, words ...string) {
	t.Helper()
	for _, line := range found {
		ok := strings.HasPrefix(line, check+": ")
		for _, w := range words {
			ok = ok && strings.Contains(line, w)
		}
		if ok {
			return
		}
	}
	t.Errorf("got faults\n%s\nwant one of %s with %q", strings.Join(found, "\n"), check, words)
}

func TestRunsAreChained(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	var sums []string
	var previous string
	for i := range 3 {
		f.settle(letter{key: fmt.Sprint(i), names: []string{"a"}})
		sum, err := f.CloseRun(t.Context(), f.book.ID, store.Backlog{Files: i})
		f.must(err)
		if sum.Previous != previous || len(sum.Digest) != 64 || sum.Digest == previous {
			t.Errorf("run %d: got digest %q and previous %q, want a new one and %q", i, sum.Digest, sum.Previous, previous)
		}
		previous = sum.Digest
		sums = append(sums, sum.Run)
		again, err := f.CloseRun(t.Context(), f.book.ID, store.Backlog{Files: 99})
		f.must(err)
		if diff := cmp.Diff(sum, again); diff != "" {
			t.Errorf("closed twice (-first +second):\n%s", diff)
		}
		f.openRun()
	}
	open, err := f.Store.Run(t.Context(), f.book.ID, 0)
	f.must(err)
	if open.Digest != "" || open.Previous != "" {
		t.Errorf("an open run has digest %q and previous %q, want none", open.Digest, open.Previous)
	}
	for i, r := range f.closed() {
		if r.ID != sums[i] || r.Place != i+1 || r.Digest != r.Sum() || r.Counts.Filed != 1 {
			t.Errorf("got %+v in place %d, want run %s with one filed and its own sum", r, i+1, sums[i])
		}
	}
	f.verify()
}

// Two processes that close runs at the same time make one chain.
func TestTwoStoresCloseAtOnce(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	other, err := store.Open(t.Context(), store.Options{
		Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: must(durable.Open(t.TempDir())), Actor: "tester",
	})
	f.must(err)
	f.closeRun()
	const each = 20
	var wg sync.WaitGroup
	for _, s := range []*store.Store{f.Store, other} {
		for range each {
			wg.Go(func() {
				r, err := s.OpenRun(t.Context(), "incoming", "manual")
				if err == nil {
					_, err = s.CloseRun(t.Context(), r.ID, store.Backlog{})
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if n := len(f.closed()); n != 1+2*each {
		t.Errorf("got %d closed runs, want %d", n, 1+2*each)
	}
	f.verify()
}

func TestAbortedRunIsChained(t *testing.T) {
	t.Parallel()
	locks := must(durable.Open(t.TempDir()))
	f := newFarm(t, func(o *store.Options) { o.Locks = locks })
	f.closeRun()
	f.openRun()
	f.settle(letter{key: "1", names: []string{"a"}})
	f.must(f.Store.Close())
	next, err := store.Open(t.Context(), store.Options{Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: locks, Actor: "tester"})
	f.must(err)
	f.Store = next
	wantFault(t, f.faults(), "books", f.book.ID, "has ended and left it open")
	dead, err := f.CloseDead(t.Context())
	f.must(err)
	runs := f.closed()
	if len(dead) != 1 || len(runs) != 2 || runs[1].State != store.RunAborted || dead[0].Digest != runs[1].Digest.String() ||
		dead[0].Previous != runs[0].Digest.String() {
		t.Errorf("got summaries %+v of runs %+v, want the aborted one after the closed one", dead, runs)
	}
	f.verify()
}

// Nothing gets into the books of a run that was closed.
func TestClosedBooksTakeNothing(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	st := f.settlement(letter{key: "1", names: []string{"a"}})
	f.closeRun()
	if _, err := f.Settle(t.Context(), st); !errors.Is(err, store.ErrDown) || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v, want that the books are closed, whatever the item is", err)
	}
	if len(f.names()) != 0 {
		t.Errorf("got documents %v, want none", f.names())
	}
	f.verify()
}

func TestChainFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		plant func(tx store.Tx, runs []store.Run) error
		want  string // with the run that is named
		run   int
	}{
		{"a count is altered", func(tx store.Tx, runs []store.Run) error {
			runs[1].Counts.Filed++
			return tx.UpdateRun(runs[1])
		}, "was altered", 1},
		{"the end is altered, and the digest with it", func(tx store.Tx, runs []store.Run) error {
			runs[1].Ended = runs[1].Ended.Add(time.Hour)
			runs[1].Digest = runs[1].Sum()
			return tx.UpdateRun(runs[1])
		}, "follows another record than that of run ", 2},
		{"a message is inserted", func(tx store.Tx, runs []store.Run) error {
			return tx.InsertProcessed(store.Processed{Run: runs[1].ID, State: store.Deferred, Waiting: []string{"a"}})
		}, "messages, outcomes, ends of held mail, sweep or changes of the directory of run", 1},
		{"the first runs are removed", func(tx store.Tx, runs []store.Run) error { return tx.DeleteRuns(2) }, "of 2 runs before run", 2},
		{"a run in between is removed", func(tx store.Tx, runs []store.Run) error {
			gone := runs[1]
			gone.Place, gone.State = 0, store.RunOpen
			return tx.UpdateRun(gone)
		}, "of 1 runs before run", 2},
		{"a run in between is removed, and the gap closed", func(tx store.Tx, runs []store.Run) error {
			gone := runs[1]
			gone.Place, gone.State = 0, store.RunOpen
			runs[2].Place = 2
			runs[2].Digest = runs[2].Sum()
			return errors.Join(tx.UpdateRun(gone), tx.UpdateRun(runs[2]))
		}, "follows another record", 2},
		{"a run is inserted at the front", func(tx store.Tx, runs []store.Run) error {
			for i := range runs {
				r := &runs[len(runs)-1-i]
				r.Place++
				r.Digest = r.Sum()
				if err := tx.UpdateRun(*r); err != nil {
					return err
				}
			}
			first := store.Run{ID: "first", State: store.RunClosed, Place: 1}
			first.Digest = first.Sum()
			return tx.InsertRun(first)
		}, "messages, outcomes, ends of held mail, sweep or changes of the directory of run first", -1},
		{"two runs are swapped", func(tx store.Tx, runs []store.Run) error {
			runs[1].Place = 99
			if err := tx.UpdateRun(runs[1]); err != nil {
				return err
			}
			runs[1].Place, runs[2].Place = 3, 2
			return errors.Join(tx.UpdateRun(runs[2]), tx.UpdateRun(runs[1]))
		}, "put in another place", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := threeRuns(t)
			runs := f.closed()
			ids := []string{runs[0].ID, runs[1].ID, runs[2].ID}
			f.change(func(tx store.Tx) error { return tt.plant(tx, runs) })
			words := []string{tt.want}
			if tt.run >= 0 {
				words = append(words, "run "+ids[tt.run])
			}
			wantFault(t, f.faults(), "chain", words...)
		})
	}
}

// threeRuns is a farm with three closed runs, a message filed in each.
func threeRuns(t *testing.T) *farm {
	t.Helper()
	f := newFarm(t)
	for i := range 3 {
		if i > 0 {
			f.openRun()
		}
		f.settle(letter{key: fmt.Sprint(i), names: []string{"a"}})
		f.closeRun()
	}
	_, err := f.Publish(t.Context()) // clears the rows of what has been shown
	f.must(err)
	f.verify()
	return f
}

// Runs may be deleted only on the record of a later one.
func TestSweptRunsAreNotMissed(t *testing.T) {
	t.Parallel()
	f := threeRuns(t)
	f.openRun()
	f.change(func(tx store.Tx) error {
		f.book.Swept = 2
		return errors.Join(tx.DeleteRuns(2), tx.UpdateRun(f.book))
	})
	f.verify()
	f.closeRun()
	f.verify()
	last := f.closed()[1]
	last.Swept = 0
	f.change(func(tx store.Tx) error { return tx.UpdateRun(last) })
	wantFault(t, f.faults(), "chain", "of 2 runs before run")
}

// What is promised, and no more: a chain that was computed anew holds, but its last
// digest is not the one that was known elsewhere.
func TestForgedChainHasAnotherDigest(t *testing.T) {
	t.Parallel()
	f := threeRuns(t)
	runs := f.closed()
	anchor := runs[2].Digest
	f.change(func(tx store.Tx) error {
		runs[0].Backlog.Files = 7
		for i := range runs {
			if i > 0 {
				runs[i].Previous = runs[i-1].Digest
			}
			runs[i].Digest = runs[i].Sum()
			if err := tx.UpdateRun(runs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	f.verify()
	if got := f.closed()[2].Digest; got == anchor {
		t.Error("the forged chain ends in the same digest")
	}
}

// closingCatalog cannot commit the first Updates.
type closingCatalog struct {
	store.Catalog
	fail int
}

func (c *closingCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	if c.fail > 0 {
		c.fail--
		return c.Catalog.Update(ctx, func(tx store.Tx) error { return errors.Join(f(tx), fault.ErrStale) })
	}
	return c.Catalog.Update(ctx, f)
}

// A closing that failed leaves the run open and the chain as it was.
func TestClosingFails(t *testing.T) {
	t.Parallel()
	c := &closingCatalog{}
	f := newFarm(t, func(o *store.Options) { c.Catalog = o.Catalog; o.Catalog = c })
	f.settle(letter{key: "1", names: []string{"a"}})
	c.fail = 1
	if _, err := f.CloseRun(t.Context(), f.book.ID, store.Backlog{}); err == nil {
		t.Error("got no error of a closing that was not committed")
	}
	f.verify()
	f.closeRun()
	if runs := f.closed(); len(runs) != 1 || runs[0].Place != 1 {
		t.Errorf("got %+v, want the one run in place 1", runs)
	}
	f.verify()
}
