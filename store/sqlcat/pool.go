package sqlcat

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
)

// Connections are a pool and the statement that begins a transaction on it.
type Connections struct {
	DB    *sql.DB
	Begin string
	Idle  int // how many are kept open while nobody needs them
}

// pool keeps connections together with their prepared statements. That saves half of what
// a small View costs with a sql.Tx, which parses BEGIN and ROLLBACK each time, and looks
// up every statement on its connection.
type pool struct {
	Connections
	mu     sync.Mutex
	idle   []*session
	closed bool
}

// session is a connection with its prepared statements by their text.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// begin begins a transaction.
func (p *pool) begin() (*session, error) {
	s, err := p.take()
	if err != nil {
		return nil, err
	}
	if err := s.run(p.Begin); err != nil {
		return nil, errors.Join(err, s.discard())
	}
	return s, nil
}

func (p *pool) take() (*session, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return s, nil
	}
	p.mu.Unlock()
	conn, err := p.DB.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

// put takes back a session that is in no transaction.
func (p *pool) put(s *session) error {
	p.mu.Lock()
	if !p.closed && len(p.idle) < p.Idle {
		p.idle = append(p.idle, s)
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	return s.close()
}

// close closes the pool; a session that is in use is closed when it is put back.
func (p *pool) close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	var errs []error
	for _, s := range idle {
		errs = append(errs, s.close())
	}
	return errors.Join(append(errs, p.DB.Close())...)
}

// statement prepares a query once.
func (s *session) statement(query string) (*sql.Stmt, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	s.stmts[query] = st
	return st, nil
}

// run runs a statement that has no arguments and changes no rows.
func (s *session) run(query string) error {
	st, err := s.statement(query) //nolint:sqlclosecheck // closeStatements does
	if err != nil {
		return err
	}
	_, err = st.ExecContext(context.Background())
	return err
}

func (s *session) close() error {
	return errors.Join(s.closeStatements(), s.conn.Close())
}

// discard closes a session whose transaction nobody knows the end of: with the connection
// it ends for certain.
func (s *session) discard() error {
	err := s.closeStatements()
	if raw := s.conn.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(raw, driver.ErrBadConn) {
		err = errors.Join(err, raw)
	}
	return err
}

func (s *session) closeStatements() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(errs...)
}
