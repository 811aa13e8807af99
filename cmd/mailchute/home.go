package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"mailchute/jobs"
	"mailchute/pkg/durable"
)

// home tells whether the data folder is still the one that was opened. What is stored in
// one that was moved away is missing in the one at its place.
type home struct {
	farm    *farm
	catalog fs.FileInfo
}

func newHome(f *farm) (home, error) {
	catalog, err := os.Stat(f.config.Abs(f.config.Store.Catalog))
	if err != nil {
		return home{}, fmt.Errorf("catalog: %w", advise(err))
	}
	return home{farm: f, catalog: catalog}, nil
}

// stay is an error where a part of the data folder is not where it was opened.
func (h home) stay() error {
	if err := h.stayCatalog(); err != nil {
		return err
	}
	for _, part := range []struct {
		name   string
		folder durable.FS
	}{
		{"blobs", h.farm.parts.blobs},
		{"libraries", h.farm.parts.libraries},
		{"locks", h.farm.parts.locks},
	} {
		if !part.folder.InPlace() {
			return away(part.name, part.folder.Path())
		}
	}
	return nil
}

func (h home) stayCatalog() error {
	path := h.farm.config.Abs(h.farm.config.Store.Catalog)
	now, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("catalog: %w", err)
	}
	if err != nil || !os.SameFile(h.catalog, now) {
		return away("catalog", path)
	}
	return nil
}

func away(part, path string) error {
	return fmt.Errorf("the %s of the data folder was moved, removed or replaced (%s): mail waits in the drop folders until it is back; to go on with what is there now, restart mailchute",
		part, path)
}

// space is the store's room, for mail that would be stored where it belongs.
func (h home) space() (free, total int64, err error) {
	if err := h.stayCatalog(); err != nil {
		return 0, 0, err
	}
	return h.farm.parts.blobs.Space()
}

// atHome is a job that runs only while the data folder is where it was opened.
type atHome struct {
	jobs.Job
	home home
}

func (j atHome) Run(ctx context.Context, why jobs.Trigger) (again time.Time, err error) {
	if err := j.home.stay(); err != nil {
		return time.Time{}, err
	}
	return j.Job.Run(ctx, why)
}
