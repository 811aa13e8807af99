package storetest_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/storetest"
)

// The wrappers keep the contract of what they wrap.
func TestEffectsKeepTheContract(t *testing.T) {
	t.Parallel()
	blobs := func(*testing.T) store.Blobs { return storetest.NewEffects(storetest.Plan{}).Blobs(mem.NewBlobs()) }
	tree := func(*testing.T) store.Tree { return storetest.NewEffects(storetest.Plan{}).Tree(mem.NewTree()) }
	t.Run("Blobs", func(t *testing.T) { storetest.TestBlobs(t, blobs) })
	t.Run("Tree", func(t *testing.T) { storetest.TestTree(t, tree, blobs) })
}

// publish uploads data and shows it in the tree.
func publish(t *testing.T, blobs store.Blobs, tree store.Tree, data []byte) (err error) {
	t.Helper()
	ctx := t.Context()
	up, err := blobs.Create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.Discard()) }()
	d := sha256.Sum256(data)
	if _, err := up.Write(data); err != nil {
		return err
	}
	if err := up.Keep(ctx, d); err != nil {
		return err
	}
	if err := blobs.Barrier(ctx); err != nil {
		return err
	}
	b, err := blobs.Open(ctx, d)
	if err != nil {
		return err
	}
	return errors.Join(tree.Publish(ctx, "s/l/a", b), tree.Sync(ctx, []string{"s/l/a"}), b.Close(),
		tree.Unpublish(ctx, "s/l/a"), blobs.Delete(ctx, d))
}

func TestEffectsOfDrivers(t *testing.T) {
	t.Parallel()
	data := []byte("0123456789")
	d := fmt.Sprintf("%x", sha256.Sum256(data))
	e := storetest.NewEffects(storetest.Plan{})
	check(t, publish(t, e.Blobs(mem.NewBlobs()), e.Tree(mem.NewTree()), data))
	want := []string{
		"create upload", "write upload", "keep " + d, "barrier",
		"publish s/l/a", "sync tree", "unpublish s/l/a", "delete " + d,
	}
	if diff := cmp.Diff(want, e.Log()); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	for k := range want {
		e := storetest.NewEffects(storetest.Plan{At: k + 1, Err: syscall.EIO})
		if err := publish(t, e.Blobs(mem.NewBlobs()), e.Tree(mem.NewTree()), data); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: got %v, want %v", want[k], err, syscall.EIO)
		}
	}
}

// What is late happens all the same.
func TestEffectsAreLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := storetest.NewEffects(storetest.Plan{At: 2, Stays: true, Delay: time.Minute})
		began := time.Now()
		check(t, publish(t, e.Blobs(mem.NewBlobs()), e.Tree(mem.NewTree()), []byte("0123456789")))
		inner := &ledger{}
		check(t, e.Catalog(inner).Update(t.Context(), func(store.Tx) error { return nil }))
		if took, want := time.Since(began), 8*time.Minute; took != want || inner.commits != 1 {
			t.Errorf("got %v for 9 effects and %d commits, want %v and 1", took, inner.commits, want)
		}
	})
}

func TestEffectsCutAnUpload(t *testing.T) {
	t.Parallel()
	e := storetest.NewEffects(storetest.Plan{At: 2, Err: syscall.ENOSPC})
	blobs := mem.NewBlobs()
	up, err := e.Blobs(blobs).Create(t.Context())
	check(t, err)
	n, err := io.WriteString(up, "0123456789")
	if n != 5 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write: got %d, %v; want 5, %v", n, err, syscall.ENOSPC)
	}
	check(t, up.Discard())
	if _, err := blobs.Open(t.Context(), sha256.Sum256([]byte("01234"))); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("Open: got %v, want %v", err, fault.ErrNotFound)
	}
}
