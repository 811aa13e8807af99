package store

import (
	"context"
	"fmt"
	"iter"
	"path"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// Shown is a document with the path at which the tree shows it.
type Shown struct {
	Document
	TreePath string
}

// Documents yields the current versions of a library's documents, by folder and name:
// fault.ErrNotFound where there is no such library.
func (s *Store) Documents(ctx context.Context, name string) iter.Seq2[Shown, error] {
	return func(yield func(Shown, error) bool) {
		stopped := false
		err := s.view(ctx, "documents of "+name, func(tx Tx) error {
			l, err := tx.Library(name)
			if err != nil {
				return err
			}
			for d, err := range tx.Documents(name) {
				if err != nil {
					return err
				}
				if !yield(Shown{d, TreePath(l.Site, d)}, nil) {
					stopped = true
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(Shown{}, err)
		}
	}
}

// Versions returns the versions of the document at folder/name in a library, oldest
// first: fault.ErrNotFound where there is none.
func (s *Store) Versions(ctx context.Context, libraryName, at string) (docs []Document, err error) {
	folder, name := path.Split(at)
	folder = path.Clean("/" + folder)[1:]
	err = s.view(ctx, "document "+libraryName+"/"+at, func(tx Tx) error {
		if _, err := tx.Library(libraryName); err != nil {
			return err
		}
		docs, err = tx.Versions(libraryName, library.Fold(folder), library.Fold(name))
		return err
	})
	return docs, err
}

// OpenDocument opens the bytes of a version, and reads them once to be sure of them:
// ErrDamaged; fault.ErrNotFound where a sweep has removed them.
func (s *Store) OpenDocument(ctx context.Context, d Document) (Blob, error) {
	if d.Swept {
		return nil, fmt.Errorf("bytes of version %d of %s/%s: %w", d.Version, d.Library, d.Path(), fault.ErrNotFound)
	}
	return s.openIntact(ctx, d.Content.Digest, d.Content.Size)
}
