package incoming

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/pkg/access"
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
	// Reads is the format with what the feed says of it; nil: that named by Format, and
	// nobody vouches for senders.
	Reads *drop.Format
	Align access.Alignment // what proves the domain of From; the zero one: nothing
	DKIM  bool             // signatures are verified here, by Options.DKIM
}

// reads returns how the feed's files are read.
func (f Feed) reads() (drop.Format, error) {
	if f.Reads != nil {
		return *f.Reads, nil
	}
	return drop.FormatNamed(f.Format)
}

// feedOf returns the feed that a file in a format came from, or one that reads the format
// alone, and vouches for nobody, where there is no such feed any more.
func (o Options) feedOf(name, format string) Feed {
	for _, f := range o.Feeds {
		if f.Name == name && f.Format == format {
			return f
		}
	}
	return Feed{Name: name, Format: format}
}

// feed is a Feed with its folder, open while it can be drained.
type feed struct {
	Feed
	log        zerolog.Logger
	openFolder func(path string) (durable.FS, error)
	apart      func() error // says what else has to do with the folder that is at Path now
	trouble    jobs.Trouble // with draining
	unwatched  jobs.Trouble // with hearing of arrivals
	uncounted  jobs.Trouble // with the backlog
	warned     []string     // what was warned of when the folder was opened last

	mu     sync.Mutex
	fs     durable.FS
	folder *drop.Folder
	place  *drop.Place // of the first folder, or of the one that was mounted since
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
	format, err := f.reads()
	if err != nil {
		return nil, err
	}
	fsys, err := f.openFolder(f.Path)
	if err != nil {
		return nil, drop.Advise(fmt.Errorf("drop folder: %w", err))
	}
	if err := f.apart(); err != nil {
		return nil, errors.Join(err, fsys.Close())
	}
	folder, err := drop.Open(fsys, drop.Options{
		Feed: f.Name, Format: format, Settle: f.Settle, DeferFor: f.DeferFor, Owners: f.owners(),
	})
	if err != nil {
		return nil, errors.Join(err, fsys.Close())
	}
	f.fs, f.folder = fsys, folder
	f.warn(folder.Doubts())
	return folder, nil
}

// warn logs what is doubtful about the folder, unless that was said the last time.
func (f *feed) warn(doubts []string) {
	for _, doubt := range doubts {
		if !slices.Contains(f.warned, doubt) {
			f.log.Warn().Msg(doubt)
		}
	}
	f.warned = doubts
}

// reopen opens the folder anew after it failed, the one that is at the path now, and
// returns what that says is wrong, or else the failure. While items of ours are still
// claimed there, and can be ended later, it is kept.
func (f *feed) reopen(failure error) error {
	f.mu.Lock()
	keep := f.folder == nil || (len(f.ends) > 0 && f.fs.InPlace())
	f.mu.Unlock()
	if keep {
		return failure
	}
	f.letGo()
	_, err := f.open()
	return cmp.Or(err, failure)
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
// for between passes, while nothing is in hand. What could not be ended there by now goes
// to retry when that folder is drained again, as after a crash.
func (f *feed) refresh() {
	f.mu.Lock()
	fsys := f.fs
	f.mu.Unlock()
	if fsys == nil || fsys.InPlace() {
		return
	}
	f.log.Warn().Msg("The drop folder that was drained is no longer at its path: it was moved or replaced, or something was mounted over it. The folder at the path is opened anew.")
	_, _ = f.tryEnds() // those that fail are left there
	f.letGo()
}

// letGo closes a folder that failed or is elsewhere by now: it may be impossible to leave
// it in order.
func (f *feed) letGo() {
	if err := f.close(); err != nil {
		f.log.Debug().Str("error", err.Error()).Msg("The drop folder could not be left in order.")
	}
}

// close lets the folder go; the next open begins anew.
func (f *feed) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.folder == nil {
		return nil
	}
	err := errors.Join(f.folder.Close(), f.fs.Close())
	f.folder, f.fs, f.ends = nil, nil, nil
	if f.unwatch != nil {
		f.unwatch()
		f.unwatch = nil
	}
	return err
}

// report says, once, why the folder cannot be drained, or not whole, and once that it can
// be again.
func (f *feed) report(err error) {
	began := "The drop folder cannot be drained; its mail waits there."
	if passed(err) {
		began = "A file of the drop folder cannot be claimed; it waits there. The others are drained."
	}
	f.trouble.Report(f.log, err, began, "The drop folder is drained again.")
}

// reportCount says, once, that the mail that waits cannot be counted, unless the folder is
// in trouble already, and once that it can be again.
func (f *feed) reportCount(err error) {
	if err != nil && f.trouble.On() {
		return
	}
	f.uncounted.Report(f.log, err, "The mail that waits in the drop folder cannot be counted.", "The mail that waits is counted again.")
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
