package drop

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"mailchute/pkg/durable"
)

// The folders of our own inside a drop folder.
const (
	ownDir     = ".mailchute"
	tmpDir     = ownDir + "/tmp"
	claimedDir = ownDir + "/claimed"
	retryDir   = ownDir + "/retry"
)

// The defaults of Options.
const (
	DefaultSettle   = 2 * time.Second
	DefaultDeferFor = 7 * 24 * time.Hour
)

// Options say how a drop folder is drained. Feed and Format must be set.
type Options struct {
	Feed   string // the feed's name, for Item
	Format Format
	// Settle is how long a file that is written in place must stand still before it is
	// taken, ten times as long where it seems to end in the middle of its message; 0:
	// DefaultSettle. On a network share 10 s are right.
	Settle time.Duration
	// Owners are the users (uid) whose files are read; empty: root, our own user and the
	// drop folder's owner.
	Owners []int
	// DeferFor is how long an item is tried again after failures of its own; 0:
	// DefaultDeferFor.
	DeferFor time.Duration
	// Boot names the present run of the machine, in letters and digits; "": what the
	// system says.
	Boot string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Folder is one drop folder that this process drains. Several Folders, of one process or
// of several, may drain one folder. Claim is called by one goroutine at a time; all else
// may be called concurrently.
type Folder struct {
	fs       durable.FS
	o        Options
	arrival  string        // where messages arrive
	owners   []int         // whose files are read
	skew     time.Duration // the file system's clock minus ours
	leases   bool          // NoWriter proves something here, for files of our own
	instance string        // our folder in claimedDir
	lock     io.Closer     // on it
	doubts   []string

	// Of the goroutine that claims.
	batches int    // made so far
	filling *batch // the one that new claims go to; nil: none
	failed  int    // claims in a row that failed

	retries   scan
	arrivals  scan
	arriving  bool // it is the turn of the arrivals
	turn      int  // how many it has claimed
	brokenOff bool // the last pass, among those that processes have died with

	mu      sync.Mutex
	due     time.Time
	pass    uint32 // number of the present scan
	looks   map[string]*look
	shunned map[uint64]shun // by the hash of the name that scans meet
	seed    maphash.Seed
}

// Open makes the drop folder ready for claims: it makes what is missing (for a maildir
// also tmp, new and cur), removes what dead processes left of their start, tries to
// list, create, write, lock, move and delete there, and tells Write the format. It fails,
// saying what people can do (see Advise), where one of these does, and where .mailchute is
// not a folder of our own with mode 0700. fsys stays the caller's, to be closed after the Folder. A Folder
// stays with the folder it found, wherever that is moved; when it is removed, Claim and
// Watch fail, and the caller opens both anew.
func Open(fsys durable.FS, o Options) (*Folder, error) {
	if o.Settle == 0 {
		o.Settle = DefaultSettle
	}
	if o.DeferFor == 0 {
		o.DeferFor = DefaultDeferFor
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Boot == "" {
		o.Boot = bootID()
	}
	f := &Folder{
		fs: fsys, o: o, arrival: o.Format.arrival(), owners: o.Owners,
		looks: map[string]*look{}, shunned: map[uint64]shun{}, seed: maphash.MakeSeed(),
	}
	f.retries = scan{list: fsys.List(retryDir), wants: f.wantsRetry, since: dueSince}
	f.arrivals = scan{list: fsys.List(f.arrival), wants: f.wantsArrival, since: f.arrivedAt}
	if err := f.prepare(); err != nil {
		return nil, f.unusable(err)
	}
	if err := f.join(); err != nil {
		return nil, f.unusable(err)
	}
	if err := f.mark(); err != nil {
		return nil, errors.Join(f.unusable(err), f.Close())
	}
	return f, nil
}

// unusable names the drop folder in err, and what people can do about it.
func (f *Folder) unusable(err error) error {
	if errors.Is(err, fs.ErrNotExist) && f.fs.InPlace() {
		return fmt.Errorf("%w; somebody has removed a part of it, which is made again", f.wrap(err))
	}
	return Advise(f.wrap(err))
}

// prepare makes the folders that must be there.
func (f *Folder) prepare() error {
	root, err := f.fs.Lstat(".")
	if err != nil {
		return err
	}
	if len(f.owners) == 0 {
		f.owners = []int{0, os.Geteuid()}
		if uid, ok := ownerOf(root); ok {
			f.owners = append(f.owners, uid)
		}
	}
	f.doubt(".", root)
	if f.o.Format.Maildir {
		if err := makeMaildir(f.fs); err != nil {
			return err
		}
		arrival, err := f.fs.Lstat(f.arrival)
		if err != nil {
			return err
		}
		f.doubt(f.arrival, arrival)
	}
	if err := readable(f.fs.List(f.arrival)); err != nil {
		return err
	}
	own, err := makeFolder(f.fs, ownDir, 0o700)
	if err != nil {
		return err
	}
	if uid, ok := ownerOf(own); own.Mode().Perm()&0o077 != 0 || (ok && uid != os.Geteuid()) {
		return fmt.Errorf("%s must have mode 0700 (it has %#o) and belong to user %d (it belongs to user %d): chmod or chown it, or remove it if it is empty",
			ownDir, own.Mode().Perm(), os.Geteuid(), uid)
	}
	for _, name := range []string{tmpDir, claimedDir, retryDir} {
		if _, err := makeFolder(f.fs, name, 0o700); err != nil {
			return err
		}
	}
	return errors.Join(f.fs.SyncDir("."), f.fs.SyncDir(ownDir))
}

// readable reads the beginning of a list.
func readable(list iter.Seq2[fs.DirEntry, error]) error {
	next, stop := iter.Pull2(list)
	defer stop()
	_, err, _ := next()
	return err
}

// mayRead reports whether we read files of this owner.
func (f *Folder) mayRead(info fs.FileInfo) bool {
	uid, ok := ownerOf(info)
	return !ok || slices.Contains(f.owners, uid)
}

// NextDue returns when something that the last Claim passed over, or that was deferred
// since, can be taken: a file that was settling, or one in retry. Zero: nothing waits.
func (f *Folder) NextDue() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.due
}

// dueAt lets NextDue be t at the latest.
func (f *Folder) dueAt(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.due.IsZero() || t.Before(f.due) {
		f.due = t
	}
}

// wrap names the drop folder in err.
func (f *Folder) wrap(err error) error {
	return fmt.Errorf("drop folder %s: %w", f.fs.Path(), err)
}
