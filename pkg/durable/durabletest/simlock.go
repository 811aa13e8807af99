package durabletest

import (
	"io"
	"io/fs"

	"mailchute/pkg/durable"
)

func (f *simFS) Lock(name string) (io.Closer, error) {
	l := &simLock{disk: f.disk}
	err := f.do("lock", name, func() (err error) {
		l.node, err = f.root.find(name)
		if err == nil && f.disk.locks[l.node] {
			err = durable.ErrLocked
		}
		if err == nil {
			f.disk.locks[l.node] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// simLock is a lock that is held.
type simLock struct {
	disk   *Disk
	node   *node
	closed bool
}

func (l *simLock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	if l.closed {
		return fs.ErrClosed
	}
	l.closed = true
	delete(l.disk.locks, l.node)
	return nil
}
