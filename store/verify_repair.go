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

// Repair computes the sum of held mail anew where it is wrong. Then it takes the bytes of
// current documents whose blobs are missing or damaged from the tree, where that has them
// with the right digest, and makes the tree show the documents that it does not show, or
// with other bytes than they have, and no more those that were removed: it puts the
// publication of each and publishes. A document is left as the tree shows it where its
// bytes are lost, or where Verify finds fault with its rows or those of its message:
// somebody may have forged it. It yields what it mended and what it could not. Nothing else
// is changed; Verify says what is left.
func (s *Store) Repair(ctx context.Context) iter.Seq2[Finding, error] {
	return findings(ctx, s.repairHeldBytes, s.repairTree)
}

func (s *Store) repairHeldBytes(ctx context.Context, report func(Finding) error) error {
	var was, is int64
	var absent error
	err := s.catalog.Update(ctx, func(tx Tx) (err error) {
		was, absent = tx.HeldBytes()
		if absent != nil && !errors.Is(absent, fault.ErrNotFound) {
			return absent
		}
		if err := tx.MendHeldBytes(); err != nil {
			return err
		}
		if is, err = tx.HeldBytes(); err != nil || absent == nil && was == is {
			return err
		}
		return tx.InsertChange(Change{At: s.time(), Actor: s.actor, Action: fmt.Sprintf("verify --repair: sum of held mail %d instead of %d", is, was)})
	})
	if err != nil {
		return fmt.Errorf("mend the sum of held mail: %w", err)
	}
	if absent == nil && was == is {
		return nil
	}
	return report(Finding{Check: "rows", OK: true, Mended: true, Detail: fmt.Sprintf("the sum of held mail, which held_max goes by, was %d and is %d bytes", was, is)})
}

func (s *Store) repairTree(ctx context.Context, report func(Finding) error) error {
	wanted, err := s.wantedTree(ctx)
	if err != nil {
		return err
	}
	wrong, err := s.withdraw(ctx, wanted.removed)
	if err != nil {
		return err
	}
	for at, l := range wanted.leaves {
		if err := ctx.Err(); err != nil {
			return err
		}
		was := s.leafFault(ctx, at, l)
		if was == nil {
			continue
		}
		mended, err := s.mendBlob(ctx, at, l)
		if err != nil {
			return err
		}
		if mended {
			detail := fmt.Sprintf("blob %s was missing or damaged; its bytes were taken from %s in the library folders", l.content.Digest, at)
			if err := report(Finding{Check: "blobs", OK: true, Mended: true, Detail: detail}); err != nil {
				return err
			}
			continue
		}
		if errors.Is(was, errNotShown) || errors.Is(was, errShownWrong) {
			if wrong[at], err = s.republish(ctx, l, was); err != nil {
				return err
			}
		}
	}
	return s.repairShown(ctx, wanted, wrong, report)
}

// withdraw asks for what was removed and is still shown to be shown no more, and returns it.
func (s *Store) withdraw(ctx context.Context, removed map[string]leaf) (wrong map[string]error, err error) {
	wrong = map[string]error{}
	if len(removed) == 0 {
		return wrong, nil
	}
	for at, err := range s.tree.All(ctx) {
		if err != nil {
			return wrong, fmt.Errorf("list the tree: %w", err)
		}
		l, ok := removed[at]
		if !ok {
			continue
		}
		wrong[at] = errStillShown
		if err := s.catalog.Update(ctx, func(tx Tx) error { return tx.PutPublication(l.Publication) }); err != nil {
			return wrong, fmt.Errorf("publish the removal of %s: %w", at, err)
		}
	}
	return wrong, nil
}

