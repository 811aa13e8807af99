// Package sqlcat is the catalog's SQL, once, over database/sql: it implements
// store.Catalog for SQLite and PostgreSQL. The packages beside it open the database and
// know its errors.
package sqlcat

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mailchute/store"
)

// Catalog is a store.Catalog in a SQL database.
//
// A context is asked before a transaction begins. From then on the transaction is not
// interrupted: it ends within milliseconds, and a cancellable context costs more than it
// is worth on the hot path.
type Catalog struct {
	writer, reader pool
	updating       sync.Mutex
	isReference    func(error) bool
}

var _ store.Catalog = (*Catalog)(nil)

// New brings the database's schema up to date and returns the catalog in it, which owns
// both pools from then on, also where New fails. Transactions that the writer begins
// must be serialised by the database; those of the reader see one snapshot each.
// isReference reports whether an error says that a foreign key was violated.
func New(ctx context.Context, writer, reader Connections, isReference func(error) bool) (*Catalog, error) {
	c := &Catalog{writer: pool{Connections: writer}, reader: pool{Connections: reader}, isReference: isReference}
	if err := migrate(ctx, writer.DB, reader.DB); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// View implements store.Catalog. Updates may be committed while f runs.
func (c *Catalog) View(ctx context.Context, f func(store.Tx) error) (err error) {
	t, err := c.begin(ctx, &c.reader)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	return f(t)
}

// Update implements store.Catalog. f runs once.
func (c *Catalog) Update(ctx context.Context, f func(store.Tx) error) (err error) {
	c.updating.Lock()
	defer c.updating.Unlock()
	t, err := c.begin(ctx, &c.writer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	if err := f(t); err != nil {
		return err
	}
	return t.commit()
}

// Close closes both pools.
func (c *Catalog) Close() error {
	return errors.Join(c.reader.close(), c.writer.close())
}

func (c *Catalog) begin(ctx context.Context, p *pool) (*tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := p.begin()
	if err != nil {
		return nil, fmt.Errorf("begin a transaction: %w", err)
	}
	return &tx{session: s, pool: p, isReference: c.isReference}, nil
}
