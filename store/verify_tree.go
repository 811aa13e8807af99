package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
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

// wantedTree is what the tree must show.
type wantedTree struct {
	leaves  map[string]leaf // by path
	removed map[string]leaf // documents that it must not show any more, by path
	pending map[string]bool // paths that wait to be published
}

// treeAudit is one comparison of the tree with the documents.
type treeAudit struct {
	verifier
	wantedTree
	report func(Finding) error
	faults int
}

func (a *treeAudit) fail(format string, args ...any) error {
	a.faults++
	return a.report(Finding{Check: "tree", Detail: fmt.Sprintf(format, args...)})
}

// verifyTree compares the tree with the current documents, both ways. What waits to be
// published is not missed for a while.
func (s verifier) verifyTree(ctx context.Context, report func(Finding) error) error {
	wanted, err := s.wantedTree(ctx)
	if err != nil {
		return err
	}
	a := &treeAudit{verifier: s, wantedTree: wanted, report: report}
	for _, part := range []func(context.Context) error{a.allShown, a.allPending, a.nothingElse} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if a.faults > 0 {
		return nil
	}
	return report(Finding{Check: "tree", OK: true, Detail: fmt.Sprintf("%d documents, %d of them not shown yet; each file is its document", len(a.leaves), len(a.pending))})
}

// allShown checks each document.
func (a *treeAudit) allShown(ctx context.Context) error {
	var done int64
	for at, l := range a.leaves {
		if err := ctx.Err(); err != nil {
			return err
		}
		done++
		a.Progress(VerifyProgress{"tree", done, int64(len(a.leaves))})
		if a.mayWait(at, l) {
			continue
		}
		if wrong := a.leafFault(ctx, at, l); wrong != nil {
			if err := a.found(ctx, at, l, wrong); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayWait reports whether what the tree shows at a path is a fault only later.
func (a *treeAudit) mayWait(at string, l leaf) bool {
	return a.pending[at] && a.time().Sub(l.filed) < publishTime
}

// found reports what is wrong with what the tree shows of a document, unless mail was filed
// meanwhile.
func (a *treeAudit) found(ctx context.Context, at string, l leaf, wrong error) error {
	newer, err := a.isOld(ctx, l)
	if err != nil || newer {
		return err
	}
	if a.pending[at] {
		what := "shown"
		if errors.Is(wrong, errStillShown) {
			what = "taken away"
		}
		wrong = fmt.Errorf("%w, and it waits to be %s since %s: verify --repair tries again and says what is in the way", wrong, what, l.filed.Format(time.RFC3339))
	}
	return a.fail("%s: %v", at, wrong)
}

// allPending checks that what waits to be published is a document, or was one.
func (a *treeAudit) allPending(context.Context) error {
	for at := range a.pending {
		_, shown := a.leaves[at]
		_, removed := a.removed[at]
		if shown || removed {
			continue
		}
		if err := a.fail("%s: a row asks to show a document that is not there", at); err != nil {
			return err
		}
	}
	return nil
}

// nothingElse checks that each file in the tree is a document.
func (a *treeAudit) nothingElse(ctx context.Context) error {
	for at, err := range a.tree.All(ctx) {
		if err != nil {
			return fmt.Errorf("list the tree: %w", err)
		}
		if err := a.file(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// file checks that a file in the tree is a document.
func (a *treeAudit) file(ctx context.Context, at string) error {
	if _, ok := a.leaves[at]; ok {
		return nil
	}
	if l, removed := a.removed[at]; removed {
		if a.mayWait(at, l) {
			return nil
		}
		return a.found(ctx, at, l, errStillShown)
	}
	if a.pending[at] {
		return nil
	}
	now, err := a.wantedAgain(ctx)
	if err != nil || now.has(at) {
		return err
	}
	return a.fail("%s: the tree shows a file that is no document", at)
}

// wantedAgain looks once more what the tree must show.
func (a *treeAudit) wantedAgain(ctx context.Context) (wantedTree, error) {
	now, err := a.verifier.wantedTree(ctx)
	maps.Copy(a.leaves, now.leaves)
	return now, err
}

// has reports whether a path is a document, or was until a moment ago.
func (w wantedTree) has(at string) bool {
	_, shown := w.leaves[at]
	_, removed := w.removed[at]
	return shown || removed
}

var (
	errNotShown   = errors.New("the tree does not show this document")
	errShownWrong = errors.New("the tree shows other bytes than the document has")
	errStillShown = errors.New("the tree still shows this document, which was removed")
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

// wantedTree returns what the tree must show.
func (s *Store) wantedTree(ctx context.Context) (w wantedTree, err error) {
	err = s.view(ctx, "verify the tree", func(tx Tx) error {
		w = wantedTree{map[string]leaf{}, map[string]leaf{}, map[string]bool{}}
		sites := map[string]string{}
		each := func(docs iter.Seq2[Document, error], into map[string]leaf) error {
			for d, err := range docs {
				if err != nil {
					return err
				}
				into[TreePath(sites[d.Library], d)] = leaf{s.publicationOf(d), d.Content, d.Created}
			}
			return nil
		}
		ls, err := tx.Libraries()
		if err != nil {
			return err
		}
		for _, l := range ls {
			sites[l.Name] = l.Site
		}
		if err := errors.Join(each(tx.Documents(""), w.leaves), each(tx.RemovedDocuments(""), w.removed)); err != nil {
			return err
		}
		pubs, err := tx.Publications()
		for _, p := range pubs {
			w.pending[TreePath(sites[p.Library], Document{Library: p.Library, Folder: p.Folder, Name: p.Name})] = true
		}
		return err
	})
	return w, err
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
