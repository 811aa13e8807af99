package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The bounds of a group: so many items, or so many new bytes.
const (
	groupItems = 200
	groupBytes = 64 << 20
)

// pending is a settlement that waits for the committer.
type pending struct {
	Settlement
	released     *HeldMail     // the held message that it releases; nil: it settles
	done         chan struct{} // closed when settled and err are final
	settled      Settled
	publications []Publication
	filedIn      map[string]string // library: the recipient for whom it has the message
	err          error
}

// wroteBlobs reports whether the item needs a barrier.
func (p *pending) wroteBlobs() bool { return p.Staging != nil && len(p.Staging.kept) > 0 }

func (p *pending) newBytes() (n int64) {
	if !p.wroteBlobs() {
		return 0
	}
	for _, size := range p.Staging.kept {
		n += size
	}
	return n
}

// commit queues p and waits until it is settled. Whoever finds no committer at work
// becomes it, for one group after the other until its own item is done: there is no
// timer, and a lone item never waits.
func (s *Store) commit(ctx context.Context, p *pending) {
	s.waiting.Lock()
	s.queue = append(s.queue, p)
	s.waiting.Unlock()
	for {
		select {
		case <-p.done:
			return
		case s.committer <- struct{}{}:
			s.commitGroup(ctx, s.nextGroup())
			<-s.committer
		}
	}
}

// nextGroup takes what waits, oldest first, within the bounds of a group.
func (s *Store) nextGroup() []*pending {
	s.waiting.Lock()
	defer s.waiting.Unlock()
	var size int64
	n := 0
	for n < len(s.queue) && n < groupItems && (n == 0 || size+s.queue[n].newBytes() <= groupBytes) {
		size += s.queue[n].newBytes()
		n++
	}
	group := s.queue[:n:n]
	s.queue = append([]*pending(nil), s.queue[n:]...)
	return group
}

// commitGroup does the write order for a group: one barrier, one transaction, then the
// tree. An item whose rows cannot be written leaves the group alone.
func (s *Store) commitGroup(ctx context.Context, group []*pending) {
	if len(group) == 0 {
		return
	}
	err := s.barrier(ctx, group)
	if err == nil {
		err = s.writeGroup(ctx, group)
	}
	if err != nil {
		for _, p := range group {
			p.err = err
		}
	} else {
		s.showGroup(ctx, group)
	}
	for _, p := range group {
		close(p.done)
	}
}

// barrier makes the group's new bytes durable. After a failure none of them counts, nor
// do those that wait for a later group.
func (s *Store) barrier(ctx context.Context, group []*pending) error {
	if !slices.ContainsFunc(group, (*pending).wroteBlobs) {
		return nil
	}
	if err := s.blobs.Barrier(ctx); err != nil {
		s.failures.Add(1)
		return down(fmt.Errorf("make blobs durable: %w", err))
	}
	return nil
}

// errSuspect: bytes were written before a barrier failed.
var errSuspect = errors.New("the disk failed while the message was being stored")

// believed fails an item whose bytes a failed barrier has made doubtful.
func (s *Store) believed(p *pending) error {
	if p.wroteBlobs() && p.Staging.failures != s.failures.Load() {
		return down(errSuspect)
	}
	return nil
}

// writeGroup writes all rows of the group in one transaction, each item in a savepoint.
func (s *Store) writeGroup(ctx context.Context, group []*pending) error {
	err := s.catalog.Update(ctx, func(tx Tx) error {
		now := s.time() // in here, where no sweep is at work: settleBlobs compares it
		books := map[string]error{}
		for _, p := range group {
			if p.err = s.believed(p); p.err == nil {
				p.err = tx.Savepoint(func() error { return s.writeRows(tx, p, now, books) })
			}
		}
		return clearShown(tx, s.shown)
	})
	if err != nil {
		return down(fmt.Errorf("commit: %w", err))
	}
	s.shown = nil
	return nil
}

// writeRows writes the rows of one item.
func (s *Store) writeRows(tx Tx, p *pending, now time.Time, books map[string]error) error {
	if p.released != nil {
		return s.release(tx, p, now)
	}
	if err := booksOpen(tx, p.Run, books); err != nil {
		return err
	}
	return s.settle(tx, p, now)
}

// showGroup shows the group's documents in the tree. Their publication rows are cleared
// by the next transaction, whatever that is for: showing a document twice is harmless.
func (s *Store) showGroup(ctx context.Context, group []*pending) {
	var pubs []Publication
	for _, p := range group {
		if p.err == nil {
			pubs = append(pubs, p.publications...)
		}
	}
	shown, failed := s.show(ctx, pubs)
	s.shown = append(s.shown, shown...)
	for _, p := range group {
		for _, pub := range p.publications {
			p.settled.Tree = errors.Join(p.settled.Tree, failed[pub])
		}
	}
}
