package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"modernc.org/sqlite"

	"mailchute/store"
)

// recorder counts what is prepared on its connections, by its text.
type recorder struct {
	mu      sync.Mutex
	queries map[string]int
}

func (r *recorder) note(query string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queries[query]++
}

// open opens the pool of a data source whose queries are noted.
func (r *recorder) open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return sql.OpenDB(recordingConnector{c, r})
}

type recordingConnector struct {
	driver.Connector
	*recorder
}

func (c recordingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return recordingConn{conn, c.recorder}, nil
}

// recordingConn has no way to run a query but to prepare it.
type recordingConn struct {
	driver.Conn
	*recorder
}

func (c recordingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.note(query)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c recordingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func TestStatementsArePreparedOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	if c, err := open(t.Context(), path, usualLimits()); err != nil || c.Close() != nil {
		t.Fatalf("make a catalog: %v", err)
	}
	written, read := recorder{queries: map[string]int{}}, recorder{queries: map[string]int{}}
	c, err := newCatalog(t.Context(),
		written.open(t, dsn(path, "immediate", writerPragmas())), read.open(t, dsn(path, "deferred", readerPragmas())))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		site := putSite(fmt.Sprint(i), 1)
		if err := c.Update(t.Context(), func(tx store.Tx) error {
			return tx.Savepoint(func() error { return site(tx) })
		}); err != nil {
			t.Fatal(err)
		}
		if got := siteCount(t, c); got != i+1 {
			t.Errorf("got %d sites, want %d", got, i+1)
		}
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	for _, r := range []*recorder{&written, &read} {
		if len(r.queries) < 3 {
			t.Errorf("prepared %v, want a transaction at least", r.queries)
		}
		for query, n := range r.queries {
			if n != 1 {
				t.Errorf("%s: prepared %d times, want once", query, n)
			}
		}
	}
}
