package store_test

import (
	"context"
	"errors"
	"testing"

	"mailchute/store"
)

// afterOpenRuns is a catalog in which something happens once the open runs were read.
type afterOpenRuns struct {
	store.Catalog
	what func() error // once
}

func (c *afterOpenRuns) View(ctx context.Context, f func(store.Tx) error) error {
	read := false
	err := c.Catalog.View(ctx, func(tx store.Tx) error { return f(openRunsSeen{tx, &read}) })
	if what := c.what; read && what != nil {
		c.what = nil
		err = errors.Join(err, what())
	}
	return err
}

type openRunsSeen struct {
	store.Tx
	read *bool
}

func (tx openRunsSeen) OpenRuns() ([]store.Run, error) {
	*tx.read = true
	return tx.Tx.OpenRuns()
}

// A process that closes its run and ends while verify reads has left nothing open; one
// that ends without has.
func TestVerifyBesideProcessesThatEnd(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]bool{"it closes its run": true, "it is killed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalog := &afterOpenRuns{}
			f := newFarm(t, func(o *store.Options) { catalog.Catalog = o.Catalog; o.Catalog = catalog })
			other := openBeside(f, store.Options{Catalog: catalog.Catalog, Tree: f.tree})
			run := must(other.OpenRun(t.Context(), "incoming", "manual"))
			catalog.what = func() error {
				if !closes {
					return other.Close()
				}
				_, err := other.CloseRun(t.Context(), run.ID, store.Backlog{})
				return errors.Join(err, other.Close())
			}
			found := f.faults()
			if catalog.what != nil {
				t.Fatal("verify did not read the open runs")
			}
			if closes {
				if len(found) != 0 {
					t.Errorf("got %q, want no fault", found)
				}
				return
			}
			wantFault(t, found, "books", run.ID, "left it open")
		})
	}
}

// letGo is a Blobs in which something happens before a blob is first opened.
type letGo struct {
	store.Blobs
	first func()
}

func (b *letGo) Open(ctx context.Context, d store.Key) (store.Blob, error) {
	if f := b.first; f != nil {
		b.first = nil
		f()
	}
	return b.Blobs.Open(ctx, d)
}

// A blob that sweeps let go while verify walks for hours is not missed.
func TestVerifyBesideSweeps(t *testing.T) {
	t.Parallel()
	blobs := &letGo{}
	f, c := newClockFarm(t, func(o *store.Options) { blobs.Blobs = o.Blobs; o.Blobs = blobs })
	f.held(letter{key: "1"})
	f.must(f.Refuse(t.Context(), 1))
	blobs.first = func() {
		c.pass(31 * day)
		f.sweep()
		c.pass(2 * 3600e9)
		if got := f.sweep().Removed; got != 1 {
			t.Errorf("the sweep removed %d blobs, want 1", got)
		}
	}
	f.verify()
	if blobs.first != nil {
		t.Error("verify opened no blob: the test proves nothing")
	}
}
