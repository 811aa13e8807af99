package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// leaf is a current document as the tree must show it.
type leaf struct {
	Publication
	content message.Content
	filed   time.Time
}

// publishTime is how long a document may wait to be shown in the tree before that is a
// fault. Each run tries to show what waits.
const publishTime = 15 * time.Minute

// verifyTree compares the tree with the current documents, both ways. Documents that
// wait to be published are not missed for a while.
func (s verifier) verifyTree(ctx context.Context, report func(Finding) error) error {
	leaves, pending, err := s.leaves(ctx)
	if err != nil {
		return err
	}
	faults := 0
	fail := func(format string, args ...any) error {
		faults++
		return report(Finding{Check: "tree", Detail: fmt.Sprintf(format, args...)})
	}
	var done int64
	for at, l := range leaves {
		if err := ctx.Err(); err != nil {
			return err
		}
		done++
		s.Progress(VerifyProgress{"tree", done, int64(len(leaves))})
		if pending[at] && s.time().Sub(l.filed) < publishTime {
			continue
		}
		wrong := s.leafFault(ctx, at, l)
		if wrong != nil {
			newer, err := s.isOld(ctx, l)
			if err != nil {
				return err
			}
			if newer {
				continue // mail was filed meanwhile
			}
		}
		if wrong != nil && pending[at] {
			wrong = fmt.Errorf("%w, and it waits to be shown since %s: verify --repair tries again and says what is in the way", wrong, l.filed.Format(time.RFC3339))
		}
		if wrong != nil {
			if err := fail("%s: %v", at, wrong); err != nil {
				return err
			}
		}
	}
	for at := range pending {
		if _, ok := leaves[at]; !ok {
			if err := fail("%s: a row asks to show a document that is not there", at); err != nil {
				return err
			}
		}
	}
	for at, err := range s.tree.All(ctx) {
		if err != nil {
			return fmt.Errorf("list the tree: %w", err)
		}
		if _, ok := leaves[at]; ok || pending[at] {
			continue
		}
		known, err := s.isDocument(ctx, at, leaves)
		if err == nil && !known {
			err = fail("%s: the tree shows a file that is no document", at)
		}
		if err != nil {
			return err
		}
	}
	if faults > 0 {
		return nil
	}
	return report(Finding{Check: "tree", OK: true, Detail: fmt.Sprintf("%d documents, %d of them not shown yet; each file is its document", len(leaves), len(pending))})
}

var (
	errNotShown   = errors.New("the tree does not show this document")
	errShownWrong = errors.New("the tree shows other bytes than the document has")
)

// leafFault says what is wrong with what the tree shows of a document, nil for nothing.
func (s *Store) leafFault(ctx context.Context, at string, l leaf) error {
	var wrong error
	err := s.withBlob(ctx, l.content.Digest, func(b Blob) error {
		err := s.tree.Check(ctx, at, b)
		switch {
		case errors.Is(err, fault.ErrStale):
			wrong = errShownWrong
		case errors.Is(err, fault.ErrNotFound):
			wrong = errNotShown
		default:
			return err
		}
		return nil
	})
	return errors.Join(wrong, err)
}

// leaves returns every current document by its path in the tree, and the paths that wait
// to be published.
func (s *Store) leaves(ctx context.Context) (leaves map[string]leaf, pending map[string]bool, err error) {
	err = s.view(ctx, "verify the tree", func(tx Tx) error {
		leaves, pending = map[string]leaf{}, map[string]bool{}
		ls, err := tx.Libraries()
		if err != nil {
			return err
		}
		site := make(map[string]string, len(ls))
		for _, l := range ls {
			site[l.Name] = l.Site
		}
		for d, err := range tx.Documents("") {
			if err != nil {
				return err
			}
			leaves[TreePath(site[d.Library], d)] = leaf{s.publicationOf(d), d.Content, d.Created}
		}
		pubs, err := tx.Publications()
		if err != nil {
			return err
		}
		for _, p := range pubs {
			pending[TreePath(site[p.Library], Document{Library: p.Library, Folder: p.Folder, Name: p.Name})] = true
		}
		return nil
	})
	return leaves, pending, err
}

// isDocument looks once more for a file that came after the documents were read.
func (s *Store) isDocument(ctx context.Context, at string, leaves map[string]leaf) (bool, error) {
	now, _, err := s.leaves(ctx)
	if err != nil {
		return false, err
	}
	for path, l := range now {
		leaves[path] = l
	}
	_, ok := leaves[at]
	return ok, nil
}

// isOld reports whether a document has got a newer version than the leaf's.
func (s *Store) isOld(ctx context.Context, l leaf) (old bool, err error) {
	err = s.catalog.View(ctx, func(tx Tx) error {
		version, err := tx.CurrentVersion(l.Library, l.FolderKey, l.NameKey)
		old = version != l.Version
		return err
	})
	return old, err
}
