package main

import (
	"context"
	"io/fs"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"mailchute/pkg/durable"
	"mailchute/pkg/message"
	"mailchute/store"
)

// stage sums up the time that goes by in calls of one kind. They may run side by side.
type stage struct {
	name, what string
	calls      atomic.Int64
	nanos      atomic.Int64
}

func (s *stage) since(began time.Time) {
	s.calls.Add(1)
	s.nanos.Add(int64(time.Since(began)))
}

// stages are the watches of a run, and what it wrote.
type stages struct {
	claim, open, lookup, blobs, barrier, rows, tree, remove stage

	mu     sync.Mutex
	groups [][]int64 // sizes of the blobs that each barrier made durable
	group  []int64   // of those since the last one
}

func newStages() *stages {
	s := &stages{}
	s.claim.name, s.claim.what = "claim", "listing the drop folder, renames into the claim folder"
	s.open.name, s.open.what = "open", "opening drop files"
	s.lookup.name, s.lookup.what = "lookup", "reading the catalog: libraries, senders, outcomes, blobs"
	s.blobs.name, s.blobs.what = "extract", "reading, decoding, hashing and writing what is filed"
	s.barrier.name, s.barrier.what = "barrier", "making the blobs of a group durable"
	s.rows.name, s.rows.what = "commit", "the rows of a group, in one transaction"
	s.tree.name, s.tree.what = "tree", "links in the library folders, and their sync"
	s.remove.name, s.remove.what = "remove", "removing drop files"
	return s
}

// all returns the stages in the order of a message's way.
func (s *stages) all() []*stage {
	return []*stage{&s.claim, &s.open, &s.lookup, &s.blobs, &s.barrier, &s.rows, &s.tree, &s.remove}
}

// kept notes a blob.
func (s *stages) kept(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.group = append(s.group, size)
}

// endGroup notes that what was kept becomes durable.
func (s *stages) endGroup() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.group) > 0 {
		s.groups = append(s.groups, s.group)
		s.group = nil
	}
}

// timedFolder watches a drop folder.
type timedFolder struct {
	durable.FS
	*stages
}

func (f timedFolder) List(name string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		began := time.Now()
		for entry, err := range f.FS.List(name) {
			f.claim.since(began)
			if !yield(entry, err) {
				return
			}
			began = time.Now()
		}
		f.claim.since(began)
	}
}

func (f timedFolder) Rename(oldname, newname string) error {
	defer f.claim.since(time.Now())
	return f.FS.Rename(oldname, newname)
}

func (f timedFolder) Mkdir(name string, perm fs.FileMode) error {
	defer f.claim.since(time.Now())
	return f.FS.Mkdir(name, perm)
}

func (f timedFolder) SyncDir(name string) error {
	defer f.claim.since(time.Now())
	return f.FS.SyncDir(name)
}

func (f timedFolder) Open(name string) (durable.File, error) {
	defer f.open.since(time.Now())
	return f.FS.Open(name)
}

func (f timedFolder) Remove(name string) error {
	defer f.remove.since(time.Now())
	return f.FS.Remove(name)
}

// timedBlobs watches a store's bytes. The time of an upload is that from its start to its
// end: who writes it reads, decodes and hashes meanwhile.
type timedBlobs struct {
	store.Blobs
	*stages
}

func (b timedBlobs) Create(ctx context.Context) (store.Upload, error) {
	began := time.Now()
	up, err := b.Blobs.Create(ctx)
	if err != nil {
		return nil, err
	}
	return &timedUpload{Upload: up, stages: b.stages, began: began}, nil
}

func (b timedBlobs) Barrier(ctx context.Context) error {
	b.endGroup()
	defer b.barrier.since(time.Now())
	return b.Blobs.Barrier(ctx)
}

func (b timedBlobs) Open(ctx context.Context, d message.Digest) (store.Blob, error) {
	defer b.tree.since(time.Now())
	return b.Blobs.Open(ctx, d)
}

type timedUpload struct {
	store.Upload
	*stages
	began time.Time
	ended bool
	size  int64
}

func (u *timedUpload) Write(p []byte) (int, error) {
	n, err := u.Upload.Write(p)
	u.size += int64(n)
	return n, err
}

func (u *timedUpload) Close() error {
	if !u.ended {
		u.ended = true
		defer u.blobs.since(u.began)
	}
	return u.Upload.Close()
}

func (u *timedUpload) Keep(ctx context.Context, d message.Digest) error {
	defer u.blobs.since(time.Now())
	err := u.Upload.Keep(ctx, d)
	if err == nil {
		u.kept(u.size)
	}
	return err
}

// timedCatalog watches a store's rows.
type timedCatalog struct {
	store.Catalog
	*stages
}

func (c timedCatalog) View(ctx context.Context, f func(store.Tx) error) error {
	defer c.lookup.since(time.Now())
	return c.Catalog.View(ctx, f)
}

func (c timedCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	defer c.rows.since(time.Now())
	return c.Catalog.Update(ctx, f)
}

// timedTree watches a store's library folders.
type timedTree struct {
	store.Tree
	*stages
}

func (t timedTree) Publish(ctx context.Context, path string, b store.Blob) error {
	defer t.tree.since(time.Now())
	return t.Tree.Publish(ctx, path, b)
}

func (t timedTree) Sync(ctx context.Context, paths []string) error {
	defer t.tree.since(time.Now())
	return t.Tree.Sync(ctx, paths)
}
