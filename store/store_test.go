package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func TestOutcomesAreFinal(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	first := f.settle(letter{key: "1", names: []string{"a"}})
	again := f.settle(letter{key: "1", names: []string{"a"}})
	held := f.settle(letter{key: "1", to: "other@case.test", held: fault.UnknownAddress})
	folded := f.settle(letter{key: "1", to: "IN@CASE.TEST", names: []string{"a"}})
	got := []store.State{first.State, again.State, held.State, folded.State}
	want := []store.State{store.Filed, store.Duplicate, store.Held, store.Duplicate}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a v1"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	oldest := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	sum, err := f.CloseRun(t.Context(), f.book.ID, store.Backlog{Files: 7, Oldest: oldest})
	f.must(err)
	if sum.Processed != 4 || sum.Filed != 1 || sum.Held != 1 || sum.Duplicate != 2 || sum.Backlog != 7 || !sum.BacklogOldest.Equal(oldest) || len(sum.UnknownAddresses) != 1 {
		t.Errorf("got summary %+v, want 4 processed: 1 filed, 1 held, 2 duplicates", sum)
	}
	f.verify()
}

// A message for which nothing is decided must not look as if it were done.
func TestNothingDecided(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	st := f.settlement(letter{key: "1", names: []string{"a"}})
	st.Decided = nil
	if done, err := f.Settle(t.Context(), st); err == nil {
		t.Errorf("got %+v, want an error", done)
	}
}

// Bytes that went missing behind the store's back come back with the next message that
// has them.
func TestMissingBlobIsMended(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}, bytes: "same"})
	f.must(f.blobs.Delete(t.Context(), sha256.Sum256([]byte("same"))))
	f.settle(letter{key: "2", names: []string{"b"}, bytes: "same"})
	f.verify()
}

// Many settlements at once share commits, and each is settled once.
func TestSettleTogether(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	var settlements []store.Settlement
	for i := range 500 {
		settlements = append(settlements, f.settlement(letter{key: fmt.Sprint(i % 250), names: []string{"a"}}))
	}
	var wg sync.WaitGroup
	errs := make([]error, len(settlements))
	for i, st := range settlements {
		wg.Go(func() { _, errs[i] = f.Settle(t.Context(), st) })
	}
	wg.Wait()
	f.must(errors.Join(errs...))
	if n := len(f.names()); n != 250 {
		t.Errorf("got %d documents of 250 messages that came twice", n)
	}
	f.verify()
}

// failing fails its barriers or its updates while down.
type failing struct {
	store.Blobs
	store.Catalog
	barrier, update error
}

func (d *failing) Close() error { return d.Catalog.Close() }

func (d *failing) Barrier(ctx context.Context) error {
	return errors.Join(d.barrier, d.Blobs.Barrier(ctx))
}

func (d *failing) Update(ctx context.Context, f func(store.Tx) error) error {
	if d.update != nil {
		return d.update
	}
	return d.Catalog.Update(ctx, f)
}

func TestNothingOfAFailedGroupCounts(t *testing.T) {
	t.Parallel()
	down := errors.New("input/output error")
	for _, at := range []string{"barrier", "transaction"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			d := &failing{}
			f := newFarm(t, func(o *store.Options) {
				d.Blobs, d.Catalog = o.Blobs, o.Catalog
				o.Blobs, o.Catalog = d, d
			})
			if at == "barrier" {
				d.barrier = down
			} else {
				d.update = down
			}
			st := f.settlement(letter{key: "1", names: []string{"a"}})
			early := f.settlement(letter{key: "2", names: []string{"b"}})
			if _, err := f.Settle(t.Context(), st); !errors.Is(err, down) {
				t.Errorf("got %v, want the failure", err)
			}
			d.barrier, d.update = nil, nil
			if _, err := f.Settle(t.Context(), early); (err != nil) != (at == "barrier") {
				t.Errorf("got %v for bytes written before the failure of a %s", err, at)
			}
			if out, err := f.Outcomes(t.Context(), st.Item.Key, nil); err != nil || len(out) != 0 {
				t.Errorf("got outcomes %v, %v after a failure, want none", out, err)
			}
			if got := f.settle(letter{key: "1", names: []string{"a"}}); got.State != store.Filed {
				t.Errorf("got %s on the second try, want filed", got.State)
			}
			f.verify()
		})
	}
}

