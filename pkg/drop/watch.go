package drop

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

var errMoved = errors.New("the folder was removed or moved away")

// Watch calls ring when something may have arrived: once at the start, and whenever a
// file gets a name in the folder or events were lost. Events are hints: they may be lost,
// late or without cause. It returns nil when ctx is done, and an error when the folder
// cannot be watched, or is seen to be removed or moved. That is not always seen, as where
// a folder above it is moved: whoever lets the Folder go ends ctx.
func (f *Folder) Watch(ctx context.Context, ring func()) error {
	dir := filepath.Join(f.fs.Path(), f.arrival)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	defer watcher.Close()
	if err := watcher.Add(dir); err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	if !f.fs.InPlace() {
		return fmt.Errorf("watch %s: %w", dir, errMoved)
	}
	ring()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, ok := <-watcher.Events:
			if !ok {
				return fmt.Errorf("watch %s: %w", dir, fsnotify.ErrClosed)
			}
			if event.Name == dir && (event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)) {
				return fmt.Errorf("watch %s: %w", dir, errMoved)
			}
			if filepath.Base(event.Name) == ownDir && event.Has(fsnotify.Remove) {
				ring()
			}
			if event.Has(fsnotify.Create) && !strings.HasPrefix(filepath.Base(event.Name), ".") {
				ring()
			}
		case err := <-watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watch %s: %w", dir, err)
			}
			ring()
		}
	}
}
