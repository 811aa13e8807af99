package store

import (
	"context"
	"errors"
	"fmt"
	"path"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// A publication's row is put by the transaction that files the document. It is cleared by
// any later one, whatever that is for, once the file is in the tree and durable there. A
// power loss before costs no more than showing the document once again. Where it is not
// known what the tree shows by now, that transaction puts the row anew instead: another
// process may have shown a newer version in between, and cleared it.

// maxUnsynced bounds how much is shown before it is made durable, however many groups
// follow each other.
const maxUnsynced = 1000

// showGroup shows the group's documents in the tree. Their rows wait for them, so they
// need not be durable there yet: the last of the groups that follow each other syncs the
// tree for all of them.
func (s *Store) showGroup(ctx context.Context, group []*pending) {
	var pubs []Publication
	var docs []Document
	for _, p := range group {
		if p.err == nil {
			pubs = append(pubs, p.publications...)
			docs = append(docs, p.settled.Documents...)
		}
	}
	failed := s.show(ctx, pubs, s.justFiled(ctx, docs))
	var unsynced error
	if s.coming.Load() == 0 || len(s.unsynced) >= maxUnsynced {
		unsynced = s.syncTree(ctx)
	}
	for _, p := range group {
		p.settled.Tree = unsynced
		for _, pub := range p.publications {
			p.settled.Tree = errors.Join(p.settled.Tree, failed[pub])
		}
	}
}

// show makes the tree show these documents, each in the version found for it. It notes
// those that are done in unsynced, each with the version shown, and returns what failed. It
// is for whoever is in the stage showing: two at once could leave an older version on top.
func (s *Store) show(ctx context.Context, pubs []Publication, versions []current) (failed map[Publication]error) {
	failed = map[Publication]error{}
	fail := func(p Publication, err error) {
		s.unsure(p)
		failed[p] = fmt.Errorf("show %s/%s in the tree: %w", p.Library, path.Join(p.Folder, p.Name), err)
	}
	for i, c := range versions {
		p := pubs[i]
		if c.err == nil {
			c.err = s.showCurrent(ctx, c)
		}
		if c.err != nil {
			fail(p, c.err)
			continue
		}
		p.Version = c.version
		s.unsynced = append(s.unsynced, shown{p, c.at})
	}
	return failed
}

// showCurrent makes the tree show a version, or nothing where the document was removed.
func (s *Store) showCurrent(ctx context.Context, c current) error {
	if c.removed {
		return s.tree.Unpublish(ctx, c.at)
	}
	return s.withBlob(ctx, c.digest, func(b Blob) error { return s.tree.Publish(ctx, c.at, b) })
}

// shown is a publication whose document the tree shows at a path, or shows no more.
type shown struct {
	Publication
	at string
}

// current is the current version of a document, and where the tree shows it.
type current struct {
	version int
	digest  message.Digest
	removed bool
	at      string
	err     error // it could not be looked up
}

// justFiled returns the versions that a group's transaction has made the current ones.
// Where another process has made a newer one since, clearShown finds that.
func (s *Store) justFiled(ctx context.Context, docs []Document) []current {
	return s.eachCurrent(ctx, len(docs), func(_ Tx, i int) (Document, error) { return docs[i], nil })
}

// lookUp returns the current version for each publication.
func (s *Store) lookUp(ctx context.Context, pubs []Publication) []current {
	return s.eachCurrent(ctx, len(pubs), func(tx Tx, i int) (Document, error) {
		return tx.CurrentDocument(pubs[i].Library, pubs[i].FolderKey, pubs[i].NameKey)
	})
}

// eachCurrent returns n current versions, each of the document that find returns.
func (s *Store) eachCurrent(ctx context.Context, n int, find func(tx Tx, i int) (Document, error)) []current {
	found := make([]current, n)
	if n == 0 {
		return found
	}
	err := s.catalog.View(ctx, func(tx Tx) error {
		sites := map[string]string{}
		for i := range found {
			d, err := find(tx, i)
			if err == nil {
				found[i].at, err = treePath(tx, d, sites)
			}
			found[i].version, found[i].digest, found[i].removed, found[i].err = d.Version, d.Content.Digest, d.Removed, err
			if err != nil && !errors.Is(err, fault.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for i := range found {
			found[i].err = err
		}
	}
	return found
}

// treePath returns where the tree shows a document. It keeps in sites which site each
// library is of.
func treePath(tx Tx, d Document, sites map[string]string) (string, error) {
	site, ok := sites[d.Library]
	if !ok {
		l, err := tx.Library(d.Library)
		if err != nil {
			return "", err
		}
		site, sites[d.Library] = l.Site, l.Site
	}
	return TreePath(site, d), nil
}

// withBlob opens a blob for f.
func (s *Store) withBlob(ctx context.Context, d message.Digest, f func(Blob) error) error {
	b, err := s.blobs.Open(ctx, d)
	if err != nil {
		return fmt.Errorf("blob %s: %w", d, err)
	}
	return errors.Join(f(b), b.Close())
}

// syncTree makes durable what has been shown, for whoever is in the stage showing. What
// fails is shown again by the next Publish.
func (s *Store) syncTree(ctx context.Context) error {
	if len(s.unsynced) == 0 {
		return nil
	}
	paths, pubs := make([]string, len(s.unsynced)), make([]Publication, len(s.unsynced))
	for i, sh := range s.unsynced {
		paths[i], pubs[i] = sh.at, sh.Publication
	}
	s.unsynced = nil
	if err := s.tree.Sync(ctx, paths); err != nil {
		s.unsure(pubs...)
		return fmt.Errorf("sync the tree: %w", err)
	}
	s.toClear(pubs...)
	return nil
}

// toClear lets a later transaction clear the rows of these.
func (s *Store) toClear(shown ...Publication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uncleared = append(s.uncleared, shown...)
}

// unsure lets a later transaction put the rows of these anew.
func (s *Store) unsure(failed ...Publication) {
	for _, p := range failed {
		p.Version = 0 // whatever version is the current one, it is not shown for sure
		s.toClear(p)
	}
}

// updateAndClear is an Update that also clears the rows of what the tree shows durably.
// Which of several transactions does it, and in which order, does not matter.
func (s *Store) updateAndClear(ctx context.Context, f func(Tx) error) error {
	s.mu.Lock()
	shown := s.uncleared
	s.uncleared = nil
	s.mu.Unlock()
	err := s.catalog.Update(ctx, func(tx Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return clearShown(tx, shown)
	})
	if err != nil {
		s.toClear(shown...)
	}
	return err
}

// clearNow clears what can be cleared in a transaction of its own.
func (s *Store) clearNow(ctx context.Context) error {
	s.mu.Lock()
	none := len(s.uncleared) == 0
	s.mu.Unlock()
	if none {
		return nil
	}
	if err := s.updateAndClear(ctx, func(Tx) error { return nil }); err != nil {
		return fmt.Errorf("clear what the tree shows: %w", err)
	}
	return nil
}

// clearShown clears publication rows. Where a newer version was made while we showed ours,
// by this process or by another, its row is put anew: the tree may show the older one by
// now.
func clearShown(tx Tx, shown []Publication) error {
	for _, p := range shown {
		if removed, err := tx.DeletePublication(p); err != nil {
			return err
		} else if removed {
			continue
		}
		version, err := tx.CurrentVersion(p.Library, p.FolderKey, p.NameKey)
		if err == nil && version != 0 && version != p.Version {
			p.Version = version
			err = tx.PutPublication(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
