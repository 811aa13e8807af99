package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/config"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/dkim"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/sqlite"
	"mailchute/store/tree"
)

// systemConfig is where the configuration is looked for last.
const systemConfig = "/etc/mailchute/" + config.FileName

// farm is an open data folder.
type farm struct {
	*store.Store
	config    config.Config
	parts     parts
	people    *ldapdir.Directory // nil: it was not asked yet, or there is none
	abandoned bool
}

// parts are what a farm is made of, in the order of opening.
type parts struct {
	blobs, libraries, locks durable.FS
	blobDriver              *dirblob.Blobs
	closers                 []io.Closer
}

// Close closes the store and all below it.
func (f *farm) Close() error {
	if f.abandoned {
		return nil
	}
	return errors.Join(f.Store.Close(), f.parts.close())
}

// abandon leaves the parts open for the end of the process to close: something still
// works with them.
func (f *farm) abandon() { f.abandoned = true }

func (p *parts) close() error {
	var errs []error
	for _, c := range slices.Backward(p.closers) {
		errs = append(errs, c.Close())
	}
	p.closers = nil
	return errors.Join(errs...)
}

// openFarm opens the data folder of the configuration that the flags name.
func (c *cli) openFarm(ctx context.Context) (*farm, error) {
	cfg, err := c.loadConfig()
	if err != nil {
		return nil, err
	}
	return openStore(ctx, cfg)
}

// loadConfig loads the configuration that the flags name.
func (c *cli) loadConfig() (config.Config, error) {
	file, err := c.findConfig()
	if err != nil {
		return config.Config{}, err
	}
	cfg, err := config.Load(file)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, misconfigured(fmt.Errorf("there is no configuration %s: name one with --config, or make a data folder with mailchute init", file))
	}
	return cfg, advise(err)
}

// findConfig returns the configuration's file: that of --config, of the environment, in
// the working folder, of the system.
func (c *cli) findConfig() (string, error) {
	for _, named := range []string{c.config, c.getenv("MAILCHUTE_CONFIG")} {
		if named != "" {
			return config.Find(named), nil
		}
	}
	for _, file := range []string{config.FileName, systemConfig} {
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", misconfigured(fmt.Errorf("there is neither ./%s nor %s: name one with --config, or make a data folder with mailchute init DIR --domain DOMAIN --format FORMAT",
		config.FileName, systemConfig))
}

// openStore picks the back ends.
func openStore(ctx context.Context, cfg config.Config) (*farm, error) {
	return openStoreThrough(ctx, cfg, func(*store.Options) {})
}

// openStoreThrough is openStore with the back ends that wrap puts around those picked.
func openStoreThrough(ctx context.Context, cfg config.Config, wrap func(*store.Options)) (*farm, error) {
	var p parts
	s, err := p.open(ctx, cfg, wrap)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &farm{Store: s, config: cfg, parts: p}, nil
}

func (p *parts) open(ctx context.Context, cfg config.Config, wrap func(*store.Options)) (*store.Store, error) {
	var err error
	folder := func(what, path string) (fsys durable.FS) {
		if err != nil {
			return nil
		}
		var way durable.Way
		if way, _, err = barrierOf(cfg, path); err == nil {
			fsys, err = durable.OpenWay(cfg.Abs(path), way)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", what, advise(err))
			return nil
		}
		p.closers = append(p.closers, fsys)
		return fsys
	}
	p.blobs = folder("blobs", cfg.Store.Blobs)
	p.libraries = folder("libraries", cfg.Store.Libraries)
	p.locks = folder("locks", cfg.Store.Locks)
	if err != nil {
		return nil, err
	}
	if p.blobDriver, err = dirblob.Open(p.blobs); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, p.blobDriver)
	shown, err := tree.Open(p.libraries, tree.Mode(cfg.Store.Tree))
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, shown)
	catalog, err := openCatalog(ctx, cfg.Abs(cfg.Store.Catalog))
	if err != nil {
		return nil, err
	}
	o := store.Options{Catalog: catalog, Blobs: p.blobDriver, Tree: shown, Locks: p.locks, Actor: actor()}
	wrap(&o)
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, errors.Join(err, catalog.Close())
	}
	return s, nil
}