// brokenTree cannot publish while broken.
type brokenTree struct {
	store.Tree
	broken bool
}

func (b *brokenTree) Publish(ctx context.Context, path string, blob store.Blob) error {
	if b.broken {
		return errors.New("no space left on device")
	}
	return b.Tree.Publish(ctx, path, blob)
}

func TestWhatTheTreeMissesIsShownLater(t *testing.T) {
	t.Parallel()
	tree := &brokenTree{broken: true}
	f := newFarm(t, func(o *store.Options) { tree.Tree = o.Tree; o.Tree = tree })
	st := f.settlement(letter{key: "1", names: []string{"a"}})
	done, err := f.Settle(t.Context(), st)
	if err != nil || done.State != store.Filed || done.Tree == nil {
		t.Errorf("got %+v, %v; want it filed, with the tree's failure", done, err)
	}
	f.verify() // a document that waits to be shown is no fault
	if n, err := f.Publish(t.Context()); n != 0 || err == nil {
		t.Errorf("got %d shown, %v; want none, and why", n, err)
	}
	tree.broken = false
	if n, err := f.Publish(t.Context()); n != 1 || err != nil {
		t.Errorf("got %d shown, %v; want the one", n, err)
	}
	if n, err := f.Publish(t.Context()); n != 0 || err != nil {
		t.Errorf("got %d shown, %v; want nothing left to show", n, err)
	}
	f.verify()
}

// A blob that is found in place but whose row has gone must be staged again.
func TestSweptBlobIsStale(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}, bytes: "same"})
	st := f.settlement(letter{key: "2", names: []string{"b"}, bytes: "same"})
	sweeper := &sweeping{Catalog: f.catalog, digest: sha256.Sum256([]byte("same"))}
	other, err := store.Open(t.Context(), store.Options{
		Catalog: sweeper, Blobs: f.blobs, Tree: f.tree, Locks: must(durable.Open(t.TempDir())), Actor: "tester",
	})
	f.must(err)
	if _, err := other.Settle(t.Context(), st); !errors.Is(err, fault.ErrStale) {
		t.Errorf("got %v, want fault.ErrStale", err)
	}
}

// sweeping hides the row of a blob from every Update, as a sweep in between would.
type sweeping struct {
	store.Catalog
	digest message.Digest
}

func (s *sweeping) Update(ctx context.Context, f func(store.Tx) error) error {
	return s.Catalog.Update(ctx, func(tx store.Tx) error { return f(sweptTx{tx, s.digest}) })
}

type sweptTx struct {
	store.Tx
	digest message.Digest
}

func (s sweptTx) BlobState(d message.Digest) (store.BlobState, error) {
	if d == s.digest {
		return store.BlobDoomed, nil
	}
	return s.Tx.BlobState(d)
}

func TestVerifyFindsFaults(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	digest := message.Digest(sha256.Sum256([]byte("bytes of 1")))
	tests := []struct {
		name, check string
		harm        func(f *farm) error
	}{
		{"a blob is missing", "blobs", func(f *farm) error { return f.blobs.Delete(ctx, digest) }},
		{"a document is not in the tree", "tree", func(f *farm) error { return f.tree.Unpublish(ctx, "default/in/a") }},
		{"the tree has a file of nobody's", "tree", func(f *farm) error {
			b := must(f.blobs.Open(ctx, digest))
			return errors.Join(f.tree.Publish(ctx, "default/in/stray", b), b.Close())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			f.settle(letter{key: "1", names: []string{"a"}})
			must(f.Publish(ctx)) // clears the rows of what has been shown
			f.verify()
			f.must(tt.harm(f))
			found := false
			for finding, err := range f.Verify(ctx) {
				f.must(err)
				found = found || (finding.Check == tt.check && !finding.OK)
			}
			if !found {
				t.Errorf("verify found no fault of %s", tt.check)
			}
		})
	}
}
