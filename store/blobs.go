package store

import (
	"context"
	"io"
	"iter"
	"time"

	"mailchute/pkg/durable"
	"mailchute/pkg/message"
)

// Blobs is the driver that keeps bytes, named by their SHA-256.
// storetest.TestBlobs holds every maker to this contract.
type Blobs interface {
	// Create opens an upload. Nothing of it is seen under a digest before Keep.
	Create(ctx context.Context) (Upload, error)
	// Open returns the bytes: fault.ErrNotFound.
	Open(ctx context.Context, d message.Digest) (Blob, error)
	// Barrier makes durable all that was kept before the call. After an error none of
	// it may be believed, and a second call proves nothing.
	Barrier(ctx context.Context) error
	// Delete removes a blob; nil where there is none.
	Delete(ctx context.Context, d message.Digest) error
	// All yields every blob in place, in no order.
	All(ctx context.Context) iter.Seq2[BlobInfo, error]
}

// Upload is a blob being written. It ends with Keep or Discard; Discard after Keep does
// nothing, so it can be deferred.
type Upload interface {
	io.Writer
	// Close ends the writing and gives back what that took: many uploads may then wait
	// for Keep. A second Close does nothing.
	Close() error
	// Keep closes and gives the bytes the name of their digest, which the caller has
	// computed while writing; the next Barrier makes them durable. Bytes found in place under that name
	// are not believed: they are replaced by these, in such a way that either ones are
	// durable whenever the others may have been relied on. Only the same bytes that this
	// maker has just put there itself may stay, as long as no Barrier of it has failed.
	Keep(ctx context.Context, d message.Digest) error
	Discard() error
}

// Blob is an open blob.
type Blob interface {
	io.Reader
	io.ReaderAt
	io.Closer
	Size() int64
}

// FileBlob is a Blob that is a file, which a tree can link.
type FileBlob interface {
	Blob
	File() durable.File
}

// BlobInfo describes a blob in place.
type BlobInfo struct {
	Digest  message.Digest
	Size    int64
	Written time.Time // when its bytes were written
}

// Tree is the driver that shows documents as plain files. storetest.TestTree holds
// every maker to this contract. Paths are those of TreePath.
type Tree interface {
	// Publish shows the blob's bytes at path, whatever was there before, read-only.
	// It never follows a link, and no half file is ever seen.
	Publish(ctx context.Context, path string, b Blob) error
	// Unpublish removes the file at path; nil where there is none.
	Unpublish(ctx context.Context, path string) error
	// Sync makes durable what was published and unpublished at these paths.
	Sync(ctx context.Context, paths []string) error
	// Check says whether the file at path has b's bytes: fault.ErrNotFound where there
	// is none, fault.ErrStale where it has others.
	Check(ctx context.Context, path string, b Blob) error
	// Open returns the bytes of the file at path: fault.ErrNotFound where there is none. A
	// link or a folder there is an error.
	Open(ctx context.Context, path string) (io.ReadCloser, error)
	// All yields the path of every file, in no order.
	All(ctx context.Context) iter.Seq2[string, error]
}
