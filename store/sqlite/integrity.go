package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The checks of one table with its indexes (sqlite.org/pragma.html#pragma_integrity_check,
// foreign_key_check). Each returns one row: while the first is computed, and only then,
// the driver ends a query together with its context.
const (
	checkTable = `SELECT COALESCE(GROUP_CONCAT(integrity_check, char(10)), 'ok') FROM pragma_integrity_check($1)`

	checkReferences = `SELECT COALESCE(GROUP_CONCAT('row ' || rowid || ' refers to a row of ' || parent || ' that is not there', char(10)), 'ok')
		FROM (SELECT rowid, parent FROM pragma_foreign_key_check($1) LIMIT 100)`

	// The greatest number of a row is about how many there are, and costs nothing.
	selectTables = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name`
	lastRow      = `SELECT COALESCE(MAX(rowid), 0) FROM `
)

// checkCache is for the one connection that checks: it looks up every row in every index.
const checkCache = `PRAGMA cache_size = -16384`

// CheckIntegrity implements store.Catalog. It checks a table after the other, with all
// its indexes, each as of one moment; the log may grow meanwhile.
func (k *catalog) CheckIntegrity(ctx context.Context, progress func(done, total int64)) (faults []string, err error) {
	conn, err := k.copier.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("check the database: %w", err)
	}
	defer func() { err = errors.Join(err, discard(conn)) }()
	if _, err := conn.ExecContext(ctx, checkCache); err != nil {
		return nil, fmt.Errorf("check the database: %w", err)
	}
	if faults, err = checkTables(ctx, conn, progress); err != nil {
		return faults, fmt.Errorf("check the database: %w", err)
	}
	more, err := k.Catalog.CheckIntegrity(ctx, progress)
	if isDamage(err) && len(faults) > 0 {
		err = nil // that has been said
	}
	return append(faults, more...), err
}

func checkTables(ctx context.Context, conn *sql.Conn, progress func(done, total int64)) (faults []string, err error) {
	tables, err := tablesOf(ctx, conn)
	if err != nil {
		return nil, err
	}
	rows := make([]int64, len(tables))
	var done, total int64
	for i, table := range tables {
		if err := conn.QueryRowContext(ctx, lastRow+quoted(table)).Scan(&rows[i]); err != nil && !isDamage(err) {
			return nil, err
		}
		total += rows[i]
	}
	for i, table := range tables {
		for _, check := range []string{checkTable, checkReferences} {
			var said string
			err := conn.QueryRowContext(ctx, check, table).Scan(&said)
			if isDamage(err) {
				said, err = err.Error(), nil
			}
			if err != nil {
				return faults, fmt.Errorf("table %s: %w", table, err)
			}
			faults = append(faults, sentences(table, said)...)
		}
		done += rows[i]
		progress(done, total)
	}
	return faults, nil
}

// sentences returns a fault for each line of what a check says.
func sentences(table, said string) (faults []string) {
	if said == "ok" {
		return nil
	}
	for line := range strings.Lines(said) {
		faults = append(faults, fmt.Sprintf("the database's own check of table %s: %s", table, strings.TrimSpace(line)))
	}
	return faults
}

func tablesOf(ctx context.Context, conn *sql.Conn) (names []string, err error) {
	rows, err := conn.QueryContext(ctx, selectTables)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// isDamage reports whether an error says that the file is damaged.
func isDamage(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB)
}

// discard closes a connection for good, with what was set on it.
func discard(conn *sql.Conn) error {
	err := conn.Raw(func(any) error { return driver.ErrBadConn })
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}
