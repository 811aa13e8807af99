package store

import (
	"errors"
	"fmt"
	"io/fs"

	"mailchute/pkg/durable"
)

// process is what others see of this process: while its folder is locked, it lives.
type process struct {
	locks durable.FS
	own   *durable.Scratch
}

func newProcess(locks durable.FS) (*process, error) {
	own, err := durable.OpenScratch(locks, "processes")
	if err != nil {
		return nil, fmt.Errorf("lock of this process: %w", err)
	}
	return &process{locks: locks, own: own}, nil
}

func (p *process) name() string { return p.own.ID() }

func (p *process) close() error { return p.own.Close() }

// dead reports whether the process with this name has ended.
func (p *process) dead(name string) (bool, error) {
	lock, err := p.locks.Lock("processes/" + name)
	switch {
	case errors.Is(err, durable.ErrLocked):
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("is process %s alive: %w", name, err)
	}
	return true, lock.Close()
}
