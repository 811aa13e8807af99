package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/fault"
)

// A lease of another machine is renewed once in leaseRenewed at work, and free when it is
// leaseKept old: nobody here can see whether its process lives, and the machine may be one
// that the catalog was restored from.
const (
	leaseRenewed = time.Minute
	leaseKept    = 10 * time.Minute
)

// TakeLease takes the right to do something that only one may do at a time. Where it is
// taken already, by another process or by this one, holder says by whom. What a process of
// this machine had that has died is free; what one of another machine has, when nothing was
// recorded with it for ten minutes.
func (s *Store) TakeLease(ctx context.Context, name string) (taken bool, holder Lease, err error) {
	own := Lease{Name: name, Process: s.process.name(), At: s.time()}
	s.mu.Lock()
	held, ok := s.leases[name]
	if !ok {
		if s.leases == nil {
			s.leases = map[string]Lease{}
		}
		s.leases[name] = own
	}
	s.mu.Unlock()
	if ok {
		return false, held, nil
	}
	err = s.catalog.Update(ctx, func(tx Tx) error {
		taken, holder, err = s.takeLease(tx, own)
		return err
	})
	if err != nil {
		err = fmt.Errorf("lease %s: %w", name, err)
	}
	if err != nil || !taken {
		s.forgetLease(name)
		return false, holder, err
	}
	return true, own, nil
}

func (s *Store) takeLease(tx Tx, own Lease) (taken bool, holder Lease, err error) {
	holder, err = tx.Lease(own.Name)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return false, holder, err
	}
	if holder.Process != "" && holder.Process != own.Process {
		dead, err := s.process.dead(holder.Process)
		if err != nil || !dead && !(s.process.isForeign(holder.Process) && !own.At.Before(holder.At.Add(leaseKept))) {
			return false, holder, err
		}
	}
	return true, own, tx.PutLease(own)
}

// keepLease renews what this process has taken. It is an error where another has taken it
// over since.
func (s *Store) keepLease(tx Tx, name string, now time.Time) error {
	s.mu.Lock()
	_, ok := s.leases[name]
	s.mu.Unlock()
	if !ok {
		return nil
	}
	l, err := tx.Lease(name)
	switch {
	case err != nil:
		return err
	case l.Process != s.process.name():
		return down(fmt.Errorf("lease %s: %s has taken it over", name, l.Process))
	case now.Sub(l.At) < leaseRenewed:
		return nil
	}
	l.At = now
	return tx.PutLease(l)
}

func (s *Store) forgetLease(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.leases, name)
}

// ReleaseLease gives back what this process has taken. Where the catalog cannot be written,
// this process alone can take it again, until it ends.
func (s *Store) ReleaseLease(ctx context.Context, name string) error {
	defer s.forgetLease(name)
	err := s.catalog.Update(ctx, func(tx Tx) error {
		holder, err := tx.Lease(name)
		if errors.Is(err, fault.ErrNotFound) || err == nil && holder.Process != s.process.name() {
			return nil
		}
		if err != nil {
			return err
		}
		holder.Process = ""
		return tx.PutLease(holder)
	})
	if err != nil {
		return fmt.Errorf("release lease %s: %w", name, err)
	}
	return nil
}
