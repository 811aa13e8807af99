package store

import (
	"context"
	"fmt"
	"iter"
	"path"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// Shown is a document with the path at which the tree shows it.
type Shown struct {
	Document
	TreePath string
}

// Documents yields the current versions of a library's documents, by folder and name,
// without those that were removed: fault.ErrNotFound where there is no such library.
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

// keysOf returns the folded folder and name of a document's path below its library.
func keysOf(at string) (folderKey, nameKey string) {
	folder, name := path.Split(at)
	return library.Fold(path.Clean("/" + folder)[1:]), library.Fold(name)
}

// Versions returns the versions of the document at folder/name in a library, oldest
// first, those that say Removed included; none where there is no such document.
// fault.ErrNotFound: there is no such library.
func (s *Store) Versions(ctx context.Context, libraryName, at string) (docs []Document, err error) {
	folderKey, nameKey := keysOf(at)
	err = s.view(ctx, "document "+libraryName+"/"+at, func(tx Tx) error {
		if _, err := tx.Library(libraryName); err != nil {
			return err
		}
		docs, err = tx.Versions(libraryName, folderKey, nameKey)
		return err
	})
	return docs, err
}

// Header returns the whole header of the message that a document came from, "" where the
// document's library did not keep it.
func (s *Store) Header(ctx context.Context, d Document) (header string, err error) {
	err = s.view(ctx, "header of "+d.Library+"/"+d.Path(), func(tx Tx) error {
		header, err = tx.Header(d.Library, d.Key)
		return err
	})
	return header, err
}

// OpenDocument opens the bytes of a version, and reads them once to be sure of them:
// ErrDamaged; fault.ErrNotFound where a sweep has removed them, or the version says that
// the document was removed.
func (s *Store) OpenDocument(ctx context.Context, d Document) (Blob, error) {
	if d.Removed {
		return nil, fmt.Errorf("%s/%s was removed on %s by %s; its history lists the older versions, to be had by their numbers: %w",
			d.Library, d.Path(), d.Created.Format(time.DateOnly), d.Author, fault.ErrNotFound)
	}
	if d.Swept {
		return nil, fmt.Errorf("bytes of version %d of %s/%s: %w", d.Version, d.Library, d.Path(), fault.ErrNotFound)
	}
	return s.openIntact(ctx, d.Content.Digest, d.Content.Size)
}
