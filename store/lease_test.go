package store_test

import (
	"testing"

	"mailchute/store"
)

// One of several has a lease, until it gives it back or dies.
func TestLease(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	ctx := t.Context()
	other := must(store.Open(ctx, store.Options{Catalog: p.catalog, Blobs: p.blobs, Tree: p.tree, Locks: p.locks, Actor: "other"}))
	take := func(s *store.Store, want bool) {
		t.Helper()
		if taken, holder, err := s.TakeLease(ctx, "dms"); err != nil || taken != want || holder.Process == "" {
			t.Errorf("got %v, %+v, %v; want %v", taken, holder, err, want)
		}
	}
	take(p.Store, true)
	take(p.Store, false)
	take(other, false)
	p.must(other.ReleaseLease(ctx, "dms")) // is not its own
	take(other, false)
	p.must(p.ReleaseLease(ctx, "dms"))
	take(other, true)
	take(p.Store, false)
	if err := other.Close(); err != nil { // it is dead
		t.Fatal(err)
	}
	take(p.Store, true)
}
