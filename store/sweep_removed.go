package store

import (
	"context"
	"errors"

	"mailchute/pkg/fault"
)

// removedVersion is a version of a document that was removed so long ago.
type removedVersion struct {
	library, folderKey, nameKey string
	version                     int
	keep                        retention
}

// sweepRemoved lets the bytes of versions go whose document was removed after them, longer
// ago than removed_keep. Their rows stay: they are what was filed.
func (w *sweeper) sweepRemoved(ctx context.Context) error {
	for more := true; more; {
		found, err := w.removed(ctx)
		if err == nil {
			err = inBatches(ctx, w, found, w.dropRemoved)
		}
		if err != nil {
			return err
		}
		more = len(found) == surplusAtOnce
	}
	return nil
}

// removed returns versions that were removed longer ago than they are kept.
func (w *sweeper) removed(ctx context.Context) (found []removedVersion, err error) {
	err = w.catalog.View(ctx, func(tx Tx) error {
		found = nil
		keep, err := retentionIn(tx, removedKeep)
		if err != nil || keep.forever {
			return err
		}
		for d, err := range tx.RemovedVersions(w.now.Add(-keep.time)) {
			if err != nil {
				return err
			}
			found = append(found, removedVersion{d.Library, d.FolderKey, d.NameKey, d.Version, keep})
			if len(found) == surplusAtOnce {
				break
			}
		}
		return nil
	})
	return found, err
}

// dropRemoved lets the bytes of a version go, unless they are to be kept longer by now.
func (w *sweeper) dropRemoved(tx Tx, n *Sweep, v removedVersion) error {
	keep, err := retentionIn(tx, removedKeep)
	if err != nil || keep.forever || keep.time > v.keep.time {
		return err
	}
	err = tx.DropVersion(v.library, v.folderKey, v.nameKey, v.version)
	if errors.Is(err, fault.ErrStale) {
		return nil // another sweep did it
	}
	n.Versions++
	return err
}
