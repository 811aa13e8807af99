// Package mem is the store's drivers in memory: the reference implementation, for tests.
package mem

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// Blobs is a store.Blobs in memory. Like a disk it knows two states: what is in place,
// and what a power loss would leave.
type Blobs struct {
	mu      sync.Mutex
	inPlace map[message.Digest]kept
	durable map[message.Digest]kept
}

var _ store.Blobs = (*Blobs)(nil)

// kept are the bytes of a blob, and when they were kept.
type kept struct {
	bytes []byte
	at    time.Time
}

// NewBlobs returns a Blobs without any blob.
func NewBlobs() *Blobs {
	return &Blobs{inPlace: map[message.Digest]kept{}, durable: map[message.Digest]kept{}}
}

// LosePower takes everything back that happened since the last Barrier.
func (b *Blobs) LosePower() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inPlace = maps.Clone(b.durable)
}

// Create implements store.Blobs.
func (b *Blobs) Create(ctx context.Context) (store.Upload, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &upload{blobs: b}, nil
}

// Open implements store.Blobs.
func (b *Blobs) Open(ctx context.Context, d message.Digest) (store.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.inPlace[d]
	if !ok {
		return nil, fmt.Errorf("blob %s: %w", d, fault.ErrNotFound)
	}
	return blob{bytes.NewReader(k.bytes)}, nil
}

// Barrier implements store.Blobs.
func (b *Blobs) Barrier(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.durable = maps.Clone(b.inPlace)
	return nil
}

// Delete implements store.Blobs.
func (b *Blobs) Delete(ctx context.Context, d message.Digest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.inPlace, d)
	return nil
}

// All implements store.Blobs.
func (b *Blobs) All(ctx context.Context) iter.Seq2[store.BlobInfo, error] {
	return func(yield func(store.BlobInfo, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(store.BlobInfo{}, err)
			return
		}
		for d, k := range b.snapshot() {
			if !yield(store.BlobInfo{Digest: d, Size: int64(len(k.bytes)), Written: k.at}, nil) {
				return
			}
		}
	}
}

func (b *Blobs) snapshot() map[message.Digest]kept {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.inPlace)
}

// upload implements store.Upload.
type upload struct {
	blobs  *Blobs // nil: it has ended
	buf    bytes.Buffer
	closed bool
}

func (u *upload) Write(p []byte) (int, error) {
	if u.blobs == nil || u.closed {
		return 0, fmt.Errorf("write to an upload that has ended: %w", fs.ErrClosed)
	}
	return u.buf.Write(p)
}

func (u *upload) Close() error {
	u.closed = true
	return nil
}

func (u *upload) Keep(ctx context.Context, d message.Digest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.blobs == nil {
		return fmt.Errorf("keep an upload that has ended: %w", fs.ErrClosed)
	}
	b := u.blobs
	u.blobs = nil
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inPlace[d] = kept{slices.Clip(u.buf.Bytes()), time.Now()}
	return nil
}

func (u *upload) Discard() error {
	u.blobs = nil
	return nil
}

// blob implements store.Blob; bytes.Reader.Size is its size.
type blob struct{ *bytes.Reader }

func (b blob) Close() error { return nil }
