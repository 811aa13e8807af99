package store

import (
	"context"
	"fmt"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// update runs f in a transaction and puts the change on record.
func (s *Store) update(ctx context.Context, action string, f func(Tx) error) error {
	return s.updateAs(ctx, s.actor, action, f)
}

// updateAs is update for somebody else.
func (s *Store) updateAs(ctx context.Context, actor, action string, f func(Tx) error) error {
	err := s.catalog.Update(ctx, func(tx Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return tx.InsertChange(Change{At: s.time(), Actor: actor, Action: action})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// view runs f on a snapshot and names what was asked for in its error.
func (s *Store) view(ctx context.Context, what string, f func(Tx) error) error {
	if err := s.catalog.View(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// AddSite adds a site: fault.ErrConflict where the name is in use.
func (s *Store) AddSite(ctx context.Context, site library.Site) error {
	if err := library.CheckName(site.Name); err != nil {
		return err
	}
	return s.update(ctx, "site add "+site.Name, func(tx Tx) error { return tx.InsertSite(site) })
}

// SetSite changes a site: its title. change gets the site as it is; it may run more than
// once. fault.ErrNotFound: there is no such site.
func (s *Store) SetSite(ctx context.Context, name string, change func(*library.Site) error) error {
	return s.update(ctx, "site set "+name, func(tx Tx) error {
		site, err := siteNamed(tx, name)
		if err != nil {
			return err
		}
		if err := change(&site); err != nil {
			return err
		}
		site.Name = name
		return tx.UpdateSite(site)
	})
}

// siteNamed returns a site: fault.ErrNotFound.
func siteNamed(tx Tx, name string) (library.Site, error) {
	sites, err := tx.Sites()
	if err != nil {
		return library.Site{}, err
	}
	for _, s := range sites {
		if s.Name == name {
			return s, nil
		}
	}
	return library.Site{}, fmt.Errorf("site:%s: %w", name, fault.ErrNotFound)
}

// Sites returns all sites by name.
func (s *Store) Sites(ctx context.Context) (sites []library.Site, err error) {
	err = s.view(ctx, "sites", func(tx Tx) error {
		sites, err = tx.Sites()
		return err
	})
	return sites, err
}

// AddLibrary adds a library. fault.ErrConflict: its name is in use, or its local part,
// and then the error names the owner; fault.ErrNotFound: there is no such site.
func (s *Store) AddLibrary(ctx context.Context, l library.Library) error {
	if err := checkLibrary(l, ""); err != nil {
		return err
	}
	return s.update(ctx, "library add "+l.Name, func(tx Tx) error {
		if err := tx.InsertLibrary(l); err != nil {
			return err
		}
		return claimLocalPart(tx, l.LocalPart, Owner{Library: l.Name}, s.time())
	})
}

// SetLibrary changes a library. change gets the library as it is; it may run more than
// once. The errors are those of AddLibrary.
func (s *Store) SetLibrary(ctx context.Context, name string, change func(*library.Library) error) error {
	return s.update(ctx, "library set "+name, func(tx Tx) error {
		l, err := tx.Library(name)
		if err != nil {
			return err
		}
		before := l.LocalPart
		if err := change(&l); err != nil {
			return err
		}
		if err := checkLibrary(l, before); err != nil {
			return err
		}
		if l.LocalPart != before {
			if err := giveUpLocalPart(tx, before, s.time()); err != nil {
				return err
			}
			if err := claimLocalPart(tx, l.LocalPart, Owner{Library: name}, s.time()); err != nil {
				return err
			}
		}
		return tx.UpdateLibrary(l)
	})
}

// RemoveLibrary removes a library and gives its local part up: fault.ErrConflict while it
// has documents or mail held for it, unless it is archived, which keeps them readable.
func (s *Store) RemoveLibrary(ctx context.Context, name string, archive bool) error {
	return s.update(ctx, "library remove "+name, func(tx Tx) error {
		l, err := tx.Library(name)
		if err != nil {
			return err
		}
		if err := giveUpLocalPart(tx, l.LocalPart, s.time()); err != nil {
			return err
		}
		inUse, err := libraryInUse(tx, name)
		if err != nil {
			return err
		}
		switch {
		case archive:
			l.LocalPart, l.Archived = "", true
			return tx.UpdateLibrary(l)
		case inUse != "":
			return fmt.Errorf("it still has %s (--archive keeps them and frees the local part): %w", inUse, fault.ErrConflict)
		}
		return tx.DeleteLibrary(name)
	})
}

// libraryInUse names what keeps a library from being deleted, "" for nothing.
func libraryInUse(tx Tx, name string) (string, error) {
	for _, err := range tx.Documents(name) {
		return "documents", err
	}
	for _, err := range tx.RemovedDocuments(name) {
		return "versions of removed documents", err
	}
	for h, err := range tx.Held(HeldWaiting) {
		if err != nil {
			return "", err
		}
		if h.Outcome.Library == name {
			return "held mail", nil
		}
	}
	return "", nil
}

// Library returns a library by name: fault.ErrNotFound.
func (s *Store) Library(ctx context.Context, name string) (l library.Library, err error) {
	err = s.view(ctx, "library "+name, func(tx Tx) error {
		l, err = tx.Library(name)
		return err
	})
	return l, err
}

// Libraries returns all libraries by name.
func (s *Store) Libraries(ctx context.Context) (ls []library.Library, err error) {
	err = s.view(ctx, "libraries", func(tx Tx) error {
		ls, err = tx.Libraries()
		return err
	})
	return ls, err
}

// checkLibrary says what a library cannot have; the local part that it had before may be one
// that nobody could ask for today.
func checkLibrary(l library.Library, before string) error {
	if err := library.CheckName(l.Name); err != nil {
		return err
	}
	if l.LocalPart != before && l.LocalPart != "" {
		if err := address.CheckLocalPart(l.LocalPart); err != nil {
			return err
		}
	}
	if l.Settings.SenderTrust != "" {
		if _, err := access.ParseRung(l.Settings.SenderTrust); err != nil {
			return err
		}
	}
	return l.Settings.Check()
}
