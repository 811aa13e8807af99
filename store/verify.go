package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// Finding is one line of Verify: a fault, or the word that a check found none.
type Finding struct {
	Check  string // rows, blobs or tree
	OK     bool
	Detail string
}

// Verify proves that rows, blobs and tree agree: every document and every held message
// has its blob's row, every row its bytes with the right digest, every document its file
// in the tree, and every file there its document. It yields each fault it finds, and a
// closing line for each check that found none. It reads every stored byte. An error
// means that it could not go on. Mail that is being filed meanwhile does no harm.
func (s *Store) Verify(ctx context.Context) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		for _, check := range []func(context.Context, func(Finding) bool) error{s.verifyRows, s.verifyBlobs, s.verifyTree} {
			stopped := false
			err := check(ctx, func(f Finding) bool {
				stopped = !yield(f, nil)
				return !stopped
			})
			if stopped {
				return
			}
			if err != nil {
				yield(Finding{}, err)
				return
			}
		}
	}
}

// verifyRows proves that what documents and held mail refer to has a live blob row.
func (s *Store) verifyRows(ctx context.Context, report func(Finding) bool) error {
	var missing []message.Digest
	refs := 0
	err := s.view(ctx, "verify rows", func(tx Tx) error {
		missing, refs = nil, 0
		live := map[message.Digest]bool{}
		for row, err := range tx.Blobs() {
			if err != nil {
				return err
			}
			live[row.Digest] = row.State == BlobLive
		}
		for _, digests := range []iter.Seq2[message.Digest, error]{tx.DocumentBlobs(), tx.HeldBlobs()} {
			for d, err := range digests {
				if err != nil {
					return err
				}
				refs++
				if !live[d] {
					missing = append(missing, d)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range missing {
		if !report(Finding{Check: "rows", Detail: fmt.Sprintf("a document or held message refers to blob %s, which has no live row", d)}) {
			return nil
		}
	}
	if len(missing) == 0 {
		report(Finding{Check: "rows", OK: true, Detail: fmt.Sprintf("%d references to blobs, each has its row", refs)})
	}
	return nil
}

// verifyBlobs reads every blob that has a live row and compares its digest.
func (s *Store) verifyBlobs(ctx context.Context, report func(Finding) bool) error {
	rows := map[message.Digest]int64{}
	err := s.view(ctx, "verify blobs", func(tx Tx) error {
		clear(rows)
		for row, err := range tx.Blobs() {
			if err != nil {
				return err
			}
			if row.State == BlobLive {
				rows[row.Digest] = row.Size
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	faults := 0
	var size int64
	for d, want := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		size += want
		wrong, err := s.blobFault(ctx, d, want)
		if err != nil {
			return err
		}
		if wrong == "" {
			continue
		}
		faults++
		if !report(Finding{Check: "blobs", Detail: fmt.Sprintf("blob %s %s", d, wrong)}) {
			return nil
		}
	}
	if faults == 0 {
		report(Finding{Check: "blobs", OK: true, Detail: fmt.Sprintf("%d blobs of %d bytes in all, each has its bytes", len(rows), size)})
	}
	return nil
}

// blobFault says what is wrong with a blob's bytes, "" for nothing.
func (s *Store) blobFault(ctx context.Context, d message.Digest, want int64) (string, error) {
	b, err := s.blobs.Open(ctx, d)
	if errors.Is(err, fault.ErrNotFound) {
		return "is missing", nil
	}
	if err != nil {
		return "", fmt.Errorf("blob %s: %w", d, err)
	}
	h := sha256.New()
	n, err := io.Copy(h, b)
	if err := errors.Join(err, b.Close()); err != nil {
		return "cannot be read: " + err.Error(), nil
	}
	if n != want {
		return fmt.Sprintf("has %d bytes, its row says %d", n, want), nil
	}
	if message.Digest(h.Sum(nil)) != d {
		return "has other bytes than its digest says", nil
	}
	return "", nil
}

// verifyTree compares the tree with the current documents, both ways. Documents that
// wait to be published are not missed.
func (s *Store) verifyTree(ctx context.Context, report func(Finding) bool) error {
	docs, pending, err := s.treeRows(ctx)
	if err != nil {
		return err
	}
	faults := 0
	fail := func(format string, args ...any) bool {
		faults++
		return report(Finding{Check: "tree", Detail: fmt.Sprintf(format, args...)})
	}
	for at, d := range docs {
		if pending[at] {
			continue
		}
		err := s.withBlob(ctx, d, func(b Blob) error { return s.tree.Check(ctx, at, b) })
		switch {
		case err == nil:
		case errors.Is(err, fault.ErrStale):
			err = errors.New("the tree shows other bytes than the document has")
		case errors.Is(err, fault.ErrNotFound):
			err = errors.New("the tree does not show this document")
		}
		if err != nil && !fail("%s: %v", at, err) {
			return nil
		}
	}
	for at, err := range s.tree.All(ctx) {
		if err != nil {
			return fmt.Errorf("list the tree: %w", err)
		}
		if _, ok := docs[at]; ok || pending[at] {
			continue
		}
		known, err := s.isDocument(ctx, at, docs)
		if err != nil {
			return err
		}
		if !known && !fail("%s: the tree shows a file that is no document", at) {
			return nil
		}
	}
	if faults == 0 {
		report(Finding{Check: "tree", OK: true, Detail: fmt.Sprintf("%d documents, %d of them not shown yet; each file is its document", len(docs), len(pending))})
	}
	return nil
}

// treeRows returns the digest of every current document by tree path, and the paths that
// wait to be published.
func (s *Store) treeRows(ctx context.Context) (docs map[string]message.Digest, pending map[string]bool, err error) {
	err = s.view(ctx, "verify the tree", func(tx Tx) error {
		docs, pending = map[string]message.Digest{}, map[string]bool{}
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
			docs[TreePath(site[d.Library], d)] = d.Content.Digest
		}
		pubs, err := tx.Publications(0)
		if err != nil {
			return err
		}
		for _, p := range pubs {
			pending[TreePath(site[p.Library], Document{Library: p.Library, Folder: p.Folder, Name: p.Name})] = true
		}
		return nil
	})
	return docs, pending, err
}

// isDocument looks once more for a file that came after the documents were read.
func (s *Store) isDocument(ctx context.Context, at string, docs map[string]message.Digest) (bool, error) {
	now, _, err := s.treeRows(ctx)
	if err != nil {
		return false, err
	}
	for path, d := range now {
		docs[path] = d
	}
	_, ok := docs[at]
	return ok, nil
}
