package incoming

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"mailchute/pkg/drop"
)

// unfinished are settled items whose drop files could not be removed yet.
type unfinished struct {
	mu    sync.Mutex
	items []*drop.Item
}

func (u *unfinished) add(it *drop.Item) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.items = append(u.items, it)
}

// finish removes their drop files, and keeps those that still cannot be removed.
func (u *unfinished) finish() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var errs []error
	var left []*drop.Item
	for _, it := range u.items {
		err := it.Finish()
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrClosed) {
			continue // gone, or its folder was opened anew, and whoever claims it finds it filed
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("remove %s after it was filed: %w", it.Name, err))
			left = append(left, it)
		}
	}
	u.items = left
	return errors.Join(errs...)
}
