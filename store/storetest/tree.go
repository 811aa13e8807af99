package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/store"
)

// TestTree holds a maker of store.Tree to its contract. open returns one without any
// file, blobs the maker of the blobs it shows; both are called once for each row.
func TestTree(t *testing.T, open func(t *testing.T) store.Tree, blobs func(t *testing.T) store.Blobs) {
	rows := []struct {
		sentence string
		test     func(t *testing.T, w treeWorld)
	}{
		{"Publish shows the blob's bytes", treePublish},
		{"Publish shows whole blobs that were read before", treePublishRead},
		{"Publish replaces what was there", treeReplace},
		{"Publish may be repeated", treeRepeat},
		{"names are bytes to the tree", treeNames},
		{"a file and a folder cannot have one name", treeFolderInTheWay},
		{"Unpublish removes one file", treeUnpublish},
		{"Unpublish of what is absent does nothing", treeUnpublishAbsent},
		{"a folder that was emptied can be filled again", treeRefill},
		{"Sync takes shown, removed and unknown paths", treeSync},
		{"Check tells absent from stale", treeCheck},
		{"Open returns what is shown", treeOpen},
		{"All yields every path until it is stopped", treeAll},
		{"paths that lead out of the tree are refused", treeBadPaths},
		{"files are published side by side", treeConcurrent},
		{"nothing begins with a cancelled context", treeCancelled},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			row.test(t, treeWorld{Tree: open(t), blobs: blobs(t)})
		})
	}
}

func treePublish(t *testing.T, w treeWorld) {
	var paths []string
	for path, size := range map[string]int{"s/l/a": 0, "s/l/f/b": 1, "s/l/f/c": 100_000, "s/m/d": 3 << 20, "s/l/f/g/h/e": 7} {
		b := w.blob(t, pattern(size))
		w.show(t, path, b)
		w.wantCheck(t, path, b, nil)
		paths = append(paths, path)
	}
	w.wantAll(t, paths...)
}

func treePublishRead(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(1000))
	_, err := io.Copy(io.Discard, b)
	ok(t, "read", err)
	w.show(t, "s/l/a", b)
	w.wantCheck(t, "s/l/a", w.blob(t, pattern(1000)), nil)
}

func treeReplace(t *testing.T, w treeWorld) {
	first, second := w.blob(t, pattern(1000)), w.blob(t, pattern(10))
	w.show(t, "s/l/a", first)
	w.show(t, "s/l/a", second)
	w.wantCheck(t, "s/l/a", second, nil)
	w.wantCheck(t, "s/l/a", first, fault.ErrStale)
	w.wantAll(t, "s/l/a")
}

func treeRepeat(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(1000))
	for range 3 {
		w.show(t, "s/l/a", b)
		w.wantCheck(t, "s/l/a", b, nil)
	}
	w.wantAll(t, "s/l/a")
}

func treeNames(t *testing.T, w treeWorld) {
	names := []string{
		"two  blanks.txt", "-rf", "~", "Übersicht für März.pdf", "U\u0308.pdf", "請求書.xlsx", "a (2).pdf", "..pdf",
		"a\\b", "*?", `"quoted"`, strings.Repeat("n", 128), strings.Repeat("é", 124) + ".pdf",
	}
	paths := make([]string, 0, 2*len(names))
	b := w.blob(t, pattern(10))
	for _, name := range names {
		for _, path := range []string{"s/l/" + name, "s/l/f " + name + "/" + name} {
			w.show(t, path, b)
			w.wantCheck(t, path, b, nil)
			paths = append(paths, path)
			if len("f "+name) > 250 {
				break
			}
		}
	}
	w.wantAll(t, paths...)
}

func treeFolderInTheWay(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(10))
	w.show(t, "s/l/f/a", b)
	for _, path := range []string{"s/l/f", "s/l/f/a/b"} {
		if err := w.Publish(t.Context(), path, b); err == nil {
			t.Errorf("Publish(%q) beside s/l/f/a: got no error", path)
		}
	}
	w.wantCheck(t, "s/l/f/a", b, nil)
	w.wantAll(t, "s/l/f/a")
}

func treeUnpublish(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(10))
	w.show(t, "s/l/a", b)
	w.show(t, "s/l/b", b)
	ok(t, "Unpublish", w.Unpublish(t.Context(), "s/l/a"))
	ok(t, "Sync", w.Sync(t.Context(), []string{"s/l/a"}))
	w.wantCheck(t, "s/l/a", b, fault.ErrNotFound)
	w.wantCheck(t, "s/l/b", b, nil)
	w.wantAll(t, "s/l/b")
}

func treeUnpublishAbsent(t *testing.T, w treeWorld) {
	w.show(t, "s/l/f/a", w.blob(t, pattern(10)))
	for _, path := range []string{"s/l/f/b", "s/l/g/a", "x/y/z", "s/l/f"} {
		if err := w.Unpublish(t.Context(), path); err != nil {
			t.Errorf("Unpublish(%q): %v", path, err)
		}
	}
	w.wantAll(t, "s/l/f/a")
}

