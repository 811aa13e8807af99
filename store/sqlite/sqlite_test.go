package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/sqlite"
	"mailchute/store/storetest"
)

func TestCatalog(t *testing.T) {
	t.Parallel()
	storetest.TestCatalog(t, func(t *testing.T) store.Catalog { return open(t, newPath(t)) })
}

func TestReopenKeepsRows(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	for i, name := range []string{"a", "b", "c"} {
		c, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if got := sites(t, c); len(got) != i {
			t.Errorf("opened for the %d. time: got sites %q, want %d", i+1, got, i)
		}
		putSite(t, c, name)
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	left, err := filepath.Glob(path + "*")
	if err != nil || len(left) != 1 {
		t.Errorf("after Close: got files %q and error %v, want the database alone", left, err)
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	putSite(t, open(t, path), "a")
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 3 {
		t.Fatalf("got files %q and error %v, want the database, its log and its index", files, err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode(); got != 0o600 {
			t.Errorf("%s: got mode %v, want %v", filepath.Base(name), got, fs.FileMode(0o600))
		}
	}
}

func TestNamesThatURIsKnow(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "a?mode=memory", "50%20#x&y=z;é", "file:x", ":memory:"} {
		path := filepath.Join(t.TempDir(), name)
		putSite(t, open(t, path), "a")
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTextIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	const text = "a\x00b\xff\xfe\xc3 'q' \x1b[m \ufeff"
	c := open(t, newPath(t))
	run := store.Run{ID: text}
	put := store.Processed{Run: text, Seq: 1, File: text, MessageID: text, Waiting: []string{text, ""}, Detail: text}
	err := c.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.InsertRun(run); err != nil {
			return err
		}
		return tx.InsertProcessed(put)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = c.View(t.Context(), func(tx store.Tx) error {
		n := 0
		for got, err := range tx.ProcessedAt(text) {
			if err != nil {
				return err
			}
			n++
			if diff := cmp.Diff(put, got); diff != "" {
				t.Errorf("got (+), want (-):\n%s", diff)
			}
		}
		if n != 1 {
			t.Errorf("got %d messages, want 1", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	c, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	putSite(t, c, "a")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, `INSERT INTO schema_version (version) VALUES (1000)`)
	wantOpenError(t, path, "newer")
	execute(t, path, `DELETE FROM schema_version WHERE version = 1000`)
	if got := sites(t, open(t, path)); len(got) != 1 {
		t.Errorf("after the refusal: got sites %q, want one", got)
	}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, garbage, "not a database")
	wantOpenError(t, filepath.Join(dir, "no", "folder.db"), "no such file")
	wantOpenError(t, dir, "not a regular file")
}

func TestOpenWithCancelledContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(ctx, newPath(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: got error %v, want %v", err, context.Canceled)
	}
}

func wantOpenError(t *testing.T, path, text string) {
	t.Helper()
	c, err := sqlite.Open(t.Context(), path)
	if err == nil {
		_ = c.Close()
		t.Fatalf("Open %s: got no error, want one that says %q", path, text)
	}
	if !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), path) {
		t.Errorf("Open: got error %q, want one that says %q and names %s", err, text, path)
	}
	if fault.Of(err) != fault.Transient {
		t.Errorf("Open: got an error of class %v, want %v", fault.Of(err), fault.Transient)
	}
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "catalog.db") }

func open(t testing.TB, path string) store.Catalog {
	t.Helper()
	c, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func putSite(t testing.TB, c store.Catalog, name string) {
	t.Helper()
	err := c.Update(t.Context(), func(tx store.Tx) error { return tx.InsertSite(library.Site{Name: name}) })
	if err != nil {
		t.Fatal(err)
	}
}

func sites(t testing.TB, c store.Catalog) (names []string) {
	t.Helper()
	err := c.View(t.Context(), func(tx store.Tx) error {
		list, err := tx.Sites()
		for _, s := range list {
			names = append(names, s.Name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// execute runs a statement on the closed database at path.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
