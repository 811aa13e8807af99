package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/store"
)

// treeWorld is a tree with the blobs it shows.
type treeWorld struct {
	store.Tree
	blobs store.Blobs
}

// blob returns an open blob with these bytes.
func (w treeWorld) blob(t *testing.T, data []byte) store.Blob {
	t.Helper()
	b, err := w.blobs.Open(t.Context(), put(t, w.blobs, data))
	ok(t, "Open", err)
	t.Cleanup(func() { ok(t, "Close", b.Close()) })
	return b
}

// show publishes and syncs.
func (w treeWorld) show(t *testing.T, path string, b store.Blob) {
	t.Helper()
	ok(t, "Publish", w.Publish(t.Context(), path, b))
	ok(t, "Sync", w.Sync(t.Context(), []string{path}))
}

func (w treeWorld) wantCheck(t *testing.T, path string, b store.Blob, want error) {
	t.Helper()
	if got := w.Check(t.Context(), path, b); !errors.Is(got, want) {
		t.Errorf("Check(%q): got %v, want %v", path, got, want)
	}
}

func (w treeWorld) wantAll(t *testing.T, paths ...string) {
	t.Helper()
	want, got := map[string]int{}, map[string]int{}
	for _, p := range paths {
		want[p] = 1
	}
	for p, err := range w.All(t.Context()) {
		ok(t, "All", err)
		got[p]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths in the tree (-want +got):\n%s", diff)
	}
}
