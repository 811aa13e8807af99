package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/sqlite"
)

// So many farms are verified so often while they work: young ones, since verify reads all
// that is there.
const (
	farmsAtWork  = 5
	verifyRounds = 20
)

// Whatever other processes do meanwhile, verify finds no fault in it: they file and
// overwrite, hold, release and refuse, sweep, open and close runs, begin and end.
func TestVerifyBesideAFarmAtWork(t *testing.T) {
	t.Parallel()
	for name, catalogs := range map[string]func(*testing.T) func() (store.Catalog, error){
		"in memory": func(*testing.T) func() (store.Catalog, error) {
			one := mem.NewCatalog()
			return func() (store.Catalog, error) { return one, nil }
		},
		"in SQLite": func(t *testing.T) func() (store.Catalog, error) {
			path := filepath.Join(t.TempDir(), "catalog.db")
			return func() (store.Catalog, error) { return sqlite.Open(t.Context(), path) }
		},
	} {
		for farm := range uint64(farmsAtWork) {
			t.Run(fmt.Sprint(name, " ", farm), func(t *testing.T) {
				t.Parallel()
				verifyAtWork(t, catalogs(t), farm)
			})
		}
	}
}

func verifyAtWork(t *testing.T, open func() (store.Catalog, error), seed uint64) {
	t.Helper()
	c := &clock{}
	f := newFarm(t, func(o *store.Options) { o.Now, o.Catalog = c.now, must(open()) })
	defer func() { f.must(f.Close()) }()
	f.must(f.SetSettings(t.Context(), map[string]string{"held_keep": "1h", "runs_keep": "30m"}))
	f.keepVersions(2)
	f.closeRun()
	works := []work{fileSome, fileSome, answerHeld, sweepOnce}
	for round := range verifyRounds {
		var wg sync.WaitGroup
		errs := make([]error, len(works))
		for i, do := range works {
			r := rand.New(rand.NewPCG(seed, uint64(round*len(works)+i)))
			wg.Go(func() { errs[i] = f.process(open, c, do, r) })
		}
		found := f.faults()
		wg.Wait()
		if err := errors.Join(errs...); err != nil || found != nil {
			t.Fatalf("round %d: got faults %q and error %v, want neither", round, found, err)
		}
		c.pass(10 * time.Minute)
	}
	f.verify()
}

// work is what a process does in a run.
type work func(f *farm, s *store.Store, run store.Run, r *rand.Rand) error

// process does some work in a run of its own, and ends.
func (f *farm) process(open func() (store.Catalog, error), c *clock, do work, r *rand.Rand) error {
	catalog, err := open()
	if err != nil {
		return err
	}
	s, err := store.Open(f.Context(), store.Options{Catalog: catalog, Blobs: f.blobs, Tree: f.tree, Locks: f.locks, Actor: "other", Now: c.now})
	if err != nil {
		return err
	}
	if _, err := s.Publish(f.Context()); err != nil { // as the job does first
		return errors.Join(err, s.Close())
	}
	run, err := s.OpenRun(f.Context(), event.JobSweep, "manual")
	if err == nil {
		err = do(f, s, run, r)
	}
	if err == nil {
		_, err = s.CloseRun(f.Context(), run.ID, store.Backlog{})
	}
	return errors.Join(err, s.Close())
}

// fileSome files or holds messages, some of them copies, under few names.
func fileSome(f *farm, s *store.Store, run store.Run, r *rand.Rand) error {
	for range 2 {
		l := letter{key: fmt.Sprint(r.IntN(1000)), names: []string{fmt.Sprint(r.IntN(5))}, overwrite: true}
		if r.IntN(3) == 0 {
			l.to, l.held, l.names = fmt.Sprintf("x%d@case.test", r.IntN(3)), fault.UnknownAddress, nil
		}
		st, err := f.stage(s, l)
		if err == nil {
			st.Run = run.ID
			var done store.Settled
			done, err = s.Settle(f.Context(), st)
			err = errors.Join(err, done.Tree)
		}
		if err := errors.Join(err, st.Staging.Close()); err != nil {
			return err
		}
	}
	return nil
}

// answerHeld releases or refuses a message that is held.
func answerHeld(f *farm, s *store.Store, _ store.Run, r *rand.Rand) error {
	all, err := s.HeldMail(f.Context(), store.HeldWaiting)
	if err != nil || len(all) == 0 {
		return err
	}
	h := all[r.IntN(len(all))]
	if r.IntN(2) == 0 {
		err = s.Refuse(f.Context(), h.ID)
	} else {
		err = releaseHeld(f, s, h)
	}
	if errors.Is(err, fault.ErrConflict) || errors.Is(err, fault.ErrNotFound) {
		return nil // a sweep was faster
	}
	return err
}

func releaseHeld(f *farm, s *store.Store, h store.HeldMail) error {
	b, err := s.OpenHeld(f.Context(), h)
	if err != nil {
		return err
	}
	g := s.Stage()
	content, err := g.Write(f.Context(), copyOf(b))
	if err := errors.Join(err, b.Close()); err != nil {
		return err
	}
	_, err = s.Release(f.Context(), store.Release{
		Held: h, Staging: g,
		Decided: store.Decided{Library: "in", Author: "alice", Drafts: []library.Draft{{Name: "released", Part: "1", Content: content}}},
	})
	return errors.Join(err, g.Close())
}

func sweepOnce(f *farm, s *store.Store, run store.Run, _ *rand.Rand) error {
	return s.Sweep(f.Context(), run.ID)
}
