package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"

	"mailchute/store"
)

// meanwhile is a tree in which something happens just before a document is checked.
type meanwhile struct {
	store.Tree
	path string
	what func() // once
}

func (m *meanwhile) Check(ctx context.Context, path string, b store.Blob) error {
	if what := m.what; what != nil && path == m.path {
		m.what = nil
		what()
	}
	return m.Tree.Check(ctx, path, b)
}

// What the job files while verify walks is no fault, and does not hide any.
func TestVerifyLive(t *testing.T) {
	t.Parallel()
	const a, b = "default/in/a", "default/in/b"
	overwrite := func(f *farm) {
		for _, key := range []string{"new a", "newer a"} {
			f.settle(letter{key: key, names: []string{"a"}, overwrite: true})
		}
	}
	stale := func(path string) func(*farm) {
		return func(f *farm) {
			other := must(f.blobs.Open(f.Context(), sha256.Sum256([]byte("bytes of other"))))
			f.must(errors.Join(f.tree.Publish(f.Context(), path, other), other.Close()))
		}
	}
	lose := func(path string) func(*farm) {
		return func(f *farm) { f.must(f.tree.Unpublish(f.Context(), path)) }
	}
	nothing := func(*farm) {}
	for name, row := range map[string]struct {
		before, meanwhile func(*farm)
		want              string // the path that has a fault; "": none
	}{
		"overwritten":                         {nothing, overwrite, ""},
		"another one filed":                   {nothing, func(f *farm) { f.settle(letter{key: "c", names: []string{"c"}}) }, ""},
		"stale":                               {stale(a), nothing, a},
		"lost":                                {lose(a), nothing, a},
		"lost meanwhile":                      {nothing, lose(a), a},
		"overwritten, while another is stale": {stale(b), overwrite, b},
		"overwritten, while another is lost":  {lose(b), overwrite, b},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := &meanwhile{path: a}
			f := newFarm(t, func(o *store.Options) { tree.Tree = o.Tree; o.Tree = tree })
			for _, key := range []string{"a", "b", "other"} {
				f.settle(letter{key: key, names: []string{key}})
			}
			must(f.Publish(t.Context())) // clears the rows of what has been shown
			row.before(f)
			tree.what = func() { row.meanwhile(f) }
			found := f.faults()
			if tree.what != nil {
				t.Error("the document was never checked: the test proves nothing")
			}
			if row.want == "" {
				if found != nil {
					t.Errorf("got %q, want no fault", found)
				}
				f.verify()
				return
			}
			if len(found) != 1 {
				t.Errorf("got %q, want one fault", found)
			}
			wantFault(t, found, "tree", row.want)
		})
	}
}

// A version that is filed while verify walks and not shown is a fault of the next walk.
func TestVerifyLiveFindsItTheNextTime(t *testing.T) {
	t.Parallel()
	tree := &meanwhile{path: "default/in/a"}
	f := newFarm(t, func(o *store.Options) { tree.Tree = o.Tree; o.Tree = tree })
	f.settle(letter{key: "old", names: []string{"a"}})
	must(f.Publish(t.Context()))
	tree.what = func() {
		f.settle(letter{key: "new", names: []string{"a"}, overwrite: true})
		must(f.Publish(t.Context()))
		f.must(f.tree.Unpublish(t.Context(), tree.path))
	}
	if got := f.faults(); got != nil {
		t.Errorf("got %q, want what is newer left to the next walk", got)
	}
	wantFault(t, f.faults(), "tree", tree.path, "does not show")
}
