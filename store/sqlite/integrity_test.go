package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/sqlite"
)

// damage is a catalog with an item, and a connection behind its back.
func damage(t *testing.T) (store.Catalog, *sql.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	c, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	err = c.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.InsertRun(store.Run{ID: "r", State: store.RunOpen, Started: time.Unix(1, 0)}); err != nil {
			return err
		}
		if err := tx.InsertProcessed(store.Processed{Run: "r", At: time.Unix(1, 0), State: store.Filed, MessageID: "<a>"}); err != nil {
			return err
		}
		_, err := tx.PutItem(store.Item{Key: message.Digest{1}, MessageID: "<a>"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return c, db, path
}

// integrity returns what the catalog finds, one fault a line.
func integrity(t *testing.T, c store.Catalog) string {
	t.Helper()
	var last, all int64
	found, err := c.CheckIntegrity(t.Context(), func(done, total int64) {
		if done < last || done > total {
			t.Errorf("got %d of %d rows after %d", done, total, last)
		}
		last, all = done, total
	})
	if err != nil {
		t.Fatal(err)
	}
	if last == 0 || last != all {
		t.Errorf("got %d of %d rows in the end, want all", last, all)
	}
	return strings.Join(found, "\n")
}

func TestIntegrity(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, plant, want string }{
		{"nothing", `SELECT 1`, ""},
		{"index items_message_id", behind("items_message_id", `UPDATE items SET message_id = '<b>'`), "table items: row 1 missing from index items_message_id"},
		{"index processed_message_id", behind("processed_message_id", `UPDATE processed SET message_id = '<b>'`), "table processed: row 1 missing from index processed_message_id"},
		{"reference", `UPDATE processed SET run = 'x'`, "table processed: row 1 refers to a row of runs that is not there"},
		{"type of a column", `PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = replace(sql, 'size       BIGINT NOT NULL', 'size BIGINT') WHERE name = 'items';
			PRAGMA writable_schema = RESET; UPDATE items SET size = NULL; PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = replace(sql, 'size BIGINT', 'size       BIGINT NOT NULL') WHERE name = 'items';
			PRAGMA writable_schema = RESET`, "table items: NULL value in items.size"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c, db, _ := damage(t)
			if _, err := db.ExecContext(t.Context(), row.plant); err != nil {
				t.Fatal(err)
			}
			got := integrity(t, c)
			if row.want == "" && got != "" || !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// behind returns a script that makes a change of which an index does not hear.
func behind(index, change string) string {
	return `CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = '` + index + `';
		PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '` + index + `'; PRAGMA writable_schema = RESET;
		` + change + `;
		PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM kept; PRAGMA writable_schema = RESET`
}

// Pages that are no pages are faults, not errors: the other tables are checked all the same.
func TestIntegrityOfDamagedPages(t *testing.T) {
	t.Parallel()
	c, db, path := damage(t)
	var root, size int64
	_, err := db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	if err == nil {
		err = db.QueryRowContext(t.Context(), `SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'items'`).Scan(&root, &size)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte(strings.Repeat("x", int(size))), (root-1)*size)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if c, err = sqlite.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found, err := c.CheckIntegrity(t.Context(), func(_, _ int64) {})
	if got := strings.Join(found, "\n"); err != nil || !strings.Contains(got, "table items: ") {
		t.Errorf("got %q and error %v, want the table items at fault", got, err)
	}
}

func TestIntegrityIsCancelled(t *testing.T) {
	t.Parallel()
	c, _, _ := damage(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.CheckIntegrity(ctx, func(_, _ int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that it was cancelled", err)
	}
	if got := integrity(t, c); got != "" {
		t.Errorf("got %q after that, want nothing", got)
	}
}
