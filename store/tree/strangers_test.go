package tree_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/store/tree"
)

func TestALibraryThatIsALinkIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree.Link)
	b := w.blob(t, "bytes")
	check(t, w.tree.Publish(t.Context(), "s/real/a", b))
	check(t, os.Symlink("real", w.path("s/library")))
	for name, err := range map[string]error{
		"Publish":             w.tree.Publish(t.Context(), "s/library/b", b),
		"Publish in a folder": w.tree.Publish(t.Context(), "s/library/f/b", b),
		"Unpublish":           w.tree.Unpublish(t.Context(), "s/library/a"),
		"Check":               w.tree.Check(t.Context(), "s/library/a", b),
	} {
		if err == nil {
			t.Errorf("%s below a link: got no error", name)
		}
	}
	got := map[string]bool{}
	for path, err := range w.tree.All(t.Context()) {
		check(t, err)
		got[path] = true
	}
	if len(got) != 2 || !got["s/real/a"] || !got["s/library"] {
		t.Errorf("All: got %v, want s/real/a and the link s/library itself", got)
	}
}

// What a person or a link has put where a document belongs gives way; what the link
// leads to does not change.
func TestStrangersInThePlaceOfADocument(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		put  func(t *testing.T, w *world, at string)
	}{
		{"file", func(t *testing.T, _ *world, at string) { check(t, os.WriteFile(at, []byte("a person's"), 0o600)) }},
		{"link", func(t *testing.T, _ *world, at string) { check(t, os.Symlink("own", at)) }},
		{"dangling link", func(t *testing.T, _ *world, at string) { check(t, os.Symlink("nowhere", at)) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tree.Copy)
			b := w.blob(t, "bytes")
			check(t, w.tree.Publish(t.Context(), "s/l/z", b))
			check(t, os.WriteFile(w.path("s/l/own"), []byte("own"), 0o600))
			row.put(t, w, w.path("s/l/a"))
			if err := w.tree.Check(t.Context(), "s/l/a", b); !errors.Is(err, fault.ErrStale) {
				t.Errorf("Check: got %v, want %v", err, fault.ErrStale)
			}
			check(t, w.tree.Publish(t.Context(), "s/l/a", b))
			check(t, w.tree.Check(t.Context(), "s/l/a", b))
			info, err := os.Lstat(w.path("s/l/a"))
			check(t, err)
			if info.Mode() != 0o444 {
				t.Errorf("got mode %v, want a plain file", info.Mode())
			}
			check(t, os.Remove(w.path("s/l/a")))
			row.put(t, w, w.path("s/l/a"))
			check(t, w.tree.Unpublish(t.Context(), "s/l/a"))
			if err := w.tree.Check(t.Context(), "s/l/a", b); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("Check after Unpublish: got %v, want %v", err, fault.ErrNotFound)
			}
			wantFile(t, w.path("s/l/own"), "own")
		})
	}
}

func TestAFolderStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree.Link)
	b := w.blob(t, "bytes")
	check(t, os.MkdirAll(w.path("s/l/a"), 0o755))
	if err := w.tree.Publish(t.Context(), "s/l/a", b); err == nil {
		t.Error("Publish over a folder: got no error")
	}
	check(t, w.tree.Unpublish(t.Context(), "s/l/a"))
	if _, err := os.Lstat(w.path("s/l/a")); err != nil {
		t.Errorf("empty folder after Unpublish: %v", err)
	}
	if err := w.tree.Check(t.Context(), "s/l/a", b); !errors.Is(err, fault.ErrStale) {
		t.Errorf("Check of a folder: got %v, want %v", err, fault.ErrStale)
	}
	wantNoTemporary(t, w.treeDir, "after Publish over a folder")
}

func TestTheHiddenFolderIsNotPartOfTheTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree.Copy)
	if err := w.tree.Publish(t.Context(), ".mailchute/a", w.blob(t, "bytes")); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Publish: got %v, want %v", err, fs.ErrInvalid)
	}
	check(t, os.WriteFile(w.path(".mailchute/own"), nil, 0o600))
	for path, err := range w.tree.All(t.Context()) {
		t.Errorf("All: got %q, %v; want nothing", path, err)
	}
}
