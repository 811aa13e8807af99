package mem_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/storetest"
)

func TestBlobs(t *testing.T) {
	t.Parallel()
	storetest.TestBlobs(t, newBlobs)
}

func TestTree(t *testing.T) {
	t.Parallel()
	storetest.TestTree(t, func(*testing.T) store.Tree { return mem.NewTree() }, newBlobs)
}

func newBlobs(*testing.T) store.Blobs { return mem.NewBlobs() }

func TestLosePower(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	blobs, tree := mem.NewBlobs(), mem.NewTree()
	put := func(data string) store.Blob {
		up, err := blobs.Create(ctx)
		check(t, err)
		_, err = up.Write([]byte(data))
		check(t, err)
		d := sha256.Sum256([]byte(data))
		check(t, up.Keep(ctx, d))
		b, err := blobs.Open(ctx, d)
		check(t, err)
		return b
	}
	durable := put("durable")
	check(t, blobs.Barrier(ctx))
	lost := put("lost")
	check(t, tree.Publish(ctx, "s/l/a", durable))
	check(t, tree.Publish(ctx, "s/l/c", durable))
	check(t, tree.Sync(ctx, []string{"s/l/a", "s/l/c"}))
	check(t, tree.Unpublish(ctx, "s/l/c"))
	check(t, tree.Sync(ctx, []string{"s/l/c"}))
	check(t, tree.Unpublish(ctx, "s/l/a"))
	check(t, tree.Publish(ctx, "s/l/a", lost))
	check(t, tree.Publish(ctx, "s/l/b", lost))

	blobs.LosePower()
	tree.LosePower()

	if _, err := blobs.Open(ctx, sha256.Sum256([]byte("lost"))); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("blob kept without a barrier: got %v, want %v", err, fault.ErrNotFound)
	}
	if _, err := blobs.Open(ctx, sha256.Sum256([]byte("durable"))); err != nil {
		t.Errorf("blob kept before a barrier: %v", err)
	}
	if err := tree.Check(ctx, "s/l/a", durable); err != nil {
		t.Errorf("file that was synced: %v", err)
	}
	for path, what := range map[string]string{"s/l/b": "file that was not synced", "s/l/c": "file whose removal was synced"} {
		if err := tree.Check(ctx, path, lost); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: got %v, want %v", what, err, fault.ErrNotFound)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
