package incoming_test

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
)

// endlessFS is a drop folder with more files than can ever be listed, each of which
// another process takes first. It calls listed for every name.
type endlessFS struct {
	durable.FS
	listed func()
}

func (f endlessFS) List(name string) iter.Seq2[fs.DirEntry, error] {
	if name != "." {
		return f.FS.List(name)
	}
	entries, err := fs.ReadDir(fstest.MapFS{"gone.eml": {}}, ".")
	return func(yield func(fs.DirEntry, error) bool) {
		for err == nil && yield(entries[0], nil) {
			f.listed()
		}
	}
}

// A run that is to stop does so amid the largest backlog, and closes its books: it counts
// what waits as far as it gets in a short time.
func TestStopAmidBacklog(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	n := 0
	endless := func(fsys durable.FS) durable.FS {
		return endlessFS{FS: fsys, listed: func() {
			if n++; n == 1000 {
				stop()
			}
		}}
	}
	w := newWorld(t, "eml", with(func(o *incoming.Options) { o.OpenFolder = wrapped(endless) }))
	if _, err := w.job.Run(ctx, jobs.Schedule); err != nil {
		t.Error(err)
	}
	runs, err := w.store.Runs(t.Context(), noTime, 0)
	w.must(err)
	if len(runs) != 1 || runs[0].State != "closed" || runs[0].Processed != 0 || runs[0].Backlog == 0 {
		t.Errorf("got runs %+v, want one, closed, with a backlog", runs)
	}
}

// The summary says since when the oldest file waits.
func TestBacklogOldest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	oldest := time.Now().Add(-48 * time.Hour).Truncate(time.Microsecond)
	for i := range 2 {
		box := filepath.Join(w.dir, "drop/.mailchute/retry", fmt.Sprintf("%d.0.1.0.X%d", time.Now().Add(time.Hour).UnixMilli(), i))
		w.must(os.MkdirAll(box, 0o700))
		file := filepath.Join(box, "1.eml")
		w.write(file, good())
		w.must(os.Chtimes(file, time.Time{}, oldest.Add(time.Duration(i)*time.Hour)))
	}
	sum := w.drain()
	if sum.Backlog != 2 || !sum.BacklogOldest.Equal(oldest) {
		t.Errorf("got a backlog of %d since %v, want 2 since %v", sum.Backlog, sum.BacklogOldest, oldest)
	}
}
