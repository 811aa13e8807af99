package drop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"mailchute/pkg/durable"
)

// Names returns the names of all files in a drop folder: those that have arrived, settled
// or not, those that a process has in hand, and those in retry. It changes nothing, and
// asks for no rights but to read. A file that is taken from retry and put back meanwhile,
// both at the wrong moment, may be missing; nothing else that stays is.
func Names(ctx context.Context, fsys durable.FS, format Format) (map[string]bool, error) {
	names := map[string]bool{}
	// A file goes from arrival or retry to the claimed, and back only to wait: whatever it
	// does once while we read, one look finds it.
	for _, place := range []struct {
		dir   string
		depth int // of the folders that the files lie in
	}{{format.arrival(), 0}, {retryDir, 1}, {claimedDir, 2}, {retryDir, 1}, {format.arrival(), 0}} {
		err := addNames(ctx, fsys, place.dir, place.depth, names)
		if err != nil && (place.dir == format.arrival() || !errors.Is(err, fs.ErrNotExist)) {
			return nil, fmt.Errorf("drop folder %s: %w", fsys.Path(), err)
		}
	}
	return names, nil
}

// addNames adds the names of the files that lie so deep in a folder. Folders may vanish
// meanwhile.
func addNames(ctx context.Context, fsys durable.FS, dir string, depth int, names map[string]bool) error {
	for entry, err := range fsys.List(dir) {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		switch {
		case !entry.IsDir():
			if depth == 0 {
				names[entry.Name()] = true
			}
		case depth > 0:
			err := addNames(ctx, fsys, dir+"/"+entry.Name(), depth-1, names)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
