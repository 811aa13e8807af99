package storetest

import (
	"context"
	"errors"

	"mailchute/pkg/message"
	"mailchute/store"
)

// Catalog returns a Catalog whose commits are effects. A commit that is struck before it
// happens leaves nothing of its transaction.
func (e *Effects) Catalog(inner store.Catalog) store.Catalog {
	return effectCatalog{Catalog: inner, effects: e}
}

type effectCatalog struct {
	store.Catalog
	effects *Effects
}

func (c effectCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	counted, struck := false, false
	err := c.Catalog.Update(ctx, func(tx store.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		if !counted { // f may run more than once for one commit
			counted, struck = true, c.effects.next("commit") && !c.effects.slow()
		}
		if struck && !c.effects.plan.After {
			return c.effects.strike("commit")
		}
		return nil
	})
	if struck && (err == nil || c.effects.plan.Err == nil) {
		return c.effects.strike("commit")
	}
	return err
}

// Blobs returns a Blobs whose changes are effects: Create, Write, Keep, Barrier, Delete.
func (e *Effects) Blobs(inner store.Blobs) store.Blobs {
	return effectBlobs{Blobs: inner, effects: e}
}

type effectBlobs struct {
	store.Blobs
	effects *Effects
}

func (b effectBlobs) Create(ctx context.Context) (store.Upload, error) {
	var up store.Upload
	err := b.effects.do("create upload", func() (err error) {
		up, err = b.Blobs.Create(ctx)
		return err
	})
	if err != nil {
		if up != nil {
			err = errors.Join(err, up.Discard())
		}
		return nil, err
	}
	return effectUpload{Upload: up, effects: b.effects}, nil
}

func (b effectBlobs) Barrier(ctx context.Context) error {
	return b.effects.do("barrier", func() error { return b.Blobs.Barrier(ctx) })
}

func (b effectBlobs) Delete(ctx context.Context, d message.Digest) error {
	return b.effects.do("delete "+d.String(), func() error { return b.Blobs.Delete(ctx, d) })
}

type effectUpload struct {
	store.Upload
	effects *Effects
}

func (u effectUpload) Write(p []byte) (n int, err error) {
	err = u.effects.doOrPart("write upload",
		func() (err error) { n, err = u.Upload.Write(p); return err },
		func() { n, _ = u.Upload.Write(p[:len(p)/2]) })
	return n, err
}

func (u effectUpload) Keep(ctx context.Context, d message.Digest) error {
	return u.effects.do("keep "+d.String(), func() error { return u.Upload.Keep(ctx, d) })
}

// Tree returns a Tree whose changes are effects: Publish, Unpublish, Sync.
func (e *Effects) Tree(inner store.Tree) store.Tree {
	return effectTree{Tree: inner, effects: e}
}

type effectTree struct {
	store.Tree
	effects *Effects
}

func (t effectTree) Publish(ctx context.Context, path string, b store.Blob) error {
	return t.effects.do("publish "+path, func() error { return t.Tree.Publish(ctx, path, b) })
}

func (t effectTree) Unpublish(ctx context.Context, path string) error {
	return t.effects.do("unpublish "+path, func() error { return t.Tree.Unpublish(ctx, path) })
}

func (t effectTree) Sync(ctx context.Context, paths []string) error {
	return t.effects.do("sync tree", func() error { return t.Tree.Sync(ctx, paths) })
}
