package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// Staging holds the bytes of one item until it is known which of them are wanted. It is
// for one goroutine. Close it when the item is settled.
type Staging struct {
	blobs   Blobs
	uploads map[message.Digest]Upload
	kept    map[message.Digest]int64 // written by us; durable after the next barrier
	keptAt  time.Time                // no later than the first of them was put in place
	relied  map[message.Digest]bool  // in place, with a live row when we looked
	seen    *sighting                // nil where we must look
	// failures is how many barriers had failed when we began. A file system tells of an
	// error once: after one more, our bytes are not to be believed either.
	failures int64
}

// Stage begins a staging.
func (s *Store) Stage() *Staging {
	return &Staging{
		blobs:   s.blobs,
		uploads: map[message.Digest]Upload{},
		kept:    map[message.Digest]int64{},
		relied:  map[message.Digest]bool{},

		failures: s.failures.Load(),
	}
}

// Write stages the bytes that f writes; f returns what it wrote.
func (g *Staging) Write(ctx context.Context, f func(io.Writer) (message.Content, error)) (message.Content, error) {
	up, err := g.blobs.Create(ctx)
	if err != nil {
		return message.Content{}, fmt.Errorf("stage a blob: %w", err)
	}
	c, err := f(up)
	if err == nil {
		err = up.Close()
	}
	if err != nil || g.uploads[c.Digest] != nil {
		return c, errors.Join(err, up.Discard())
	}
	g.uploads[c.Digest] = up
	return c, nil
}

// Close discards the bytes that nobody wanted.
func (g *Staging) Close() error {
	var errs []error
	for _, up := range g.uploads {
		errs = append(errs, up.Discard())
	}
	clear(g.uploads)
	return errors.Join(errs...)
}

// sighting is what the rows of blobs said at a time.
type sighting struct {
	at     time.Time // no later
	states map[message.Digest]BlobState
}

// sightTime is how long a sighting serves. It is far shorter than doomTime.
const sightTime = time.Minute

// look asks for the rows of blobs.
func (s *Store) look(tx Tx, digests iter.Seq[message.Digest]) (*sighting, error) {
	seen := &sighting{at: s.time(), states: map[message.Digest]BlobState{}}
	for d := range digests {
		state, err := tx.BlobState(d)
		if err != nil {
			return nil, err
		}
		seen.states[d] = state
	}
	return seen, nil
}

// sight returns what the rows of the wanted blobs say. What was seen before serves once:
// whoever comes again has found it to be out of date.
func (s *Store) sight(ctx context.Context, g *Staging, wanted map[message.Digest]int64) (seen *sighting, err error) {
	seen, g.seen = g.seen, nil
	if seen != nil && s.time().Sub(seen.at) < sightTime && seen.hasAll(wanted) {
		return seen, nil
	}
	err = s.catalog.View(ctx, func(tx Tx) error {
		seen, err = s.look(tx, maps.Keys(wanted))
		return err
	})
	return seen, err
}

func (seen *sighting) hasAll(wanted map[message.Digest]int64) bool {
	for d := range wanted {
		if _, ok := seen.states[d]; !ok {
			return false
		}
	}
	return true
}

// keep puts the wanted bytes in place under their digests, except those that a live row
// answers for already. A sweep leaves alone what is put there for the next half hour.
func (s *Store) keep(ctx context.Context, g *Staging, wanted map[message.Digest]int64) error {
	seen, err := s.sight(ctx, g, wanted)
	if err != nil {
		return fmt.Errorf("look up blobs: %w", err)
	}
	if len(g.kept) == 0 {
		g.keptAt = seen.at
	}
	doomed := map[message.Digest]int64{}
	for d, size := range wanted {
		if seen.states[d] == BlobDoomed {
			doomed[d] = size
		}
	}
	if len(doomed) > 0 {
		if err := s.reprieve(ctx, doomed); err != nil {
			return fmt.Errorf("look up blobs: %w", err)
		}
	}
	clear(g.relied)
	for d, size := range wanted {
		if _, ours := g.kept[d]; ours {
			continue
		}
		if seen.states[d] == BlobLive {
			inPlace, err := s.inPlace(ctx, d, size)
			if err != nil {
				return err
			}
			if inPlace {
				g.relied[d] = true
				continue
			}
		}
		up := g.uploads[d]
		if up == nil {
			return fmt.Errorf("blob %s was never staged", d)
		}
		if err := up.Keep(ctx, d); err != nil {
			return fmt.Errorf("keep blob %s: %w", d, err)
		}
		g.kept[d] = size
	}
	return nil
}

// inPlace reports whether a blob that has a row is there in its full size. Where it is
// not, somebody has harmed the store, and the bytes in hand mend it.
func (s *Store) inPlace(ctx context.Context, d message.Digest, size int64) (bool, error) {
	b, err := s.blobs.Open(ctx, d)
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("blob %s: %w", d, err)
	}
	return b.Size() == size, b.Close()
}
