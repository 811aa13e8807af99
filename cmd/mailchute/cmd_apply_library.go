package main

import (
	"context"
	"fmt"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// keepLibrary keeps a library, and what its local part is.
func (p *planner) keepLibrary(l library.Library) {
	if now := p.libraries[l.Name]; now.LocalPart != "" {
		delete(p.owners, address.FoldLocal(now.LocalPart))
	}
	p.libraries[l.Name] = l
	if l.LocalPart != "" {
		p.owners[address.FoldLocal(l.LocalPart)] = "library " + l.Name
	}
}

func (p *planner) planLibrary(ctx context.Context, wish placed[libraryWish]) error {
	now, there := p.libraries[wish.what.empty.Name]
	if !there {
		now = wish.what.empty
		if err := checkNewName(now.Name); err != nil {
			return wrong(wish.at, err)
		}
	}
	after := now
	if err := wish.what.change(&after); err != nil {
		return wrong(wish.at, err)
	}
	if err := p.allowLibrary(ctx, now, after, there); err != nil {
		return fmt.Errorf("%s: %w", wish.at, err)
	}
	p.keepLibrary(after)
	was, is := newLibraryJSON(now), newLibraryJSON(after)
	do := func(ctx context.Context) error { return p.setLibrary(ctx, now.Name, wish.what.change) }
	if !there {
		was = newLibraryJSON(library.Library{Name: now.Name, Inherit: true})
		do = func(ctx context.Context) error { return p.farm.AddLibrary(ctx, after) }
	}
	differences := differencesOf("library", now.Name, there, was, is)
	p.add(wish.at, do, differences...)
	if len(differences) > 0 {
		p.touched = append(p.touched, after)
	}
	return nil
}

// setLibrary changes a library as it is by then: another process may have changed it.
func (p *planner) setLibrary(ctx context.Context, name string, change func(*library.Library) error) error {
	return p.farm.SetLibrary(ctx, name, func(l *library.Library) error {
		now := *l
		if err := change(l); err != nil {
			return err
		}
		return moves(ctx, p.farm, now, *l)
	})
}

// allowLibrary refuses what the store would refuse, before anything is changed.
func (p *planner) allowLibrary(ctx context.Context, now, after library.Library, there bool) error {
	if after.LocalPart != "" {
		if err := address.CheckLocalPart(after.LocalPart); err != nil && (!there || after.LocalPart != now.LocalPart) {
			return misconfigured(err)
		}
		if owner, taken := p.owners[address.FoldLocal(after.LocalPart)]; taken && owner != "library "+now.Name {
			return fmt.Errorf("the local part %q belongs to %s: %w", after.LocalPart, owner, fault.ErrConflict)
		}
	}
	if _, known := p.sites[after.Site]; !known {
		return absent(fault.ErrNotFound, "site %s", after.Site)
	}
	if !there {
		return nil
	}
	if now.Archived {
		return fmt.Errorf("library %s is archived: give the new one another name: %w", now.Name, fault.ErrConflict)
	}
	return moves(ctx, p.farm, now, after)
}

// moves refuses to move a library to another site while it has documents.
func moves(ctx context.Context, f *farm, now, after library.Library) error {
	if now.Site == after.Site {
		return nil
	}
	if err := staysEmpty(ctx, f, after); err != nil {
		return fmt.Errorf("library %s: %w", now.Name, err)
	}
	return nil
}
