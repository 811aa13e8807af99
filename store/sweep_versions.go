package store

import (
	"context"
	"errors"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// surplusAtOnce bounds how many versions are looked for at once.
const surplusAtOnce = 5000

// sweepVersions lets the bytes of versions go that are above their library's limit. Their
// rows stay: they are what was filed.
func (w *sweeper) sweepVersions(ctx context.Context) error {
	var all []library.Library
	err := w.catalog.View(ctx, func(tx Tx) (err error) {
		all, err = tx.Libraries()
		return err
	})
	if err != nil {
		return err
	}
	for _, l := range all {
		for more := true; more; {
			found, err := w.surplus(ctx, l.Name)
			if err == nil {
				err = inBatches(ctx, w, found, w.dropVersion)
			}
			if err != nil {
				return err
			}
			more = len(found) == surplusAtOnce
		}
	}
	return nil
}

// surplusVersion is a version that has as many newer ones as its library keeps.
type surplusVersion struct {
	library, folderKey, nameKey string
	version, keep               int
}

// surplus returns versions of a library that are above its limit now.
func (w *sweeper) surplus(ctx context.Context, name string) (found []surplusVersion, err error) {
	err = w.catalog.View(ctx, func(tx Tx) error {
		found = nil
		keep, err := keptVersions(tx, name)
		if err != nil || keep == 0 {
			return err
		}
		for d, err := range tx.SurplusVersions(name, keep) {
			if err != nil {
				return err
			}
			found = append(found, surplusVersion{name, d.FolderKey, d.NameKey, d.Version, keep})
			if len(found) == surplusAtOnce {
				break
			}
		}
		return nil
	})
	return found, err
}

// dropVersion lets the bytes of a version go, unless its library keeps more by now.
func (w *sweeper) dropVersion(tx Tx, n *Sweep, v surplusVersion) error {
	keep, err := keptVersions(tx, v.library)
	if err != nil || keep == 0 || keep > v.keep {
		return err
	}
	err = tx.DropVersion(v.library, v.folderKey, v.nameKey, v.version)
	if errors.Is(err, fault.ErrStale) {
		return nil // another sweep did it
	}
	n.Versions++
	return err
}

// keptVersions returns how many versions of a document a library keeps; 0 is all of them.
func keptVersions(tx Tx, name string) (int, error) {
	l, err := tx.Library(name)
	if errors.Is(err, fault.ErrNotFound) || err == nil && !l.Settings.Overwrite {
		return 0, nil
	}
	return l.Settings.Versions, err
}
