package store_test

import (
	"testing"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/durable"
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

// What a process of another machine has is free when nothing was recorded with it for ten
// minutes: the machine may be one that the catalog was restored from. While it works it keeps
// it; and who has lost it records nothing more.
func TestLeaseOfAnotherMachine(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	ctx := t.Context()
	other := must(store.Open(ctx, store.Options{Catalog: p.catalog, Blobs: p.blobs, Tree: p.tree, Locks: must(durable.Open(t.TempDir())), Actor: "other", Now: p.clock}))
	take := func(s *store.Store, want bool) {
		t.Helper()
		if taken, holder, err := s.TakeLease(ctx, "dms"); err != nil || taken != want {
			t.Errorf("got %v, %+v, %v; want %v", taken, holder, err, want)
		}
	}
	record := func() error {
		return p.RecordDirectory(ctx, p.run, store.DirectoryResult{Write: store.DirectoryWrite{Action: directory.ActModify, Key: "k"}})
	}
	take(p.Store, true)
	p.pass(10*time.Minute - 1)
	take(other, false)
	p.must(record())
	p.pass(10*time.Minute - time.Microsecond)
	take(other, false)
	p.pass(time.Microsecond)
	take(other, true)
	if err := record(); err == nil {
		t.Error("what was taken over goes on recording")
	}
	p.must(p.ReleaseLease(ctx, "dms"))
	take(p.Store, false)
	p.must(other.ReleaseLease(ctx, "dms"))
	take(p.Store, true)
	p.must(record())
}
