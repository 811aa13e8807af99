package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mailchute/pkg/config"
	"mailchute/pkg/drop"
)

// guarded is an error where every user of this system can write the configuration or the
// catalog: then none of their rules holds.
func guarded(cfg config.Config) error {
	catalog := cfg.Abs(cfg.Store.Catalog)
	var errs []error
	said := map[string]bool{}
	for _, part := range []struct{ name, path string }{
		{"the configuration", cfg.File},
		{"the catalog", catalog},
		{"the catalog's folder", filepath.Dir(catalog)},
	} {
		place, err := drop.PlaceOf(part.path)
		if err != nil {
			continue // what is not there is said by who opens it
		}
		if how := place.Exposed(); how != "" && !said[how] {
			said[how] = true
			errs = append(errs, fmt.Errorf("%s is open to everybody: %s", part.name, how))
		}
	}
	return errors.Join(errs...)
}

// doubts says what about the rights of the data folder somebody should look at.
func (f *farm) doubts() (all []string) {
	said := map[string]bool{}
	for _, part := range []struct{ name, path string }{
		{"the blobs", f.config.Store.Blobs},
		{"the libraries", f.config.Store.Libraries},
		{"the locks", f.config.Store.Locks},
	} {
		place, err := drop.PlaceOf(f.config.Abs(part.path))
		if err != nil {
			continue // likewise
		}
		if how := place.Exposed(); how != "" && !said[how] {
			said[how] = true
			all = append(all, part.name+": "+how)
		}
	}
	if foreign := f.foreign(); foreign != "" {
		all = append(all, foreign)
	}
	return all
}

// foreign says that the data folder is another user's; "" it is ours.
func (f *farm) foreign() string {
	catalog, err := drop.PlaceOf(f.config.Abs(f.config.Store.Catalog))
	if err != nil {
		return ""
	}
	us := os.Geteuid()
	owner, known := catalog.Owner()
	if !known || owner == us {
		return ""
	}
	return fmt.Sprintf("the catalog belongs to user %d, and this is run by user %d: what it makes is not that user's; run it as that user (serve --user)", owner, us)
}

// checkRights says who else can write the data folder.
func (f *farm) checkRights() []checkJSON {
	checks := []checkJSON{checked("rights", "not every user of this system can write the configuration and the catalog", guarded(f.config))}
	for _, doubt := range f.doubts() {
		checks = append(checks, checkJSON{Check: "rights", OK: true, Warning: true, Detail: doubt})
	}
	return checks
}
