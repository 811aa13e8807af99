package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// openWith opens a catalog whose writer has these pragmas.
func openWith(t *testing.T, path string, pragmas ...string) store.Catalog {
	t.Helper()
	writer, err := sql.Open("sqlite", dsn(path, "immediate", pragmas))
	if err != nil {
		t.Fatal(err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", dsn(path, "deferred", nil))
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCatalog(t.Context(), writer, reader)
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

// openSmall opens a catalog on a disk of 800 KB.
func openSmall(t *testing.T) store.Catalog {
	t.Helper()
	return openWith(t, filepath.Join(t.TempDir(), "catalog.db"), append(writerPragmas(), "max_page_count(200)")...)
}

func putSite(name string, size int) func(store.Tx) error {
	return func(tx store.Tx) error {
		return tx.InsertSite(library.Site{Name: name, Title: strings.Repeat("x", size)})
	}
}

func siteCount(t *testing.T, c store.Catalog) (n int) {
	t.Helper()
	err := c.View(t.Context(), func(tx store.Tx) error {
		sites, err := tx.Sites()
		n = len(sites)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wantTransient demands an error of the database's own.
func wantTransient(t *testing.T, what string, err error) {
	t.Helper()
	known := errors.Is(err, fault.ErrConflict) || errors.Is(err, fault.ErrNotFound) || errors.Is(err, fault.ErrStale)
	if err == nil || known || fault.Of(err) != fault.Transient {
		t.Errorf("%s: got error %v, want one of the database's own", what, err)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	const big = 1 << 20
	c := openSmall(t)
	for round := range 3 {
		name := fmt.Sprint(round)
		err := c.Update(t.Context(), func(tx store.Tx) error {
			if err := putSite(name, 1)(tx); err != nil {
				return err
			}
			return putSite("big", big)(tx)
		})
		wantTransient(t, "Update", err)
		if !errors.Is(fromSystem(err), syscall.ENOSPC) || strings.Contains(err.Error(), "roll back") {
			t.Errorf("got error %v, want a full disk and nothing else", err)
		}
		if got := siteCount(t, c); got != round {
			t.Errorf("after a full disk: got %d sites, want %d", got, round)
		}
		if err := c.Update(t.Context(), putSite(name, 1)); err != nil {
			t.Errorf("Update with room: %v", err)
		}
	}
}

func TestFullDiskIsNotForgotten(t *testing.T) {
	t.Parallel()
	const big = 1 << 20
	c := openSmall(t)
	wantTransient(t, "Update that goes on after an error", c.Update(t.Context(), func(tx store.Tx) error {
		_ = putSite("big", big)(tx)
		_ = putSite("small", 1)(tx)
		return nil
	}))
	if got := siteCount(t, c); got != 0 {
		t.Errorf("after the Update: got %d sites, want none", got)
	}
	// SQLite may end the transaction then: either all of the rest is kept, or nothing.
	want := 1
	err := c.Update(t.Context(), func(tx store.Tx) error {
		wantTransient(t, "Savepoint", tx.Savepoint(func() error {
			_ = putSite("big", big)(tx)
			return nil
		}))
		_ = putSite("small", 1)(tx)
		return nil
	})
	if err != nil {
		wantTransient(t, "Update after a Savepoint that failed", err)
		if !strings.Contains(err.Error(), "full") {
			t.Errorf("got error %v, want the first cause", err)
		}
		want = 0
	}
	if got := siteCount(t, c); got != want {
		t.Errorf("after a Savepoint that failed: got %d sites and error %v, want %d", got, err, want)
	}
	if err := c.Update(t.Context(), putSite("next", 1)); err != nil {
		t.Errorf("the next Update: %v", err)
	}
}

func TestLockedByAnotherForTooLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	patient, hasty := openWith(t, path, writerPragmas()...), openWith(t, path, "busy_timeout(1)")
	err := patient.Update(t.Context(), func(tx store.Tx) error {
		wantTransient(t, "Update meanwhile", hasty.Update(t.Context(), putSite("a", 1)))
		return putSite("b", 1)(tx)
	})
	if err != nil {
		t.Errorf("Update: %v", err)
	}
	if err := hasty.Update(t.Context(), putSite("a", 1)); err != nil {
		t.Errorf("Update at last: %v", err)
	}
}

func TestWriterIsDurable(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", dsn(filepath.Join(t.TempDir(), "catalog.db"), "immediate", writerPragmas()))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q and error %v, want %q", pragma, got, err, want)
		}
	}
}
