package tree_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/mem"
	"mailchute/store/storetest"
	"mailchute/store/tree"
)

func TestTree(t *testing.T) {
	t.Parallel()
	for _, mode := range []tree.Mode{tree.Link, tree.Copy} {
		newTree := func(t *testing.T) store.Tree { return newWorld(t, mode).tree }
		t.Run(string(mode)+" of blobs in files", func(t *testing.T) {
			t.Parallel()
			storetest.TestTree(t, newTree, func(t *testing.T) store.Blobs { return newWorld(t, mode).blobs })
		})
		t.Run(string(mode)+" of other blobs", func(t *testing.T) {
			t.Parallel()
			storetest.TestTree(t, newTree, func(*testing.T) store.Blobs { return mem.NewBlobs() })
		})
	}
}

// world is a tree and its blobs, each in a folder of its own.
type world struct {
	tree      *tree.Tree
	treeFS    durable.FS
	treeDir   string
	blobs     *dirblob.Blobs
	blobsPath string
}

func newWorld(t testing.TB, mode tree.Mode) *world {
	t.Helper()
	w := &world{treeDir: t.TempDir(), blobsPath: t.TempDir()}
	w.treeFS = openDir(t, w.treeDir)
	var err error
	w.tree, err = tree.Open(w.treeFS, mode)
	check(t, err)
	t.Cleanup(func() { check(t, w.tree.Close()) })
	w.blobs, err = dirblob.Open(openDir(t, w.blobsPath))
	check(t, err)
	t.Cleanup(func() { check(t, w.blobs.Close()) })
	return w
}

func openDir(t testing.TB, dir string) durable.FS {
	t.Helper()
	fsys, err := durable.Open(dir)
	check(t, err)
	t.Cleanup(func() { check(t, fsys.Close()) })
	return fsys
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// blob returns an open blob with these bytes.
func (w *world) blob(t testing.TB, data string) store.Blob {
	t.Helper()
	up, err := w.blobs.Create(t.Context())
	check(t, err)
	_, err = up.Write([]byte(data))
	check(t, err)
	d := sha256.Sum256([]byte(data))
	check(t, up.Keep(t.Context(), d))
	b, err := w.blobs.Open(t.Context(), d)
	check(t, err)
	t.Cleanup(func() { check(t, b.Close()) })
	return b
}

func (w *world) path(name string) string { return filepath.Join(w.treeDir, name) }

func wantFile(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	check(t, err)
	if string(got) != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

// wantNoTemporary checks that the hidden folder holds no file.
func wantNoTemporary(t *testing.T, dir, when string) {
	t.Helper()
	check(t, filepath.WalkDir(filepath.Join(dir, ".mailchute"), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			t.Errorf("%s: got left-over %s", when, name)
		}
		return err
	}))
}

func TestOpenRefusesOtherModes(t *testing.T) {
	t.Parallel()
	if _, err := tree.Open(openDir(t, t.TempDir()), "symlink"); err == nil {
		t.Error("Open with mode symlink: got no error")
	}
}

func TestFilesAreReadOnlyAndFoldersOpen(t *testing.T) {
	t.Parallel()
	for _, mode := range []tree.Mode{tree.Link, tree.Copy} {
		w := newWorld(t, mode)
		check(t, w.tree.Publish(t.Context(), "s/l/f/a", w.blob(t, "bytes")))
		for name, want := range map[string]fs.FileMode{
			"s": 0o755 | fs.ModeDir, "s/l/f": 0o755 | fs.ModeDir, "s/l/f/a": 0o444, ".mailchute": 0o700 | fs.ModeDir,
		} {
			info, err := os.Lstat(w.path(name))
			check(t, err)
			if info.Mode() != want {
				t.Errorf("%s %s: got mode %v, want %v", mode, name, info.Mode(), want)
			}
		}
	}
}

func TestLinkOrCopy(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		mode   tree.Mode
		fail   bool
		linked bool
	}{
		{"link", tree.Link, false, true},
		{"link where the file system cannot", tree.Link, true, false},
		{"copy", tree.Copy, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, row.mode)
			fsys := w.treeFS
			if row.fail {
				fsys = unlinkable{fsys}
			}
			tr, err := tree.Open(fsys, row.mode)
			check(t, err)
			t.Cleanup(func() { check(t, tr.Close()) })
			b := w.blob(t, "bytes")
			check(t, tr.Publish(t.Context(), "s/l/a", b))
			wantFile(t, w.path("s/l/a"), "bytes")
			blobInfo, err := b.(store.FileBlob).File().Stat()
			check(t, err)
			info, err := os.Lstat(w.path("s/l/a"))
			check(t, err)
			if got := os.SameFile(info, blobInfo); got != row.linked {
				t.Errorf("one file: got %v, want %v", got, row.linked)
			}
			check(t, tr.Check(t.Context(), "s/l/a", b))
			check(t, tr.Publish(t.Context(), "s/l/a", b))
			wantNoTemporary(t, w.treeDir, "after publishing twice")
		})
	}
}

func TestALinkIsBelievedUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree.Link)
	b := w.blob(t, "bytes")
	check(t, w.tree.Publish(t.Context(), "s/l/a", b))
	check(t, w.tree.Check(t.Context(), "s/l/a", unreadable{b.(store.FileBlob)}))
	check(t, w.tree.Publish(t.Context(), "s/l/b", w.blob(t, "other")))
	if err := w.tree.Check(t.Context(), "s/l/b", unreadable{b.(store.FileBlob)}); !errors.Is(err, syscall.EIO) {
		t.Errorf("Check of another file: got %v, want %v", err, syscall.EIO)
	}
}

type unreadable struct{ store.FileBlob }

func (unreadable) ReadAt([]byte, int64) (int, error) { return 0, syscall.EIO }

// unlinkable is a file system that has no hard links to the blobs.
type unlinkable struct{ durable.FS }

func (unlinkable) Link(durable.File, string) error { return durable.ErrCannotLink }

// Whoever opens a document while it is replaced reads one version or the other.
func TestNoHalfFileIsSeen(t *testing.T) {
	t.Parallel()
	for _, mode := range []tree.Mode{tree.Link, tree.Copy} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mode)
			versions := [][]byte{bytes.Repeat([]byte("1"), 300_000), bytes.Repeat([]byte("2"), 200_000)}
			first, second := w.blob(t, string(versions[0])), w.blob(t, string(versions[1]))
			check(t, w.tree.Publish(t.Context(), "s/l/a", first))
			done := make(chan error, 1)
			go func() {
				var errs []error
				for range 20 {
					errs = append(errs, w.tree.Publish(t.Context(), "s/l/a", second), w.tree.Publish(t.Context(), "s/l/a", first))
				}
				done <- errors.Join(errs...)
			}()
			for {
				got, err := os.ReadFile(w.path("s/l/a"))
				check(t, err)
				if !bytes.Equal(got, versions[0]) && !bytes.Equal(got, versions[1]) {
					t.Fatalf("got %d bytes that are neither version", len(got))
				}
				select {
				case err := <-done:
					check(t, err)
					return
				default:
				}
			}
		})
	}
}
