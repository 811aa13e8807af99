package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"mailchute/pkg/durable"
)

// The names in the folder of locks.
const (
	processesDir = "processes" // each process's own folder, locked while it lives
	machineFile  = "machine"   // what tells this folder of locks from those of other machines
)

// process is what others see of this process: while its folder is locked, it lives.
type process struct {
	locks   durable.FS
	own     *durable.Scratch
	machine string
}

func newProcess(locks durable.FS) (*process, error) {
	own, err := durable.OpenScratch(locks, processesDir)
	if err != nil {
		return nil, fmt.Errorf("lock of this process: %w", err)
	}
	p := &process{locks: locks, own: own}
	if p.machine, err = p.readMachine(); errors.Is(err, fs.ErrNotExist) {
		p.machine, err = p.makeMachine()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("name of this folder of locks: %w", err), own.Close())
	}
	return p, nil
}

// name returns the process's name in run rows: machine.process.
func (p *process) name() string { return p.machine + "." + p.own.ID() }

func (p *process) close() error { return p.own.Close() }

// dead reports whether the process with this name has ended. Of another machine's
// nothing is known: it is not dead.
func (p *process) dead(name string) (bool, error) {
	if p.isForeign(name) {
		return false, nil
	}
	_, id, _ := strings.Cut(name, ".")
	lock, err := p.locks.Lock(processesDir + "/" + id)
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

// isForeign reports whether the process with this name is of another machine.
func (p *process) isForeign(name string) bool {
	machine, _, _ := strings.Cut(name, ".")
	return machine != p.machine
}

func (p *process) readMachine() (string, error) {
	f, err := p.locks.Open(machineFile)
	if err != nil {
		return "", err
	}
	name, err := io.ReadAll(io.LimitReader(f, 100))
	return string(name), errors.Join(err, f.Close())
}

// makeMachine gives this folder of locks a name that no other has, once and for all.
func (p *process) makeMachine() (string, error) {
	name := strings.ToLower(rand.Text())
	tmp := p.own.Name()
	f, err := p.locks.Create(tmp, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write([]byte(name))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = p.locks.Rename(tmp, machineFile)
	}
	if errors.Is(err, fs.ErrExist) {
		return p.readMachine() // another process was faster
	}
	return name, errors.Join(err, p.locks.SyncDir("."))
}