// barrierOf returns how a folder of the store is made durable, and why.
func barrierOf(cfg config.Config, path string) (way durable.Way, why string, err error) {
	if cfg.Store.Barrier == config.BarrierAuto {
		return durable.Choose(cfg.Abs(path))
	}
	return durable.Way(cfg.Store.Barrier), "the configuration says so", nil
}

// openCatalog opens a catalog that is there: an empty one in place of one that went
// missing would hold all mail as sent to unknown addresses.
func openCatalog(ctx context.Context, path string) (store.Catalog, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", advise(err))
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("catalog %s is empty: restore it from the backup, or make a new data folder with mailchute init", path)
	}
	return sqlite.Open(ctx, path)
}

// advise adds to the error of a part of the data folder what to do about it.
func advise(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: run it as the user that owns the data folder", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: correct its path in the configuration, restore it from the backup, or make a new data folder with mailchute init", err)
	}
	return err
}

// actor names the operating system's user for the record of changes.
func actor() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// job makes the Incoming E-Mail job of the farm.
func (f *farm) job(log zerolog.Logger, progress func(incoming.Progress)) (*incoming.Job, error) {
	o, err := f.jobOptions()
	if err != nil {
		return nil, err
	}
	o.Log, o.Progress = log, progress
	return incoming.New(o), nil
}

// jobOptions are what the job and explain have in common.
func (f *farm) jobOptions() (incoming.Options, error) {
	o := incoming.Options{
		Store: f.Store, Domains: f.config.Domains, Limits: f.config.Limits, Log: zerolog.Nop(),
		DKIM:  dkim.New(dkim.Options{Resolver: f.config.DKIM.Resolver, Timeout: f.config.DKIM.Timeout}),
		Space: f.parts.blobs.Space, MinFree: f.config.Store.MinFree,
		Apart: []incoming.Neighbour{
			{Name: "the catalog", Path: f.config.Abs(f.config.Store.Catalog)},
			{Name: "the blobs", Path: f.config.Abs(f.config.Store.Blobs)},
			{Name: "the libraries", Path: f.config.Abs(f.config.Store.Libraries)},
			{Name: "the locks", Path: f.config.Abs(f.config.Store.Locks)},
		},
	}
	if f.hasDirectory() {
		people, err := f.directory()
		if err != nil {
			return o, err
		}
		o.People = people
	}
	for _, feed := range f.config.Feeds {
		owners, err := userIDs(feed.Owners)
		if err != nil {
			return o, misconfigured(fmt.Errorf("%s: feed %s: %w", f.config.File, feed.Name, err))
		}
		reads, err := f.reads(feed)
		if err != nil {
			return o, misconfigured(fmt.Errorf("%s: feed %s: %w", f.config.File, feed.Name, err))
		}
		o.Feeds = append(o.Feeds, incoming.Feed{
			Name: feed.Name, Path: f.config.Abs(feed.Path), Format: feed.Format,
			Settle: feed.Settle, DeferFor: feed.DeferFor, Owners: owners, Reads: &reads,
			Align: feed.Align, DKIM: feed.DKIM,
		})
	}
	return o, nil
}

// reads returns how a feed's files are read, with the secret of its logins.
func (f *farm) reads(feed config.Feed) (drop.Format, error) {
	format := feed.Reads
	if feed.TokenFile == "" {
		return format, nil
	}
	var err error
	format.Token, err = config.Secret(f.config.Abs(feed.TokenFile))
	return format, err
}

// userIDs looks users up, by name or number.
func userIDs(names []string) ([]int, error) {
	var ids []int
	for _, name := range names {
		id, err := strconv.Atoi(name)
		if err != nil {
			u, lookup := user.Lookup(name)
			if lookup != nil {
				return nil, fmt.Errorf("owner %q is no user of this system: use a user's name or number", name)
			}
			if id, err = strconv.Atoi(u.Uid); err != nil {
				return nil, fmt.Errorf("owner %q has no number here: %w", name, err)
			}
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// treePath returns where the tree shows a document, as the configuration writes paths.
func (f *farm) treePath(path string) string {
	return filepath.ToSlash(filepath.Join(f.config.Store.Libraries, path))
}
