package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"mailchute/store"
	"mailchute/store/mem"
)

// calls are what a store asks of its drivers to change. on sees each before it is done,
// can wait, and fails it.
type calls struct {
	mu  sync.Mutex
	log []string
	on  func(call string) error
}

// watch puts calls in front of the drivers.
func (c *calls) watch(o *store.Options) {
	o.Blobs, o.Catalog, o.Tree = watchedBlobs{o.Blobs, c}, watchedCatalog{o.Catalog, c}, watchedTree{o.Tree, c}
}

func (c *calls) begin(call string) error {
	c.mu.Lock()
	c.log = append(c.log, call)
	on := c.on
	c.mu.Unlock()
	if on == nil {
		return nil
	}
	return on(call)
}

// from lets on see the calls from now on.
func (c *calls) from(on func(call string) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log, c.on = nil, on
}

func (c *calls) count(call string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(c.log), func(s string) bool { return s != call }))
}

type watchedBlobs struct {
	store.Blobs
	*calls
}

func (b watchedBlobs) Barrier(ctx context.Context) error {
	return errors.Join(b.begin("barrier"), b.Blobs.Barrier(ctx))
}

type watchedCatalog struct {
	store.Catalog
	*calls
}

func (c watchedCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	if err := c.begin("commit"); err != nil {
		return err
	}
	return errors.Join(c.Catalog.Update(ctx, f), c.begin("committed"))
}

type watchedTree struct {
	store.Tree
	*calls
}

func (t watchedTree) Publish(ctx context.Context, path string, b store.Blob) error {
	return errors.Join(t.begin("publish "+path), t.Tree.Publish(ctx, path, b))
}

func (t watchedTree) Sync(ctx context.Context, paths []string) error {
	return errors.Join(t.begin("sync"), t.Tree.Sync(ctx, paths))
}

// While one group is shown, the next is made durable and committed; the last of them syncs
// the tree for both.
func TestGroupsOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &calls{}
		f := newFarm(t, c.watch)
		first := f.settlement(letter{key: "1", names: []string{"first"}})
		second := f.settlement(letter{key: "2", names: []string{"second"}})
		showing, committed := make(chan struct{}), make(chan struct{})
		c.from(func(call string) error {
			switch {
			case call == "publish default/in/first":
				close(showing)
				<-committed
			case call == "committed" && c.count("barrier") == 2:
				close(committed)
			}
			return nil
		})
		var running sync.WaitGroup
		errs := make([]error, 2)
		running.Go(func() { _, errs[0] = f.Settle(t.Context(), first) })
		<-showing
		running.Go(func() { _, errs[1] = f.Settle(t.Context(), second) })
		running.Wait()
		f.must(errors.Join(errs...))
		if syncs := c.count("sync"); syncs != 1 {
			t.Errorf("got %d syncs of the tree, want 1 for both: %q", syncs, c.log)
		}
		f.tree.(watchedTree).Tree.(*mem.Tree).LosePower()
		f.verify()
	})
}

// A lone item's document is durable in the tree when it is settled.
func TestALoneItemSyncsTheTree(t *testing.T) {
	t.Parallel()
	c := &calls{}
	f := newFarm(t, c.watch)
	c.from(nil)
	f.settle(letter{key: "1", names: []string{"a"}})
	if got, want := strings.Join(c.log, ", "), "barrier, commit, committed, publish default/in/a, sync"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// A group that fails passes the sync on which those before it rely.
func TestAFailedGroupSyncsTheTree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &calls{}
		f := newFarm(t, c.watch)
		first := f.settlement(letter{key: "1", names: []string{"first"}})
		second := f.settlement(letter{key: "2", names: []string{"second"}})
		showing, failing := make(chan struct{}), make(chan struct{})
		c.from(func(call string) error {
			switch {
			case call == "publish default/in/first":
				close(showing)
				<-failing
			case call == "barrier" && c.count("barrier") == 2:
				close(failing)
				return errors.New("input/output error")
			}
			return nil
		})
		var running sync.WaitGroup
		running.Go(func() {
			if _, err := f.Settle(t.Context(), first); err != nil {
				t.Errorf("got %v for a group whose own barrier had succeeded", err)
			}
		})
		<-showing
		running.Go(func() {
			if _, err := f.Settle(t.Context(), second); !errors.Is(err, store.ErrDown) {
				t.Errorf("got %v, want %v", err, store.ErrDown)
			}
		})
		running.Wait()
		if c.count("sync") != 1 {
			t.Errorf("got %q, want one sync", c.log)
		}
		f.verify()
	})
}

// A process is late to show a version that another has replaced and cleared, and then
// cannot sync the tree: the newer version is shown again.
func TestAnOldVersionThatIsNotSynced(t *testing.T) {
	t.Parallel()
	for _, failed := range []string{"publish default/in/a", "sync"} {
		c := &calls{}
		f := newFarm(t)
		slow := f.beside(c.watch)
		old, err := f.stage(slow, letter{key: "1", names: []string{"a"}, overwrite: true})
		f.must(err)
		overtaken := false
		c.from(func(call string) error {
			if !overtaken && strings.HasPrefix(call, "publish ") {
				overtaken = true
				f.settle(letter{key: "2", names: []string{"a"}, overwrite: true})
				must(f.Publish(t.Context())) // clears its row
			}
			if call == failed {
				return errors.New("input/output error")
			}
			return nil
		})
		done, err := slow.Settle(t.Context(), old)
		if err != nil || done.Tree == nil {
			t.Errorf("%s failed: got %+v, %v; want it filed, with the tree's failure", failed, done, err)
		}
		c.from(nil)
		must(slow.Publish(t.Context()))
		f.verify()
	}
}
