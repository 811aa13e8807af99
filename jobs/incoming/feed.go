package incoming

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
)

// Feed is one configured drop folder.
type Feed struct {
	Name     string
	Path     string
	Format   string
	Settle   time.Duration // 0: the default of the drop package
	DeferFor time.Duration // 0: likewise
	Owners   []int         // user ids whose files are taken; none: root, ours and the folder's
}

// feed is a Feed with its folder, open while it can be drained.
type feed struct {
	Feed
	log        zerolog.Logger
	openFolder func(path string) (durable.FS, error)
	trouble    jobs.Trouble

	mu     sync.Mutex
	fs     durable.FS
	folder *drop.Folder
	ends   []ending

	unwatch context.CancelFunc // ends the watch of the folder; nil: nobody watches
}

// open returns the folder, opening it where it is not open.
func (f *feed) open() (*drop.Folder, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.folder != nil {
		return f.folder, nil
	}
	format, err := drop.FormatNamed(f.Format)
	if err != nil {
		return nil, err
	}
	fsys, err := f.openFolder(f.Path)
	if err != nil {
		return nil, fmt.Errorf("drop folder: %w", err)
	}
	folder, err := drop.Open(fsys, drop.Options{
		Feed: f.Name, Format: format, Settle: f.Settle, DeferFor: f.DeferFor, Owners: f.Owners,
	})
	if err != nil {
		return nil, errors.Join(err, fsys.Close())
	}
	f.fs, f.folder = fsys, folder
	return folder, nil
}

// reopen lets the folder go after it failed, so that the next pass finds the one that is
// at the path then; unless items of ours are still claimed there.
func (f *feed) reopen() error {
	f.mu.Lock()
	claimed := len(f.ends)
	f.mu.Unlock()
	if claimed > 0 {
		return nil
	}
	return f.close()
}

// ending is an item that is dealt with but not ended: its Finish, Return, Defer or Postpone failed.
type ending struct {
	item *drop.Item
	how  func() error
}

// end ends an item by one of its methods. Where that fails, the item stays claimed, and
// the next pass tries again: nothing is lost, and nothing is done twice.
func (f *feed) end(item *drop.Item, how func() error) {
	if how() != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ends = append(f.ends, ending{item, how})
	}
}

// maxEnds is how many items may wait for their end before nothing more is claimed.
const maxEnds = 256

// tryEnds tries the ends again that have failed. The error is the first that still does;
// full reports that too many do.
func (f *feed) tryEnds() (full bool, first error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var left []ending
	for _, e := range f.ends {
		err := e.how()
		if err == nil || errors.Is(err, fs.ErrClosed) || e.item.Gone() {
			continue // closed: it has ended
		}
		left = append(left, e)
		if first == nil {
			first = fmt.Errorf("a file that has been dealt with cannot be moved or removed: %w", err)
		}
	}
	f.ends = left
	return len(left) >= maxEnds, first
}

// refresh lets the folder go where another one is in its place by now: it was moved, or a
// share was mounted over it. A link on the way that leads elsewhere is not followed. It is
// for between passes, while nothing is in hand.
func (f *feed) refresh() error {
	f.mu.Lock()
	fsys := f.fs
	f.mu.Unlock()
	if fsys == nil || fsys.InPlace() {
		return nil
	}
	return f.reopen()
}

// close lets the folder go; the next open begins anew.
func (f *feed) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.folder == nil {
		return nil
	}
	err := errors.Join(f.folder.Close(), f.fs.Close())
	f.folder, f.fs = nil, nil
	if f.unwatch != nil {
		f.unwatch()
		f.unwatch = nil
	}
	return err
}

// report says why the folder cannot be drained, once, and once that it can be again.
func (f *feed) report(err error) {
	f.trouble.Report(f.log, err, "The drop folder cannot be drained; its mail waits there.", "The drop folder is drained again.")
}

// settle returns how long a file of this feed must stand still.
func (f *feed) settle() time.Duration {
	if f.Settle > 0 {
		return f.Settle
	}
	return drop.DefaultSettle
}

// nextDue returns when the first waiting file can be taken; zero: none waits.
func (f *feed) nextDue() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.folder == nil {
		return time.Time{}
	}
	return f.folder.NextDue()
}

// Watch rings when something arrives in any feed, until ctx is done. Where a folder
// cannot be watched, it tries again; the schedule finds its files meanwhile.
func (j *Job) Watch(ctx context.Context, ring func()) {
	var wg sync.WaitGroup
	for _, f := range j.feeds {
		wg.Go(func() { f.watch(ctx, ring) })
	}
	wg.Wait()
}

// watchAgain is the pause before a folder that could not be watched is tried again.
const watchAgain = 5 * time.Second

// watching returns a context that ends with ctx, or when the folder is let go.
func (f *feed) watching(ctx context.Context) context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	ctx, f.unwatch = context.WithCancel(ctx)
	return ctx
}

func (f *feed) watch(ctx context.Context, ring func()) {
	for ctx.Err() == nil {
		if folder, err := f.open(); err == nil {
			ring() // for what came while nobody watched
			err = folder.Watch(f.watching(ctx), ring)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				f.log.Debug().Str("error", err.Error()).Msg("Watching ended; the schedule goes on.")
			}
		}
		pause(ctx, watchAgain)
	}
}
