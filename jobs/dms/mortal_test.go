package dms_test

import (
	"context"
	"errors"
	"sync"

	"mailchute/store"
)

// errStruck is what a struck effect returns, and whatever a dead process tries.
var errStruck = errors.New("struck")

// mortal numbers the effects of a process, commits and writes of the directory, from 1, and
// strikes one: it dies there, or only fails.
type mortal struct {
	at    int // 0: none is struck
	after bool
	dies  bool

	mu   sync.Mutex
	n    int
	dead bool
	log  []string
}

// begin counts an effect and says whether it may happen.
func (m *mortal) begin(what string) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return 0, errStruck
	}
	m.n++
	m.log = append(m.log, what)
	if m.n == m.at && !m.after {
		m.dead = m.dies
		return m.n, errStruck
	}
	return m.n, nil
}

// end says whether the answer of an effect that happened arrives.
func (m *mortal) end(n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n == m.at && m.after {
		m.dead = m.dies
		return errStruck
	}
	return nil
}

// onWrite is for PublisherMemory.OnWrite.
func (m *mortal) onWrite(before bool, op string) error {
	if before {
		_, err := m.begin(op)
		return err
	}
	m.mu.Lock()
	n := m.n
	m.mu.Unlock()
	return m.end(n)
}

// wrap returns a catalog whose commits are effects.
func (m *mortal) wrap(inner store.Catalog) store.Catalog { return mortalCatalog{inner, m} }

type mortalCatalog struct {
	store.Catalog
	m *mortal
}

func (c mortalCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	n := 0
	err := c.Catalog.Update(ctx, func(tx store.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		var err error
		n, err = c.m.begin("commit")
		return err
	})
	if err != nil {
		return err
	}
	return c.m.end(n)
}

// Close leaves the catalog to the next process.
func (mortalCatalog) Close() error { return nil }
