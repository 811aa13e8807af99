package incoming_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/sqlite"
	"mailchute/store/storetest"
	"mailchute/store/tree"
)

// noTime asks for runs of all times.
var noTime time.Time

// process is what one process opens on a data folder.
type process struct {
	catalog store.Catalog
	store   *store.Store
	job     *incoming.Job
	closers []io.Closer
}

// openProcess opens the store and makes the job, as a new process would. Where effects is
// not nil, every change of a file and every commit is one of its effects.
func openProcess(ctx context.Context, dir string, o incoming.Options, effects *storetest.Effects) (*process, error) {
	s := seams{folder: durable.Open, catalog: func(c store.Catalog) store.Catalog { return c }}
	if effects != nil {
		s.folder = func(path string) (durable.FS, error) {
			fsys, err := durable.Open(path)
			if err != nil {
				return nil, err
			}
			return effects.FS(fsys), nil
		}
		s.catalog = effects.Catalog
	}
	o.OpenFolder = s.folder
	return openThrough(ctx, dir, o, s)
}

// seams are what a process opens its store through.
type seams struct {
	folder  func(path string) (durable.FS, error)
	catalog func(store.Catalog) store.Catalog
}

// openThrough is openProcess with any seams.
func openThrough(ctx context.Context, dir string, o incoming.Options, s seams) (*process, error) {
	p := &process{}
	var roots [3]durable.FS
	for i, name := range []string{"blobs", "libraries", "locks"} {
		fsys, err := s.folder(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		roots[i] = fsys
		p.closers = append(p.closers, fsys)
	}
	catalog, err := sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
	if err != nil {
		return nil, err
	}
	p.catalog = s.catalog(catalog)
	blobs, err := dirblob.Open(roots[0])
	if err != nil {
		return nil, errors.Join(err, catalog.Close())
	}
	p.closers = append(p.closers, blobs)
	shown, err := tree.Open(roots[1], tree.Link)
	if err != nil {
		return nil, errors.Join(err, catalog.Close())
	}
	p.closers = append(p.closers, shown)
	p.store, err = store.Open(ctx, store.Options{Catalog: p.catalog, Blobs: blobs, Tree: shown, Locks: roots[2], Actor: "test"})
	if err != nil {
		return nil, errors.Join(err, catalog.Close())
	}
	o.Store = p.store
	p.job = incoming.New(o)
	return p, nil
}

func (p *process) close() error {
	errs := []error{p.job.Close(), p.store.Close()}
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i].Close())
	}
	return errors.Join(errs...)
}

// drainVictim drains a data folder as a process of its own would, one item at a time,
// and leaves everything as a process that ends without a word does.
func drainVictim(dir string, effects *storetest.Effects) error { return drainAs(dir, 1, effects) }

// drainManyVictim is drainVictim with as many items in flight as there are by default.
func drainManyVictim(dir string, effects *storetest.Effects) error { return drainAs(dir, 0, effects) }

func drainAs(dir string, inFlight int, effects *storetest.Effects) error {
	o := testOptions(dir, "eml", zerolog.Nop())
	o.InFlight = inFlight
	defer forks()
	p, err := openProcess(context.Background(), dir, o, effects)
	if err != nil {
		return err
	}
	_, err = p.job.Drain(context.Background())
	return errors.Join(err, p.close())
}

// testOptions are the job's options for the drop folder of a data folder.
func testOptions(dir, format string, log zerolog.Logger) incoming.Options {
	return incoming.Options{
		Domains: []string{domain}, Log: log,
		Feeds: []incoming.Feed{{Name: "main", Path: filepath.Join(dir, "drop"), Format: format, Settle: time.Nanosecond}},
	}
}
