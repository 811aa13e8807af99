package drop

import (
	"cmp"
	"context"
	"io/fs"
	"path"
	"time"
)

// maxDated is how many files Backlog asks for their age, among those that have arrived
// and among those in retry.
const maxDated = 1000

// Backlog counts the messages that wait: those that have arrived, settled or not, readable
// or not, and those in retry. It holds no list, and oldest is a best effort: the earliest
// time of modification of the first 1,000 that the file system lists as arrived, and of
// the first 1,000 in retry; where there are more, older ones may wait. A time in the future
// counts as now, one before 1970 as none. It is zero where nothing waits. With an error, as
// when ctx is done, both are of the part that was read.
func (f *Folder) Backlog(ctx context.Context) (n int, oldest time.Time, err error) {
	n, oldest, err = f.count(ctx, f.arrival, f.isMessage, func(name string) (string, error) {
		return path.Join(f.arrival, name), nil
	})
	if err != nil {
		return n, oldest, err
	}
	again, since, err := f.count(ctx, retryDir, fs.DirEntry.IsDir, func(name string) (string, error) {
		return f.inBox(retryDir + "/" + name)
	})
	return n + again, earlier(oldest, since), err
}

// count counts the entries of a folder that stand for a file, which find finds.
func (f *Folder) count(ctx context.Context, dir string, counts func(fs.DirEntry) bool, find func(name string) (string, error)) (n int, oldest time.Time, err error) {
	for entry, err := range f.fs.List(dir) {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return n, oldest, f.wrap(err)
		}
		if !counts(entry) {
			continue
		}
		if n++; n > maxDated {
			continue
		}
		if file, err := find(entry.Name()); err == nil {
			oldest = earlier(oldest, f.modified(file))
		}
	}
	return n, oldest, nil
}

// modified returns when a file was modified; zero where that cannot be known.
func (f *Folder) modified(file string) time.Time {
	info, err := f.fs.Lstat(file)
	if err != nil || info.ModTime().Unix() <= 0 {
		return time.Time{}
	}
	if now := f.o.Now(); info.ModTime().After(now) {
		return now
	}
	return info.ModTime()
}

// earlier returns the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
