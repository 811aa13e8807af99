// Package dirblob keeps blobs as files in a folder, named by their digests:
//
//	ab/cdef…   a blob, read-only; the first two digits are its shard, made when needed
//	tmp/…      uploads, each process's in a folder of its own; small ones have a file
//	           there only from Keep on, until it has its name
//
// Folders have mode 0700, since held mail is among the blobs; files have 0444, since a
// tree may link them to where people read them. The umask takes its part of both.
package dirblob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sync/atomic"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// Blobs implements store.Blobs on a folder. Several processes may use one folder. Names
// in it that are not those of blobs are left alone.
type Blobs struct {
	fsys  durable.FS
	tmp   *durable.Scratch
	held  atomic.Int64 // bytes of uploads in memory
	fresh fresh
}

var _ store.Blobs = (*Blobs)(nil)

// Open opens the folder and removes the uploads of processes that have died. It does
// not take fsys over, which must stay open until Close.
func Open(fsys durable.FS) (*Blobs, error) {
	tmp, err := durable.OpenScratch(fsys, "tmp")
	if err != nil {
		return nil, fmt.Errorf("open blobs: %w", err)
	}
	return &Blobs{fsys: fsys, tmp: tmp}, nil
}

// Close discards the uploads that have not ended.
func (b *Blobs) Close() error { return b.tmp.Close() }

// Open implements store.Blobs; the blob is a store.FileBlob.
func (b *Blobs) Open(ctx context.Context, d message.Digest) (store.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := b.fsys.Open(blobPath(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %s: %w", d, fault.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("size of blob %s: %w", d, err), f.Close())
	}
	return &blob{file: f, size: info.Size()}, nil
}

// Barrier implements store.Blobs.
func (b *Blobs) Barrier(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := b.fsys.Barrier()
	if err != nil {
		b.fresh.fail()
	}
	return err
}

// Delete implements store.Blobs.
func (b *Blobs) Delete(ctx context.Context, d message.Digest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.fsys.Remove(blobPath(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

// All implements store.Blobs.
func (b *Blobs) All(ctx context.Context) iter.Seq2[store.BlobInfo, error] {
	return func(yield func(store.BlobInfo, error) bool) {
		for shard := range 256 {
			for info, err := range b.shard(ctx, fmt.Sprintf("%02x", shard)) {
				if !yield(info, err) || err != nil {
					return
				}
			}
		}
	}
}

// shard yields the blobs in one shard; an error is the last.
func (b *Blobs) shard(ctx context.Context, shard string) iter.Seq2[store.BlobInfo, error] {
	return func(yield func(store.BlobInfo, error) bool) {
		for entry, err := range b.fsys.List(shard) {
			if errors.Is(err, fs.ErrNotExist) {
				return
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(store.BlobInfo{}, fmt.Errorf("list blobs: %w", err))
				return
			}
			d, err := message.ParseDigest(shard + entry.Name())
			if err != nil || !entry.Type().IsRegular() || blobPath(d) != shard+"/"+entry.Name() {
				continue // a stranger's
			}
			info, err := b.fsys.Lstat(blobPath(d))
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted since
			}
			if err != nil {
				yield(store.BlobInfo{}, fmt.Errorf("list blobs: %w", err))
				return
			}
			if !yield(store.BlobInfo{Digest: d, Size: info.Size(), Written: info.ModTime()}, nil) {
				return
			}
		}
	}
}

// blobPath returns where a blob is.
func blobPath(d message.Digest) string {
	s := d.String()
	return s[:2] + "/" + s[2:]
}

// blob implements store.FileBlob.
type blob struct {
	file durable.File
	size int64
}

var _ store.FileBlob = (*blob)(nil)

func (b *blob) Read(p []byte) (int, error)              { return b.file.Read(p) }
func (b *blob) ReadAt(p []byte, off int64) (int, error) { return b.file.ReadAt(p, off) }
func (b *blob) Close() error                            { return b.file.Close() }
func (b *blob) Size() int64                             { return b.size }
func (b *blob) File() durable.File                      { return b.file }
