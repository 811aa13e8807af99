package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
	"mailchute/store"
)

// faultsWith is faults with options.
func (f *farm) faultsWith(o store.VerifyOptions) (found []string) {
	f.Helper()
	for finding, err := range f.VerifyWith(f.Context(), o) {
		f.must(err)
		if !finding.OK {
			found = append(found, finding.Check+": "+finding.Detail)
		}
	}
	return found
}

// The digests that events took elsewhere tell whether the end of the chain was cut off.
func TestAnchors(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.versions(1, 3)
	anchors := func() (all []message.Digest) {
		for _, r := range f.closed() {
			all = append(all, r.Digest)
		}
		return all
	}()
	if got := f.faultsWith(store.VerifyOptions{Anchors: anchors}); got != nil {
		t.Errorf("got %q, want no fault", got)
	}
	c.pass(401 * day)
	f.sweep()
	if got := f.faultsWith(store.VerifyOptions{Anchors: anchors[2:]}); got != nil {
		t.Errorf("got %q, want no fault while the run after it is there", got)
	}
	wantFault(t, f.faultsWith(store.VerifyOptions{Anchors: anchors}), "chain", "no run has the digest "+anchors[0].String(), "a sweep")

	f = newFarm(t)
	f.versions(1, 3)
	last := f.closed()[2].Digest
	other := newFarm(t) // another history that is sound in itself
	other.versions(1, 2)
	other.verify()
	wantFault(t, other.faultsWith(store.VerifyOptions{Anchors: []message.Digest{last}}), "chain", "no run has the digest "+last.String())
}

func TestVerifyTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}})
	f.settle(letter{key: "2", names: []string{"b"}, bytes: "0123"})
	f.closeRun()
	last := map[string]store.VerifyProgress{}
	f.faultsWith(store.VerifyOptions{Progress: func(p store.VerifyProgress) {
		if p.Done < last[p.Check].Done || p.Total > 0 && p.Done > p.Total {
			t.Errorf("got %+v after %+v", p, last[p.Check])
		}
		last[p.Check] = p
	}})
	want := map[string]store.VerifyProgress{
		"books": {Check: "books", Done: 3}, // a run and two messages
		"rows":  {Check: "rows", Done: 4},
		"blobs": {Check: "blobs", Done: 14, Total: 14},
		"tree":  {Check: "tree", Done: 2, Total: 2},
	}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

// noRoom is a tree that shows one document never.
type noRoom struct {
	store.Tree
	path string
}

func (n noRoom) Publish(ctx context.Context, path string, b store.Blob) error {
	if path == n.path {
		return errors.New("file name too long")
	}
	return n.Tree.Publish(ctx, path, b)
}

// A document that cannot be shown is a fault, but not at once.
func TestDocumentThatIsNeverShown(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t, func(o *store.Options) { o.Tree = noRoom{o.Tree, "default/in/long"} })
	for _, name := range []string{"a", "long", "b"} {
		st := f.settlement(letter{key: name, names: []string{name}})
		done, err := f.Settle(t.Context(), st)
		f.must(errors.Join(err, st.Staging.Close()))
		if failed := done.Tree != nil; failed != (name == "long") {
			t.Errorf("%s: got %v", name, done.Tree)
		}
	}
	for range 14 {
		_, _ = f.Publish(t.Context())
		c.pass(time.Minute)
		f.verify()
	}
	c.pass(time.Minute)
	found := f.faults()
	wantFault(t, found, "tree", "default/in/long", "waits to be shown since")
	if len(found) != 1 {
		t.Errorf("got %q, want one fault", found)
	}
}

// A row that asks to show what is not there is a fault.
func TestPublicationOfNothing(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.change(func(tx store.Tx) error {
		return tx.PutPublication(store.Publication{Library: "in", Name: "x", NameKey: "x", Version: 1, Process: f.book.Process})
	})
	wantFault(t, f.faults(), "tree", "default/in/x", "not there")
	if _, err := f.Publish(t.Context()); err == nil {
		t.Error("publishing it worked")
	}
	if got := fmt.Sprint(len(f.faults())); got != "1" {
		t.Errorf("got %s faults, want one", got)
	}
}
