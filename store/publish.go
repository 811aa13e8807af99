package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// publishBatch bounds how many leftovers are read at once.
const publishBatch = 500

// TreePath returns where the tree shows a document: site/library/folder/name.
func TreePath(site string, d Document) string {
	return path.Join(site, d.Library, d.Folder, d.Name)
}

// Publish shows in the tree what the rows left over from crashes and failures ask for,
// and returns how many documents that were. The error says what could not be shown; that
// waits behind the others next time. Where the tree takes nothing at all, Publish stops.
func (s *Store) Publish(ctx context.Context) (total int, err error) {
	s.committer <- struct{}{}
	defer func() { <-s.committer }()
	if err := s.clearNow(ctx); err != nil {
		return 0, err
	}
	failed := map[Publication]error{}
	tried := map[Publication]bool{}
	for {
		var pubs []Publication
		err := s.catalog.View(ctx, func(tx Tx) (err error) {
			pubs, err = tx.Publications(publishBatch)
			return err
		})
		if err != nil || len(pubs) == 0 || tried[pubs[0].document()] {
			return total, errors.Join(err, joinFailures(failed))
		}
		for _, p := range pubs {
			tried[p.document()] = true
		}
		shown, wrong := s.show(ctx, pubs)
		s.shown = append(s.shown, shown...)
		total += len(shown)
		maps.Copy(failed, wrong)
		if err := errors.Join(s.clearNow(ctx), s.postpone(ctx, wrong)); err != nil {
			return total, err
		}
		if len(shown) == 0 {
			return total, joinFailures(failed)
		}
	}
}

// publicationOf asks for a document to be shown.
func publicationOf(d Document) Publication {
	return Publication{
		Library: d.Library, Folder: d.Folder, Name: d.Name,
		FolderKey: d.FolderKey, NameKey: d.NameKey, Version: d.Version,
	}
}

// document returns the publication with nothing but what says of which document it is.
func (p Publication) document() Publication {
	return Publication{Library: p.Library, FolderKey: p.FolderKey, NameKey: p.NameKey}
}

// postpone puts the publications that failed behind all others.
func (s *Store) postpone(ctx context.Context, failed map[Publication]error) error {
	if len(failed) == 0 {
		return nil
	}
	return s.catalog.Update(ctx, func(tx Tx) error {
		for p := range failed {
			current, err := tx.CurrentDocument(p.Library, p.FolderKey, p.NameKey)
			if errors.Is(err, fault.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			p.Version = current.Version // another process may have made a newer one
			if err := tx.PutPublication(p); err != nil {
				return err
			}
		}
		return nil
	})
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

// forgetShown clears the rows of what has been shown since the last transaction.
func (s *Store) forgetShown(ctx context.Context) error {
	s.committer <- struct{}{}
	defer func() { <-s.committer }()
	return s.clearNow(ctx)
}

// clearNow is for whoever holds the committer's token.
func (s *Store) clearNow(ctx context.Context) error {
	if len(s.shown) == 0 {
		return nil
	}
	if err := s.catalog.Update(ctx, func(tx Tx) error { return clearShown(tx, s.shown) }); err != nil {
		return fmt.Errorf("clear what the tree shows: %w", err)
	}
	s.shown = nil
	return nil
}

// clearShown clears publication rows. Where another process made a newer version while
// we showed ours, its row is written again: the tree may show the older one by now.
func clearShown(tx Tx, shown []Publication) error {
	for _, p := range shown {
		current, err := tx.CurrentDocument(p.Library, p.FolderKey, p.NameKey)
		switch {
		case err != nil && !errors.Is(err, fault.ErrNotFound):
			return err
		case err == nil && current.Version != p.Version:
			p.Version = current.Version
			err = tx.PutPublication(p)
		default:
			err = tx.DeletePublication(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// show makes the tree show what the catalog says now of these documents, and makes that
// durable. It returns the publications that are done, each with the version shown, and
// what failed.
func (s *Store) show(ctx context.Context, pubs []Publication) (shown []Publication, failed map[Publication]error) {
	failed = map[Publication]error{}
	var paths []string
	for _, p := range pubs {
		at, version, err := s.showOne(ctx, p)
		if err != nil {
			failed[p] = fmt.Errorf("show %s/%s in the tree: %w", p.Library, path.Join(p.Folder, p.Name), err)
			continue
		}
		p.Version = version
		shown = append(shown, p)
		paths = append(paths, at)
	}
	if err := s.tree.Sync(ctx, paths); err != nil {
		for _, p := range shown {
			failed[p] = fmt.Errorf("sync the tree: %w", err)
		}
		return nil, failed
	}
	return shown, failed
}

func (s *Store) showOne(ctx context.Context, p Publication) (at string, version int, err error) {
	var doc Document
	var site string
	err = s.catalog.View(ctx, func(tx Tx) error {
		l, err := tx.Library(p.Library)
		if err != nil {
			return err
		}
		site = l.Site
		doc, err = tx.CurrentDocument(p.Library, p.FolderKey, p.NameKey)
		return err
	})
	if err != nil {
		return "", 0, err
	}
	at = TreePath(site, doc)
	return at, doc.Version, s.withBlob(ctx, doc.Content.Digest, func(b Blob) error {
		return s.tree.Publish(ctx, at, b)
	})
}

// withBlob opens a blob for f.
func (s *Store) withBlob(ctx context.Context, d message.Digest, f func(Blob) error) error {
	b, err := s.blobs.Open(ctx, d)
	if err != nil {
		return fmt.Errorf("blob %s: %w", d, err)
	}
	return errors.Join(f(b), b.Close())
}
