// Package sqlcat is the catalog's SQL, once, over database/sql: it implements
// store.Catalog for SQLite and PostgreSQL. The packages beside it open the database and
// know its errors.
package sqlcat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"mailchute/store"
)

// Catalog is a store.Catalog in a SQL database.
//
// A context is asked before a transaction begins. From then on the transaction is not
// interrupted: it ends within milliseconds, and a cancellable context costs more than it
// is worth on the hot path.
type Catalog struct {
	writer, reader pool
	isReference    func(error) bool
}

var _ store.Catalog = (*Catalog)(nil)

// pool is a connection pool with its prepared statements by their text.
type pool struct {
	db    *sql.DB
	stmts map[string]*sql.Stmt
}

// New brings the database's schema up to date and returns the catalog in it, which owns
// both pools from then on, also where New fails. Transactions that the writer begins
// must be serialised by the database; those of the reader see one snapshot each.
// isReference reports whether an error says that a foreign key was violated.
func New(ctx context.Context, writer, reader *sql.DB, isReference func(error) bool) (*Catalog, error) {
	c := &Catalog{writer: pool{db: writer}, reader: pool{db: reader}, isReference: isReference}
	err := migrate(ctx, writer, reader)
	if err == nil {
		err = errors.Join(c.writer.prepare(ctx, hot), c.reader.prepare(ctx, hotReads))
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (p *pool) prepare(ctx context.Context, queries []string) error {
	p.stmts = make(map[string]*sql.Stmt, len(queries))
	for _, q := range queries {
		s, err := p.db.PrepareContext(ctx, q) //nolint:sqlclosecheck // close does
		if err != nil {
			return fmt.Errorf("prepare %s: %w", q, err)
		}
		p.stmts[q] = s
	}
	return nil
}

// View implements store.Catalog. Updates may be committed while f runs.
func (c *Catalog) View(ctx context.Context, f func(store.Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := c.begin(c.reader, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.rollback()) }()
	return f(t)
}

// Update implements store.Catalog. f runs once.
func (c *Catalog) Update(ctx context.Context, f func(store.Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := c.begin(c.writer, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.rollback()) }()
	if err := f(t); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	if err := t.sql.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Close closes both pools.
func (c *Catalog) Close() error {
	return errors.Join(c.reader.close(), c.writer.close())
}

func (p *pool) close() error {
	var errs []error
	for _, s := range p.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, p.db.Close())...)
}

func (c *Catalog) begin(p pool, o *sql.TxOptions) (*tx, error) {
	t, err := p.db.BeginTx(context.Background(), o)
	if err != nil {
		return nil, fmt.Errorf("begin a transaction: %w", err)
	}
	return &tx{sql: t, stmts: p.stmts, isReference: c.isReference}, nil
}