func treeRefill(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(10))
	w.show(t, "s/l/f/a", b)
	ok(t, "Unpublish", w.Unpublish(t.Context(), "s/l/f/a"))
	w.show(t, "s/l/f/a", b)
	w.wantCheck(t, "s/l/f/a", b, nil)
}

func treeSync(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(10))
	ok(t, "Sync of nothing", w.Sync(t.Context(), nil))
	ok(t, "Publish", w.Publish(t.Context(), "s/l/a", b))
	ok(t, "Publish", w.Publish(t.Context(), "s/l/b", b))
	ok(t, "Unpublish", w.Unpublish(t.Context(), "s/l/b"))
	ok(t, "Sync", w.Sync(t.Context(), []string{"s/l/a", "s/l/b", "x/y/z", "s/l/a"}))
	w.wantAll(t, "s/l/a")
}

func treeCheck(t *testing.T, w treeWorld) {
	data := pattern(200_000)
	b := w.blob(t, data)
	w.wantCheck(t, "s/l/a", b, fault.ErrNotFound)
	w.show(t, "s/l/a", b)
	w.wantCheck(t, "s/l/a", b, nil)
	w.wantCheck(t, "s/l/b", b, fault.ErrNotFound)
	for _, at := range []int{0, 65_536, 150_000, len(data) - 1} {
		other := append([]byte(nil), data...)
		other[at]++
		w.wantCheck(t, "s/l/a", w.blob(t, other), fault.ErrStale)
	}
	w.wantCheck(t, "s/l/a", w.blob(t, data[:1000]), fault.ErrStale)
	w.wantCheck(t, "s/l/a", w.blob(t, nil), fault.ErrStale)
}

func treeOpen(t *testing.T, w treeWorld) {
	for _, path := range []string{"s/l/a", "s/l/f/b"} {
		if _, err := w.Open(t.Context(), path); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("Open(%q) of nothing: got error %v, want ErrNotFound", path, err)
		}
		w.show(t, path, w.blob(t, pattern(200_000)))
		r, err := w.Open(t.Context(), path)
		ok(t, "Open", err)
		got, err := io.ReadAll(r)
		ok(t, "read", errors.Join(err, r.Close()))
		if !bytes.Equal(got, pattern(200_000)) {
			t.Errorf("Open(%q): got %d other bytes than are shown", path, len(got))
		}
	}
}

func treeAll(t *testing.T, w treeWorld) {
	w.wantAll(t)
	b := w.blob(t, pattern(10))
	paths := []string{"a", "s/b", "s/l/c", "s/l/d", "s/l/f/e", "t/l/g"}
	for _, path := range paths {
		w.show(t, path, b)
	}
	w.wantAll(t, paths...)
	for stop := 1; stop <= len(paths); stop++ {
		seen := 0
		for _, err := range w.All(t.Context()) {
			ok(t, "All", err)
			if seen++; seen == stop {
				break
			}
		}
		if seen != stop {
			t.Errorf("All with a break at %d: got %d", stop, seen)
		}
	}
}

func treeBadPaths(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(10))
	for _, path := range []string{"", ".", "..", "/etc/passwd", "../a", "s/../../a", "s/./a", "s//a", "s/a/", "s/\xff"} {
		got := map[string]error{
			"Publish":   w.Publish(t.Context(), path, b),
			"Unpublish": w.Unpublish(t.Context(), path),
			"Check":     w.Check(t.Context(), path, b),
			"Sync":      w.Sync(t.Context(), []string{path}),
		}
		for name, err := range got {
			if !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s(%q): got %v, want %v", name, path, err, fs.ErrInvalid)
			}
		}
	}
	w.wantAll(t)
}

func treeConcurrent(t *testing.T, w treeWorld) {
	shared := w.blob(t, pattern(10))
	var wg sync.WaitGroup
	var paths []string
	for _, worker := range []string{"a", "b", "c", "d", "e", "f"} {
		own := "s/l/" + worker
		paths = append(paths, own)
		wg.Go(func() {
			for range 10 {
				err := errors.Join(
					w.Publish(t.Context(), own, shared),
					w.Publish(t.Context(), "s/l/new/shared", shared),
					w.Sync(t.Context(), []string{own, "s/l/new/shared"}))
				if err != nil {
					t.Errorf("Publish and Sync: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for _, path := range append(paths, "s/l/new/shared") {
		w.wantCheck(t, path, shared, nil)
	}
	w.wantAll(t, append(paths, "s/l/new/shared")...)
}

func treeCancelled(t *testing.T, w treeWorld) {
	b := w.blob(t, pattern(10))
	w.show(t, "s/l/a", b)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := map[string]error{
		"Publish": w.Publish(ctx, "s/l/b", b), "Unpublish": w.Unpublish(ctx, "s/l/a"),
		"Check": w.Check(ctx, "s/l/a", b), "Sync": w.Sync(ctx, []string{"s/l/a"}), "All": lastErr(w.All(ctx)),
	}
	for name, err := range got {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
	w.wantAll(t, "s/l/a")
}
