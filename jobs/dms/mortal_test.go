package dms_test

import (
	"context"
	"errors"
	"sync"

	"mailchute/pkg/directory"
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
	// instead is what happens there instead, to something else than the process.
	instead func()

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
		return m.n, m.strike()
	}
	return m.n, nil
}

// end says whether the answer of an effect that happened arrives.
func (m *mortal) end(n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n == m.at && m.after {
		return m.strike()
	}
	return nil
}

func (m *mortal) strike() error {
	if m.instead != nil {
		m.instead()
		return nil
	}
	m.dead = m.dies
	return errStruck
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

// mortalPublisher is a directory whose writes are effects.
type mortalPublisher struct {
	directory.Publisher
	*mortal
}

func (p mortalPublisher) write(what string, do func() error) error {
	n, err := p.begin(what)
	if err == nil {
		err = do()
	}
	if err != nil {
		return err
	}
	return p.end(n)
}

// Create is directory.Publisher's.
func (p mortalPublisher) Create(ctx context.Context, o directory.Object, a directory.Attributes) (made directory.Actual, err error) {
	err = p.write("create "+o.Alias, func() error {
		made, err = p.Publisher.Create(ctx, o, a)
		return err
	})
	return made, err
}

// Modify is directory.Publisher's.
func (p mortalPublisher) Modify(ctx context.Context, was directory.Actual, changes []directory.Change) (now directory.Actual, err error) {
	err = p.write("modify "+was.Alias, func() error {
		now, err = p.Publisher.Modify(ctx, was, changes)
		return err
	})
	return now, err
}

// Rename is directory.Publisher's.
func (p mortalPublisher) Rename(ctx context.Context, was directory.Actual, alias string) (now directory.Actual, err error) {
	err = p.write("rename "+was.Alias, func() error {
		now, err = p.Publisher.Rename(ctx, was, alias)
		return err
	})
	return now, err
}

// Delete is directory.Publisher's.
func (p mortalPublisher) Delete(ctx context.Context, was directory.Actual) error {
	return p.write("delete "+was.Alias, func() error { return p.Publisher.Delete(ctx, was) })
}

// ChangeMembers is directory.Publisher's.
func (p mortalPublisher) ChangeMembers(ctx context.Context, group directory.Actual, add, remove []directory.Ref) error {
	return p.write("members "+group.Alias, func() error { return p.Publisher.ChangeMembers(ctx, group, add, remove) })
}