// repairShown publishes what was asked for, and says of what was wrong whether it is so no
// longer.
func (s *Store) repairShown(ctx context.Context, wanted wantedTree, wrong map[string]error, report func(Finding) error) error {
	_, failed := s.Publish(ctx)
	for at, was := range wrong {
		f := Finding{Check: "tree", OK: true, Mended: true, Detail: fmt.Sprintf("%s: %v; it was published again", at, was)}
		if err := s.shownFault(ctx, at, wanted); err != nil {
			f.OK, f.Mended, f.Detail = false, false, fmt.Sprintf("%s: %v, and it cannot be published again", at, was)
		}
		if err := report(f); err != nil {
			return err
		}
	}
	if failed != nil {
		return report(Finding{Check: "tree", Detail: failed.Error()})
	}
	return nil
}

// shownFault says what is wrong with what the tree shows at a path, nil for nothing.
func (s *Store) shownFault(ctx context.Context, at string, wanted wantedTree) error {
	l, ok := wanted.leaves[at]
	if ok {
		return s.leafFault(ctx, at, l)
	}
	f, err := s.tree.Open(ctx, at)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = f.Close()
	}
	return errors.Join(errStillShown, err)
}

// republish asks for a document to be shown again, if it has its bytes: else the tree may
// have the only good ones; and if its rows are sound. It returns what was wrong with it.
func (s *Store) republish(ctx context.Context, l leaf, was error) (error, error) {
	lost, err := s.blobFault(ctx, l.content.Digest, l.content.Size)
	if err != nil || lost != "" {
		return fmt.Errorf("%w, but the document's blob %s", was, lost), err
	}
	forged := ""
	err = s.catalog.Update(ctx, func(tx Tx) error {
		if forged, err = l.standing(tx); err != nil || forged != "" {
			return err
		}
		return tx.PutPublication(l.Publication)
	})
	if forged != "" {
		was = fmt.Errorf("%w, but the document's rows are at fault: %s", was, forged)
	}
	return was, err
}

// standing says what is wrong with the rows that the current version stands on.
func (l leaf) standing(tx Tx) (string, error) {
	d, err := tx.CurrentDocument(l.Library, l.FolderKey, l.NameKey)
	if err != nil {
		return "", err
	}
	return standing(tx, d)
}

// mendBlob puts a document's bytes in place of a blob that is missing or damaged, if the
// tree has them whole and the document's rows are sound. It reports whether it did.
func (s *Store) mendBlob(ctx context.Context, at string, l leaf) (bool, error) {
	lost, err := s.liveBlobFault(ctx, l.content.Digest, l.content.Size)
	if err != nil || lost == "" {
		return false, err
	}
	forged := ""
	err = s.view(ctx, "repair the blobs", func(tx Tx) error {
		forged, err = l.standing(tx)
		return err
	})
	if err != nil || forged != "" {
		return false, err
	}
	shown, err := s.tree.Open(ctx, at)
	if err != nil {
		return false, nil // what is wrong with it, Verify says
	}
	kept, err := s.keepCopy(ctx, shown, l.content.Digest)
	if err := errors.Join(err, shown.Close()); err != nil || !kept {
		return false, err
	}
	lost, err = s.blobFault(ctx, l.content.Digest, l.content.Size)
	return lost == "", err
}

// keepCopy makes a blob durable whose bytes r has, if they have its digest.
func (s *Store) keepCopy(ctx context.Context, r io.Reader, want message.Digest) (kept bool, err error) {
	up, err := s.blobs.Create(ctx)
	if err != nil {
		return false, fmt.Errorf("mend blob %s: %w", want, err)
	}
	defer func() { err = errors.Join(err, up.Discard()) }()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(up, h), r); err != nil {
		return false, fmt.Errorf("mend blob %s: %w", want, err)
	}
	if message.Digest(h.Sum(nil)) != want {
		return false, nil
	}
	if err := up.Keep(ctx, want); err != nil {
		return false, fmt.Errorf("mend blob %s: %w", want, err)
	}
	if err := s.barrier(ctx); err != nil {
		return false, fmt.Errorf("mend blob %s: %w", want, err)
	}
	return true, nil
}
