// Package store keeps what mailchute knows: documents, held mail, the books and the
// catalog of libraries and people. Store has every rule, once; the drivers below it keep
// rows (Catalog), bytes (Blobs) and plain files (Tree), and know no rule at all.
//
// The write order is the one invariant: blobs, then all rows of an item in one
// transaction, then the tree, then (by the caller) the drop file.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// Options are what a Store is made of.
type Options struct {
	Catalog Catalog
	Blobs   Blobs
	Tree    Tree
	// Locks is a folder in which this process locks a file of its own, so that others
	// can tell whether it lives.
	Locks durable.FS
	// Actor is who changes the catalog, for the record: the operating system's user.
	Actor string
	// Now is the clock; time.Now where nil.
	Now func() time.Time
}

// Store is safe for concurrent use. Several processes may each open one on the same
// data folder.
type Store struct {
	catalog Catalog
	blobs   Blobs
	tree    Tree
	actor   string
	host    string
	now     func() time.Time
	process *process

	mu        sync.Mutex // guards queue, syncing, uncleared and leases
	queue     []*pending
	syncing   bool             // a group is in the first stage of a commit
	uncleared []Publication    // shown, or failed: their rows are cleared or put anew by a later transaction
	leases    map[string]Lease // that this process has
	coming    atomic.Int64     // items in the queue or in a group that is not showing yet
	failures  atomic.Int64     // barriers that failed

	// The later stages of a commit, in their order.
	writing, showing stage

	unsynced []shown // in the tree, maybe not durable there; for whoever is showing
}

// DefaultSite is the site that exists from the start.
const DefaultSite = "default"

// Open makes a Store of its drivers and locks the process's own lock file.
func Open(ctx context.Context, o Options) (*Store, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("name of this host: %w", err)
	}
	p, err := newProcess(o.Locks)
	if err != nil {
		return nil, err
	}
	s := &Store{
		catalog: o.Catalog, blobs: o.Blobs, tree: o.Tree,
		actor: o.Actor, host: host, now: o.Now, process: p,
		writing: newStage(), showing: newStage(),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.addDefaultSite(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return s, nil
}

// addDefaultSite adds the site that every catalog has.
func (s *Store) addDefaultSite(ctx context.Context) error {
	sites, err := s.Sites(ctx)
	if err != nil || slices.ContainsFunc(sites, func(site library.Site) bool { return site.Name == DefaultSite }) {
		return err
	}
	err = s.AddSite(ctx, library.Site{Name: DefaultSite, Title: "Default"})
	if errors.Is(err, fault.ErrConflict) {
		return nil // another process was faster
	}
	return err
}

// Close gives the process's lock back and closes the catalog. No other method may be
// running.
func (s *Store) Close() error {
	ctx := context.Background()
	return errors.Join(s.syncTree(ctx), s.clearNow(ctx), s.process.close(), s.catalog.Close())
}

// time returns the clock's time as rows keep it.
func (s *Store) time() time.Time { return s.now().UTC().Truncate(time.Microsecond) }
