package sqlcat

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// migrations are numbered from 0001 without gaps, and never change once released.
//
//go:embed migrations/*.sql
var migrations embed.FS

const selectVersion = `SELECT COALESCE(MAX(version), 0) FROM schema_version`

// migrate brings the schema up to date in one transaction, and refuses one that is newer
// than this program.
func migrate(ctx context.Context, writer, reader *sql.DB) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	// Asked without a lock, so that opening waits for nobody's Update. Where that fails,
	// there is no schema yet, or the transaction fails, too.
	var version int
	err = reader.QueryRowContext(ctx, selectVersion).Scan(&version)
	if err == nil && version >= len(files) {
		return checkVersion(version, len(files))
	}
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // without effect after Commit
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)`); err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if err := tx.QueryRowContext(ctx, selectVersion).Scan(&version); err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if err := checkVersion(version, len(files)); err != nil {
		return err
	}
	for ; version < len(files); version++ {
		if err := apply(ctx, tx, files[version], version+1); err != nil {
			return fmt.Errorf("%s: %w", files[version], err)
		}
	}
	return tx.Commit()
}

func checkVersion(version, known int) error {
	if version > known {
		return fmt.Errorf("its schema %d is newer than this program, which knows no more than %d: use the mailchute that made it", version, known)
	}
	return nil
}

func apply(ctx context.Context, tx *sql.Tx, file string, version int) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, version)
	return err
}
