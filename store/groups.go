package store

import (
	"context"
	"fmt"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// AddGroup adds a group whose members must exist (addresses excepted). The errors are
// those of AddLibrary, and fault.ErrInvalid where a member is a group of the directory.
func (s *Store) AddGroup(ctx context.Context, g access.Group) error {
	if err := checkGroup(g); err != nil {
		return err
	}
	return s.update(ctx, "group add "+g.Name, func(tx Tx) error {
		if err := membersExist(tx, g); err != nil {
			return err
		}
		return tx.InsertGroup(g)
	})
}

// SetGroup changes a group: everything but its name. change gets the group as it is; it may
// run more than once. fault.ErrNotFound; fault.ErrConflict also where the group would be a
// member of itself through others. The other errors are those of AddGroup.
func (s *Store) SetGroup(ctx context.Context, name string, change func(*access.Group) error) error {
	return s.update(ctx, "group set "+name, func(tx Tx) error {
		g, err := tx.Group(name)
		if err != nil {
			return err
		}
		if err := change(&g); err != nil {
			return err
		}
		g.Name = name
		if err := checkGroup(g); err != nil {
			return err
		}
		if err := membersExist(tx, g); err != nil {
			return err
		}
		if err := noCycle(tx, g); err != nil {
			return err
		}
		return tx.UpdateGroup(g)
	})
}

// Groups returns all groups by name.
func (s *Store) Groups(ctx context.Context) (gs []access.Group, err error) {
	err = s.view(ctx, "groups", func(tx Tx) error {
		gs, err = tx.Groups()
		return err
	})
	return gs, err
}

func checkGroup(g access.Group) error {
	if err := library.CheckName(g.Name); err != nil {
		return err
	}
	for _, m := range g.Members {
		if m.Kind == access.KindDirectoryGroup {
			return fmt.Errorf("%s: a group of the directory is no member: grant to it instead: %w", m, fault.ErrInvalid)
		}
	}
	return nil
}

// membersExist says whether the members of a group may be named: fault.ErrNotFound. A group
// may hold itself; it means nothing.
func membersExist(tx Tx, g access.Group) error {
	self := access.Principal{Kind: access.KindGroup, Name: g.Name}
	for _, m := range g.Members {
		if m == self {
			continue
		}
		if err := exists(tx, m); err != nil {
			return err
		}
	}
	return nil
}

// noCycle refuses members that are groups which the group is in, by whatever way:
// fault.ErrConflict.
func noCycle(tx Tx, g access.Group) error {
	self := access.Principal{Kind: access.KindGroup, Name: g.Name}
	above := []access.Principal{self}
	for i := 0; i < len(above); i++ {
		names, err := tx.GroupsOf(above[i : i+1])
		if err != nil {
			return err
		}
		for _, name := range names {
			of := access.Principal{Kind: access.KindGroup, Name: name}
			if slices.Contains(above, of) {
				continue
			}
			if slices.Contains(g.Members, of) {
				return fmt.Errorf("%s cannot be a member of %s, which is in it already, itself or through others: %w", of, self, fault.ErrConflict)
			}
			above = append(above, of)
		}
	}
	return nil
}
