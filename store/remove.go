package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/fault"
)

// Removal is what RemoveDocument did.
type Removal struct {
	Document // the version that says so
	// Tree is what kept the file from being taken out of the tree; the next run tries
	// again. The removal itself is done.
	Tree error
}

// RemoveDocument removes the document at folder/name in a library, on record, and takes it
// out of the tree. That is one more version, which says who removed it and when. The older
// ones can be had until a sweep lets their bytes go, and what is filed under the name next
// is the version after it. fault.ErrNotFound: there is no such library or document, or it
// was removed before.
//
// A message whose document was removed stays filed: when it comes again, it is a duplicate.
func (s *Store) RemoveDocument(ctx context.Context, libraryName, at string) (Removal, error) {
	folderKey, nameKey := keysOf(at)
	var removal Document
	err := s.update(ctx, "document remove "+libraryName+" "+at, func(tx Tx) (err error) {
		if _, err := tx.Library(libraryName); err != nil {
			return err
		}
		current, err := tx.CurrentDocument(libraryName, folderKey, nameKey)
		if err != nil {
			return err
		}
		if current.Removed {
			return fmt.Errorf("it was removed on %s by %s: %w", current.Created.Format(time.DateOnly), current.Author, fault.ErrNotFound)
		}
		removal = Document{
			Library: current.Library, Folder: current.Folder, FolderKey: current.FolderKey,
			Name: current.Name, NameKey: current.NameKey, Version: current.Version + 1,
			Author: s.actor, Created: s.time(), Removed: true,
		}
		if err := tx.InsertDocument(removal); err != nil {
			return err
		}
		return tx.PutPublication(s.publicationOf(removal))
	})
	if err != nil {
		return Removal{}, err
	}
	return Removal{removal, s.publishRemoval(context.WithoutCancel(ctx))}, nil
}

// publishRemoval shows what this process has put, with no group between.
func (s *Store) publishRemoval(ctx context.Context) error {
	s.writing.enter()
	defer s.writing.leave()
	s.showing.enter()
	defer s.showing.leave()
	if err := errors.Join(s.syncTree(ctx), s.clearNow(ctx)); err != nil {
		return err
	}
	_, err := s.publishOwn(ctx)
	return err
}
