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

// pending is a settlement that waits for its commit.
type pending struct {
	Settlement
	released     *HeldMail // the held message that it releases; nil: it settles
	forced       bool      // released with --force
	wake         chan wake // says once whether to lead; with done, settled and err are final
	settled      Settled
	publications []Publication
	isNew        bool              // its item was put by this settlement
	over         bool              // the sender's hour is full: nothing was written
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

// wake is what an item that waits is told.
type wake bool

const (
	lead wake = true  // it is the first that waits: take a group through the stages
	done wake = false // somebody has
)

// stage is a later stage of a commit. It holds one token: whoever has it is in it.
type stage chan struct{}

func newStage() stage   { return make(stage, 1) }
func (st stage) enter() { st <- struct{}{} }
func (st stage) leave() { <-st }

// commit queues p and waits until it is settled. Whoever finds nobody in the first stage
// leads what waits through all of them, and whoever leaves it makes the first that waits
// then the next leader: there is no timer, and a lone item never waits.
func (s *Store) commit(ctx context.Context, p *pending) {
	p.wake = make(chan wake, 1)
	s.coming.Add(1)
	s.mu.Lock()
	s.queue = append(s.queue, p)
	first := !s.syncing
	s.syncing = true
	s.mu.Unlock()
	if first || <-p.wake == lead {
		s.commitGroup(ctx, s.nextGroup())
	}
}

// nextGroup takes what waits, oldest first, within the bounds of a group. The leader's
// own item is the first.
func (s *Store) nextGroup() []*pending {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// leaveSync lets the next group into the first stage.
func (s *Store) leaveSync() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.syncing = len(s.queue) > 0; s.syncing {
		s.queue[0].wake <- lead
	}
}

// commitGroup does the write order for a group: one barrier, one transaction, then the
// tree. The next group's barrier runs beside this one's transaction, and so on. A group
// enters a stage before it leaves the one behind: so groups stay in their order, what
// failed goes through with the others, and the slower a stage, the larger are the groups.
func (s *Store) commitGroup(ctx context.Context, group []*pending) {
	guarded(group, failed, func() { s.syncGroup(ctx, group) })
	s.writing.enter()
	s.leaveSync()
	guarded(group, failed, func() { s.writeGroup(ctx, group) })
	s.showing.enter()
	s.writing.leave()
	s.coming.Add(-int64(len(group)))
	guarded(group, notShown, func() { s.showGroup(ctx, group) })
	s.showing.leave()
	for _, p := range group[1:] {
		p.wake <- done
	}
}

// guarded does a stage's work. What panics is said of each item: those who wait for it
// must hear.
func guarded(group []*pending, say func(*pending, error), work func()) {
	defer func() {
		if r := recover(); r != nil {
			for _, p := range group {
				say(p, fmt.Errorf("panic: %v", r))
			}
		}
	}()
	work()
}

// failed says that an item was not settled.
func failed(p *pending, err error) { p.err = down(err) }

// notShown says that an item was settled, and what kept it from being shown.
func notShown(p *pending, err error) { p.settled.Tree = errors.Join(p.settled.Tree, err) }

// errSuspect: bytes were written before a barrier failed.
var errSuspect = errors.New("the disk failed while the message was being stored")

// barrier makes durable what was put in place. A failure makes everything suspect that was
// written and is not durable yet, whoever waits for it.
func (s *Store) barrier(ctx context.Context) error {
	err := s.blobs.Barrier(ctx)
	if err != nil {
		s.failures.Add(1)
	}
	return err
}

// syncGroup makes the group's new bytes durable. After a failure none of them counts, nor
// do those that were written before it and wait for a later group, whatever the barrier
// of that group will say. What an earlier group's own barrier has made durable stays so.
func (s *Store) syncGroup(ctx context.Context, group []*pending) {
	if !slices.ContainsFunc(group, (*pending).wroteBlobs) {
		return
	}
	err := s.barrier(ctx)
	if err != nil {
		err = down(fmt.Errorf("make blobs durable: %w", err))
	}
	for _, p := range group {
		p.err = err
		if err == nil && p.wroteBlobs() && p.Staging.failures != s.failures.Load() {
			p.err = down(errSuspect)
		}
	}
}

// writeGroup writes all rows of the group in one transaction. An item whose rows cannot be
// written leaves the group alone: that is rare, and the undo of a savepoint for each costs
// more than the rows, so only a second try has them.
func (s *Store) writeGroup(ctx context.Context, group []*pending) {
	var durable []*pending
	for _, p := range group {
		if p.err == nil {
			durable = append(durable, p)
		}
	}
	if len(durable) == 0 {
		return
	}
	var own error // an item's
	err := s.writeItems(ctx, durable, func(_ Tx, p *pending, write func() error) error {
		own = write()
		return own
	})
	if own != nil {
		err = s.writeItems(ctx, durable, func(tx Tx, p *pending, write func() error) error {
			p.err = tx.Savepoint(write)
			return nil
		})
	}
	if err == nil {
		return
	}
	for _, p := range durable {
		p.err = down(fmt.Errorf("commit: %w", err))
	}
}

// writeItems writes the rows of items, each by a call of each, which calls write.
func (s *Store) writeItems(ctx context.Context, items []*pending, each func(tx Tx, p *pending, write func() error) error) error {
	return s.updateAndClear(ctx, func(tx Tx) error {
		// In here, where no sweep is at work and whatever went before: settleBlobs compares
		// it with the time at which the bytes were put in place.
		now := s.time()
		books := map[string]error{}
		for _, p := range items {
			if err := each(tx, p, func() error { return s.writeRows(tx, p, now, books) }); err != nil {
				return err
			}
		}
		return nil
	})
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
