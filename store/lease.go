package store

import (
	"context"
	"errors"
	"fmt"

	"mailchute/pkg/fault"
)

// TakeLease takes the right to do something that only one may do at a time. Where it is
// taken already, by another process or by this one, holder says by whom. What a process of
// this machine had that has died is free; of those of another machine nobody here knows
// whether they live.
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
		if err != nil || !dead {
			return false, holder, err
		}
	}
	return true, own, tx.PutLease(own)
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
