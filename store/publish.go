package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
)

// publishBatch bounds how many leftovers are read at once.
const publishBatch = 500

// TreePath returns where the tree shows a document: site/library/folder/name.
func TreePath(site string, d Document) string {
	return path.Join(site, d.Library, d.Folder, d.Name)
}

// Publish shows in the tree what the rows left over from failures of this process and from
// processes that have died ask for, and returns how many documents that were. The error
// says what could not be shown; that waits behind the others next time. Where the tree
// takes nothing at all, Publish stops. Nothing is settled meanwhile.
func (s *Store) Publish(ctx context.Context) (total int, err error) {
	// No group may be between the two: it would show what its rows say, and they be cleared.
	s.writing.enter()
	defer s.writing.leave()
	s.showing.enter()
	defer s.showing.leave()
	if err := errors.Join(s.syncTree(ctx), s.clearNow(ctx)); err != nil {
		return 0, err
	}
	if err := s.takePublications(ctx); err != nil {
		return 0, err
	}
	return s.publishOwn(ctx)
}

// publishOwn shows what the rows of this process ask for. It is for whoever is in the
// stages writing and showing, with nothing left to clear.
func (s *Store) publishOwn(ctx context.Context) (total int, err error) {
	failed := map[Publication]error{}
	tried := map[Publication]bool{}
	for {
		var pubs []Publication
		err := s.catalog.View(ctx, func(tx Tx) (err error) {
			pubs, err = tx.PublicationsOf(s.process.name(), publishBatch)
			return err
		})
		if err != nil || len(pubs) == 0 || tried[pubs[0].document()] {
			return total, errors.Join(err, joinFailures(failed))
		}
		for _, p := range pubs {
			tried[p.document()] = true
		}
		wrong := s.show(ctx, pubs, s.lookUp(ctx, pubs))
		done := len(s.unsynced)
		maps.Copy(failed, wrong)
		if err := s.syncTree(ctx); err != nil {
			return total, errors.Join(err, joinFailures(failed))
		}
		total += done
		if err := s.clearNow(ctx); err != nil {
			return total, err
		}
		if done == 0 {
			return total, joinFailures(failed)
		}
	}
}

// takePublications makes those of dead processes this one's. It is for whoever is in the
// stage showing, with nothing left to clear: what a dead process showed last, this one
// shows anew.
func (s *Store) takePublications(ctx context.Context) error {
	var publishers []string
	err := s.catalog.View(ctx, func(tx Tx) (err error) {
		publishers, err = tx.Publishers()
		return err
	})
	if err != nil {
		return fmt.Errorf("processes with publications: %w", err)
	}
	for _, name := range publishers {
		if name == s.process.name() {
			continue
		}
		dead, err := s.process.dead(name)
		if err != nil {
			return err
		}
		if !dead {
			continue
		}
		take := func(tx Tx) error { return tx.TakePublications(name, s.process.name()) }
		if err := s.catalog.Update(ctx, take); err != nil {
			return fmt.Errorf("publications of a process that has died: %w", err)
		}
	}
	return nil
}

// publicationOf asks for a document to be shown by this process.
func (s *Store) publicationOf(d Document) Publication {
	return Publication{
		Process: s.process.name(), Library: d.Library, Folder: d.Folder, Name: d.Name,
		FolderKey: d.FolderKey, NameKey: d.NameKey, Version: d.Version,
	}
}

// document returns the publication with nothing but what says of which document it is.
func (p Publication) document() Publication {
	return Publication{Library: p.Library, FolderKey: p.FolderKey, NameKey: p.NameKey}
}

// maxNamed bounds how many failures are named.
const maxNamed = 5

func joinFailures(failed map[Publication]error) error {
	var errs []error
	for _, err := range failed {
		if len(errs) == maxNamed {
			errs = append(errs, fmt.Errorf("and %d more", len(failed)-maxNamed))
			break
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
