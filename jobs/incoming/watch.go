package incoming

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	"mailchute/pkg/drop"
)

// Watch rings when something arrives in any feed, until ctx is done. Where a folder can be
// opened but not watched, it rings every few seconds; where it cannot be opened, it tries
// again, and the schedule finds its files meanwhile.
func (j *Job) Watch(ctx context.Context, ring func()) {
	var wg sync.WaitGroup
	for _, f := range j.feeds {
		wg.Go(func() { f.watch(ctx, ring) })
	}
	wg.Wait()
}

// watchAgain is the pause before a folder that could not be watched is tried again.
const watchAgain = 5 * time.Second

func (f *feed) watch(ctx context.Context, ring func()) {
	for ctx.Err() == nil {
		folder, err := f.open()
		if err == nil {
			err = f.watchFolder(ctx, folder, ring)
			if err == nil {
				continue // it was let go: there may be another
			}
			f.reportWatch(err)
			ring() // for what came while nobody watched
		}
		pause(ctx, watchAgain)
	}
}

// watchFolder watches the folder until ctx is done or the folder is let go.
func (f *feed) watchFolder(ctx context.Context, folder *drop.Folder, ring func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.mu.Lock()
	f.unwatch = cancel
	f.mu.Unlock()
	return folder.Watch(ctx, func() {
		f.reportWatch(nil)
		ring()
	})
}

// reportWatch says, once, that the system lets us watch no more folders, and once that it
// does again. Other errors are of folders that were moved or removed: the next run tells.
func (f *feed) reportWatch(err error) {
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EMFILE) {
		return
	}
	f.unwatched.Report(f.log, err, "Arrivals in the drop folder cannot be watched; its mail is found some seconds later. "+
		"Raise fs.inotify.max_user_watches and fs.inotify.max_user_instances (sysctl), or the limit of open files (ulimit -n).", "Arrivals in the drop folder are watched again.")
}
