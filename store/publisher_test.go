package store_test

import (
	"context"
	"errors"
	"testing"

	"mailchute/store"
)

// interruptedTree lets others go first, once, before it shows a document.
type interruptedTree struct {
	store.Tree
	first func()
}

func (t *interruptedTree) Publish(ctx context.Context, at string, b store.Blob) error {
	if f := t.first; f != nil {
		t.first = nil
		f()
	}
	return t.Tree.Publish(ctx, at, b)
}

// mortalCatalog takes no more changes once its process is dead.
type mortalCatalog struct {
	store.Catalog
	dead bool
}

var errDead = errors.New("the process has been killed")

func (c *mortalCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	if c.dead {
		return errDead
	}
	return c.Catalog.Update(ctx, f)
}

// TestPublisherDies: a process looks up a version, and shows it over a newer one that
// another has shown meanwhile. Whether it lives on or dies right then, its next
// transaction or whoever finds it dead makes the tree show the newer one.
func TestPublisherDies(t *testing.T) {
	t.Parallel()
	for name, dies := range map[string]bool{"it lives on": false, "it dies": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			slow, catalog := &interruptedTree{Tree: f.tree}, &mortalCatalog{Catalog: f.catalog}
			other := openBeside(f, store.Options{Catalog: catalog, Tree: slow})
			slow.first = func() {
				f.settle(letter{key: "b", names: []string{"a.pdf"}, overwrite: true})
				must(f.CloseRun(t.Context(), f.book.ID, store.Backlog{})) // clears the row of the version shown
				catalog.dead = dies
			}
			st, err := f.stage(other, letter{key: "a", names: []string{"a.pdf"}, overwrite: true})
			f.must(err)
			done, err := other.Settle(t.Context(), st)
			f.must(errors.Join(err, done.Tree, st.Staging.Close()))
			if err := other.Close(); dies != errors.Is(err, errDead) {
				t.Errorf("Close: got error %v, dead %v", err, dies)
			}
			if n := must(f.Publish(t.Context())); n != 1 {
				t.Errorf("got %d documents shown anew, want 1", n)
			}
			f.verify()
		})
	}
}

// TestPublisherAlive: what a living process is about to show is left to it.
func TestPublisherAlive(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	slow := &interruptedTree{Tree: f.tree}
	other := openBeside(f, store.Options{Catalog: f.catalog, Tree: slow})
	slow.first = func() {
		if n := must(f.Publish(t.Context())); n != 0 {
			t.Errorf("got %d documents shown, want 0", n)
		}
	}
	st, err := f.stage(other, letter{key: "a", names: []string{"a.pdf"}})
	f.must(err)
	done, err := other.Settle(t.Context(), st)
	f.must(errors.Join(err, done.Tree, st.Staging.Close(), other.Close()))
	f.verify()
}

// openBeside opens another process's store on the farm's data.
func openBeside(f *farm, o store.Options) *store.Store {
	f.Helper()
	o.Blobs, o.Locks, o.Actor = f.blobs, f.locks, "other"
	other, err := store.Open(f.Context(), o)
	f.must(err)
	return other
}

// TestPublishedOnce: a row that says an older version than is there by now is cleared all
// the same, once that is shown.
func TestPublishedOnce(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	slow := &interruptedTree{Tree: f.tree}
	other := openBeside(f, store.Options{Catalog: f.catalog, Tree: slow})
	slow.first = func() { f.settle(letter{key: "b", names: []string{"a.pdf"}, overwrite: true}) }
	st, err := f.stage(other, letter{key: "a", names: []string{"a.pdf"}, overwrite: true})
	f.must(err)
	done, err := other.Settle(t.Context(), st)
	f.must(errors.Join(err, done.Tree, st.Staging.Close(), other.Close())) // Close asks for version 2
	f.settle(letter{key: "c", names: []string{"a.pdf"}, overwrite: true})
	for _, want := range []int{1, 0} {
		if n := must(f.Publish(t.Context())); n != want {
			t.Errorf("got %d documents shown, want %d", n, want)
		}
	}
	f.verify()
}

// TestRepairWhatAnotherMachineLeft: nobody knows whether a process of another machine
// lives. Its publications are left to it, until somebody asks for a repair.
func TestRepairWhatAnotherMachineLeft(t *testing.T) {
	t.Parallel()
	deaf := &deafTree{deaf: true}
	f := newFarm(t, func(o *store.Options) { deaf.Tree, o.Tree = o.Tree, deaf })
	f.settle(letter{key: "a", names: []string{"a.pdf"}})
	deaf.deaf = false
	f.change(func(tx store.Tx) error {
		return tx.PutPublication(store.Publication{Library: "in", Name: "a.pdf", NameKey: "a.pdf", Version: 1, Process: "elsewhere.x"})
	})
	if n := must(f.Publish(t.Context())); n != 0 {
		t.Errorf("got %d documents shown, want 0", n)
	}
	mended := 0
	for finding, err := range f.Repair(t.Context()) {
		f.must(err)
		if finding.Mended {
			mended++
		}
	}
	if mended != 1 {
		t.Errorf("got %d findings mended, want 1", mended)
	}
	f.verify()
}

// deafTree forgets what it is to show while it is deaf.
type deafTree struct {
	store.Tree
	deaf bool
}

func (t *deafTree) Publish(ctx context.Context, at string, b store.Blob) error {
	if t.deaf {
		return nil
	}
	return t.Tree.Publish(ctx, at, b)
}

func (t *deafTree) Sync(ctx context.Context, paths []string) error {
	if t.deaf {
		return nil
	}
	return t.Tree.Sync(ctx, paths)
}
