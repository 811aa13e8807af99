package sqlcat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"mailchute/pkg/fault"
)

// tx implements store.Tx on a transaction.
type tx struct {
	session     *session
	pool        *pool
	isReference func(error) bool
	savepoints  int // that are open
	committed   bool
	// failed is an error of the database's own. It may have ended the transaction
	// behind our back (SQLite does so when the disk is full), and what was written after
	// that would stay. So nothing is, until a savepoint proves that it is still there.
	failed error
}

func (t *tx) Savepoint(f func() error) error {
	name := fmt.Sprintf("savepoint_%d", t.savepoints)
	if _, err := t.exec("set a savepoint", "SAVEPOINT "+name); err != nil {
		return err
	}
	t.savepoints++
	err := f()
	t.savepoints--
	if err == nil {
		err = t.failed
	}
	if err == nil {
		_, err := t.exec("release a savepoint", "RELEASE SAVEPOINT "+name)
		return err
	}
	t.failed = nil
	if _, undo := t.exec("undo", "ROLLBACK TO SAVEPOINT "+name); undo != nil {
		t.failed = errors.Join(err, undo)
		return t.failed
	}
	_, undo := t.exec("undo", "RELEASE SAVEPOINT "+name)
	return errors.Join(err, undo)
}

// commit ends the transaction.
func (t *tx) commit() error {
	if t.failed != nil {
		return t.failed
	}
	if err := t.session.run("COMMIT"); err != nil {
		return t.failure("commit", err)
	}
	t.committed = true
	return nil
}

// end undoes what was not committed. An error of the database's own may have done so
// before: then there is nothing to undo, which is an error, too.
func (t *tx) end() error {
	if t.committed {
		return t.pool.put(t.session)
	}
	err := t.session.run("ROLLBACK")
	if err == nil {
		return t.pool.put(t.session)
	}
	closing := t.session.discard()
	if t.failed != nil {
		return closing
	}
	return errors.Join(fmt.Errorf("roll back: %w", err), closing)
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(what, query string, args ...any) (int64, error) {
	if t.failed != nil {
		return 0, t.failed
	}
	st, err := t.session.statement(query) //nolint:sqlclosecheck // its session does
	if err != nil {
		return 0, t.failure(what, err)
	}
	res, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, t.failure(what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, t.failure(what, err)
	}
	return n, nil
}

// insert runs an INSERT that ends in ON CONFLICT DO NOTHING: a unique value that is taken
// is no error to the database, which in PostgreSQL would end the transaction.
func (t *tx) insert(what, query string, args ...any) error {
	n, err := t.exec(what, query, args...)
	if err == nil && n == 0 {
		return fmt.Errorf("%s: %w", what, fault.ErrConflict)
	}
	return err
}

// put updates a row or, where the update found none to change, inserts one with the same
// arguments, as insert does. An update that would take a unique value finds none.
func (t *tx) put(what, update, insert string, args ...any) error {
	n, err := t.exec(what, update, args...)
	if err != nil || n > 0 {
		return err
	}
	return t.insert(what, insert, args...)
}

// change runs a statement on a row that must be there.
func (t *tx) change(what, query string, args ...any) error {
	n, err := t.exec(what, query, args...)
	if err == nil && n == 0 {
		return fmt.Errorf("%s: %w", what, fault.ErrNotFound)
	}
	return err
}

// remove deletes a row that must be there, and that no other refers to: fault.ErrConflict.
func (t *tx) remove(what, query string, args ...any) error {
	n, err := t.exec(what, query, args...)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return fmt.Errorf("%s: other rows refer to it: %w", what, fault.ErrConflict)
	case err == nil && n == 0:
		return fmt.Errorf("%s: %w", what, fault.ErrNotFound)
	}
	return err
}

func (t *tx) query(what, query string, args ...any) (*sql.Rows, error) {
	if t.failed != nil {
		return nil, t.failed
	}
	st, err := t.session.statement(query) //nolint:sqlclosecheck // its session does
	if err != nil {
		return nil, t.failure(what, err)
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return nil, t.failure(what, err)
	}
	return rows, nil
}

// failure names what failed. A violated reference is an absent row to whoever inserts.
func (t *tx) failure(what string, err error) error {
	if t.isReference(err) {
		return fmt.Errorf("%s: what it refers to: %w", what, fault.ErrNotFound)
	}
	t.failed = fmt.Errorf("%s: %w", what, err)
	return t.failed
}

// each yields the rows of a query, each as scan reads it.
func each[T any](t *tx, what string, scan func(*sql.Rows) (T, error), query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := t.query(what, query, args...)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				yield(none, t.failure(what, err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, t.failure(what, err))
		}
	}
}

// list returns the rows of a query.
func list[T any](t *tx, what string, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	for v, err := range each(t, what, scan, query, args...) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// one returns the only row of a query: fault.ErrNotFound.
func one[T any](t *tx, what string, scan func(*sql.Rows) (T, error), query string, args ...any) (T, error) {
	// To the end: that is where SQLite checks the references of an INSERT … RETURNING.
	all, err := list(t, what, scan, query, args...)
	return only(what, all, err)
}

// only returns the only one of what was found: fault.ErrNotFound.
func only[T any](what string, found []T, err error) (T, error) {
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: %w", what, fault.ErrNotFound)
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}

// scalar reads a row of one column.
func scalar[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}
