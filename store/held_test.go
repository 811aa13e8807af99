package store_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// held settles a letter that is held, and returns it.
func (f *farm) held(l letter) store.HeldMail {
	f.Helper()
	if l.held == "" {
		l.held = fault.NoPermission
	}
	f.settle(l)
	all, err := f.HeldMail(f.Context(), store.HeldWaiting)
	f.must(err)
	return all[len(all)-1]
}

// release releases held mail to the library "in", as a document of that name.
func (f *farm) release(s *store.Store, h store.HeldMail, name string) (store.Settled, error) {
	f.Helper()
	return f.releaseTo(s, h, "in", name)
}

func (f *farm) releaseTo(s *store.Store, h store.HeldMail, to, name string) (store.Settled, error) {
	f.Helper()
	g := s.Stage()
	b, err := s.OpenHeld(f.Context(), h)
	f.must(err)
	c, err := g.Write(f.Context(), copyOf(b))
	f.must(errors.Join(err, b.Close()))
	done, err := s.Release(f.Context(), store.Release{
		Held: h, Columns: store.Columns{MessageID: h.Item.MessageID}, Staging: g,
		Decided: store.Decided{Library: to, Author: "alice", Drafts: []library.Draft{{Name: name, Part: "1", Content: c}}},
	})
	f.must(g.Close())
	return done, err
}

// beside opens another store on the same catalog and blobs.
func (f *farm) beside(change ...func(*store.Options)) *store.Store {
	f.Helper()
	o := store.Options{Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: must(durable.Open(f.TempDir())), Actor: "other"}
	for _, c := range change {
		c(&o)
	}
	s, err := store.Open(f.Context(), o)
	f.must(err)
	return s
}

func (f *farm) heldByID(id int64) store.HeldMail {
	f.Helper()
	h, err := f.HeldByID(f.Context(), id)
	f.must(err)
	return h
}

// lastChange returns the newest record of a change.
func (f *farm) lastChange() store.Change {
	f.Helper()
	var last []store.Change
	f.must(f.catalog.View(f.Context(), func(tx store.Tx) (err error) {
		last, err = tx.Changes(1)
		return err
	}))
	return last[0]
}

func TestReleaseKeepsTheIdentity(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	h := f.held(letter{key: "1"})
	done, err := f.release(f.Store, h, "a.pdf")
	f.must(errors.Join(err, done.Tree))
	if diff := cmp.Diff([]string{"a.pdf v1"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	d := done.Documents[0]
	got := []string{d.Key.String(), d.RecipientKey, d.Columns.MessageID, d.Author, d.Evidence}
	want := []string{h.Item.Key.String(), h.Outcome.RecipientKey, "<1>", "alice", "released by tester"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	after := f.heldByID(h.ID)
	if after.State != store.HeldReleased || after.End.Library != "in" || after.End.Author != "alice" || after.End.Actor != "tester" || after.End.At.IsZero() {
		t.Errorf("got held mail %+v, want it released by tester to in as alice", after)
	}
	if diff := cmp.Diff(h.Outcome, after.Outcome); diff != "" {
		t.Errorf("the outcome is final (-before +after):\n%s", diff)
	}
	if c := f.lastChange(); c.Actor != "tester" || !strings.Contains(c.Action, "held release 1 to library:in") {
		t.Errorf("got the record %+v, want the release", c)
	}
	if sum, err := f.CloseRun(t.Context(), f.book.ID, store.Backlog{}); err != nil || sum.Processed != 1 || sum.Held != 1 {
		t.Errorf("got summary %+v, %v; want the run's books as they were", sum, err)
	}
	f.verify()
}

// Whatever is done with held mail is done once, in whatever order.
func TestHeldMailEndsOnce(t *testing.T) {
	t.Parallel()
	ends := map[store.HeldState]func(f *farm, h store.HeldMail) error{
		store.HeldReleased: func(f *farm, h store.HeldMail) error { _, err := f.release(f.Store, h, "a"); return err },
		store.HeldRefused:  func(f *farm, h store.HeldMail) error { return f.Refuse(f.Context(), h.ID) },
	}
	for first, end := range ends {
		for second, again := range ends {
			t.Run(string(first)+" and "+string(second), func(t *testing.T) {
				t.Parallel()
				f := newFarm(t)
				h := f.held(letter{key: "1"})
				f.must(end(f, h))
				docs := f.names()
				if err := again(f, h); !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "it is "+string(first)+" already") {
					t.Errorf("got %v, want a conflict that says what it is", err)
				}
				if got := f.heldByID(h.ID); got.State != first {
					t.Errorf("got state %s, want %s", got.State, first)
				}
				if diff := cmp.Diff(docs, f.names()); diff != "" {
					t.Errorf("documents (-before +after):\n%s", diff)
				}
				f.verify()
			})
		}
	}
	f := newFarm(t)
	if err := f.Refuse(t.Context(), 7); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v for mail that is not there, want fault.ErrNotFound", err)
	}
}

// Many release one message at the same time, from two stores: one files it.
func TestReleaseAtOnce(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	other := f.beside()
	h := f.held(letter{key: "1"})
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		s := []*store.Store{f.Store, other}[i%2]
		wg.Go(func() { _, errs[i] = f.release(s, h, "a.pdf") })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, fault.ErrConflict) {
			t.Errorf("got %v, want a conflict", err)
		}
	}
	if won != 1 {
		t.Errorf("got %d releases that filed it, want 1", won)
	}
	if diff := cmp.Diff([]string{"a.pdf v1"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	f.verify()
}

// A library gets a message once, by whatever addresses and in whatever order it comes.
func TestReleaseOfWhatTheLibraryHas(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		to   []letter
	}{
		{"filed before", []letter{{key: "1", names: []string{"a"}}, {key: "1", to: "x@case.test", held: fault.UnknownAddress}}},
		{"released before", []letter{{key: "1", to: "x@case.test", held: fault.UnknownAddress}, {key: "1", to: "y@case.test", held: fault.UnknownAddress}}},
		{"filed later", []letter{{key: "1", to: "x@case.test", held: fault.UnknownAddress}, {key: "1", names: []string{"a"}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			for _, l := range row.to {
				if l.held == "" {
					f.settle(l)
				} else if _, err := f.release(f.Store, f.held(l), "a"); err != nil {
					t.Error(err)
				}
			}
			if diff := cmp.Diff([]string{"a v1"}, f.names()); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			if left, err := f.HeldMail(t.Context(), store.HeldWaiting); err != nil || len(left) > 0 {
				t.Errorf("got %v, %v held, want nothing", left, err)
			}
			f.verify()
		})
	}
}

// Mail that is released to a library that has gone meanwhile stays held.
func TestReleaseToNoLibrary(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	h := f.held(letter{key: "1"})
	if _, err := f.releaseTo(f.Store, h, "gone", "a"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, want fault.ErrNotFound", err)
	}
	if got := f.heldByID(h.ID); got.State != store.HeldWaiting || !got.End.At.IsZero() {
		t.Errorf("got %+v, want it held as before", got)
	}
	f.verify()
}
