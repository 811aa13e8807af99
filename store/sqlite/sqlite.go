// Package sqlite opens a catalog in a SQLite file on a local disk.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mailchute/store"
	"mailchute/store/sqlcat"
)

const (
	// busyTimeout is how long a transaction waits for those of other processes.
	busyTimeout = "busy_timeout(10000)"
	// idleReaders is how many connections for reading are kept open while nobody reads.
	idleReaders = 8
)

// Open opens the catalog in the file at path, which is made (mode 0600, empty catalog)
// where there is none. Its schema is brought up to date; one that a newer program has
// made is refused, and so is a file on a network share, where neither locks nor the
// write-ahead log can be trusted.
//
// What Update has committed survives a power loss. Several processes may have the file
// open; an Update waits up to ten seconds for those of others. Views wait for nobody.
func Open(ctx context.Context, path string) (store.Catalog, error) {
	c, err := open(ctx, path, usualLimits())
	if err != nil {
		return nil, fmt.Errorf("catalog %s: %w", path, err)
	}
	return c, nil
}

func open(ctx context.Context, path string, limits logLimits) (*catalog, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := checkFileSystem(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	// As durable as fsync, and it does not wait for the file's times.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	return connect(ctx, path, limits)
}

// connect opens the pools of connections: of the one that writes, of those that read, and
// of the one that copies the log.
func connect(ctx context.Context, path string, limits logLimits) (*catalog, error) {
	writer, err := sql.Open("sqlite", dsn(path, "immediate", writerPragmas()))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	if err := checkJournal(ctx, writer); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	// No limit to the readers: a View inside another one must not wait for itself.
	reader, err := sql.Open("sqlite", dsn(path, "deferred", readerPragmas()))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	c, err := newCatalog(ctx, writer, reader)
	if err != nil {
		return nil, err
	}
	copier, err := sql.Open("sqlite", dsn(path, "deferred", copierPragmas()))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return keepShort(c, copier, limits), nil
}

func newCatalog(ctx context.Context, writer, reader *sql.DB) (*sqlcat.Catalog, error) {
	return sqlcat.New(ctx,
		sqlcat.Connections{DB: writer, Begin: "BEGIN IMMEDIATE", Idle: 1},
		sqlcat.Connections{DB: reader, Begin: "BEGIN", Idle: idleReaders}, isReference)
}

// The caches take no more than 16 MiB in all while no more than idleReaders read at once.

// writerPragmas are those of the connection that writes. The undo of savepoints is kept
// in memory; it would be a file, and takes a third of a settlement's time there. The log
// is copied by catalog, and what it grew to while somebody read for long is given back.
func writerPragmas() []string {
	return []string{
		busyTimeout, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
		"cache_size(-8192)", "temp_store(MEMORY)", "wal_autocheckpoint(0)", "journal_size_limit(67108864)",
	}
}

func readerPragmas() []string {
	return []string{busyTimeout, "query_only(ON)", "cache_size(-1024)"}
}

func copierPragmas() []string {
	return []string{busyTimeout, "synchronous(FULL)", "cache_size(-64)"}
}

// create makes the file where there is none. SQLite gives the files beside it the same
// mode, and makes their names durable together with the first transaction.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	return err
}

// dsn returns the data source name of modernc.org/sqlite: a URI (sqlite.org/uri.html)
// with the driver's own parameters.
func dsn(path, lock string, pragmas []string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // Windows: /C:/…
	}
	u := url.URL{Path: path}
	return "file:" + u.EscapedPath() + "?" + url.Values{"_txlock": {lock}, "_pragma": pragmas}.Encode()
}

// checkJournal makes sure of the write-ahead log: where a file system cannot do it,
// SQLite goes on without.
func checkJournal(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("journal mode is %q instead of the write-ahead log: put it on a local disk", mode)
	}
	return nil
}

func isReference(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}
