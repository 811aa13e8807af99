package incoming_test

import (
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/library"
)

// runFor runs the job by the schedule for so long. It is for synctest bubbles.
func (w *world) runFor(d time.Duration) {
	w.t.Helper()
	for range d / time.Minute {
		_, err := w.job.Run(w.t.Context(), jobs.Schedule)
		w.must(err)
		time.Sleep(time.Minute)
	}
}

// disk is the store's disk. While it has trouble, nothing can be changed there, only
// removed.
type disk struct{ trouble atomic.Pointer[syscall.Errno] }

func (d *disk) hook(op, name string) error {
	if err := d.trouble.Load(); err != nil && op != "open" && op != "read" && op != "remove" {
		return &fs.PathError{Op: op, Path: name, Err: *err}
	}
	return nil
}

// While the store cannot take anything, on a full disk or for another reason, nothing is
// lost, and no message is blamed for it; when it can, the mail is filed without anybody's
// help.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	for _, trouble := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS, syscall.ENOENT, syscall.EACCES} {
		t.Run(trouble.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var d disk
				w := newWorld(t, "eml", through(hooked(d.hook)))
				defer w.end()
				w.library(library.Library{Name: "invoices"})
				for _, name := range []string{"1.eml", "2.eml", "3.eml"} {
					w.drop(name, good())
				}
				d.trouble.Store(&trouble)
				for range 8 * 24 / 6 { // longer than a message is tried again after failures of its own
					if _, err := w.job.Run(t.Context(), jobs.Schedule); !errors.Is(err, trouble) {
						t.Fatalf("got %v, want to hear of %v", err, trouble)
					}
					time.Sleep(6 * time.Hour)
				}
				if got := len(w.waiting()) + len(w.ours()); got != 3 {
					t.Errorf("got %d drop files, want all 3", got)
				}
				d.trouble.Store(nil)
				w.runFor(5 * time.Minute)
				if diff := cmp.Diff([]string{"report (2).csv", "report (3).csv", "report.csv"}, w.names("invoices")); diff != "" {
					t.Errorf("documents (-want +got):\n%s", diff)
				}
				w.drained()
				w.verify()
			})
		})
	}
}

// A file or folder of the store that is missing once is never taken for a drop file that
// is gone.
func TestStoreFileGone(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"open", "read", "create", "write", "sync", "mkdir", "rename", "replace", "link", "remove", "syncdir", "barrier"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var armed atomic.Bool
				w := newWorld(t, "eml", through(hooked(func(now, name string) error {
					if now == op && armed.CompareAndSwap(true, false) {
						return &fs.PathError{Op: op, Path: name, Err: syscall.ENOENT}
					}
					return nil
				})))
				defer w.end()
				w.library(library.Library{Name: "invoices"})
				for _, name := range []string{"1.eml", "2.eml", "3.eml"} {
					w.drop(name, mail("alice@case.test", "invoices@case.test", "nobody@case.test")+letter)
				}
				armed.Store(true)
				_, err := w.job.Run(t.Context(), jobs.Schedule)
				t.Logf("the run said %v", err)
				armed.Store(false)
				w.runFor(5 * time.Minute)
				if diff := cmp.Diff([]string{"report (2).csv", "report (3).csv", "report.csv"}, w.names("invoices")); diff != "" {
					t.Errorf("documents (-want +got):\n%s", diff)
				}
				if held, err := w.store.HeldMail(t.Context()); err != nil || len(held) != 3 {
					t.Errorf("got %d held, %v; want 3", len(held), err)
				}
				w.drained()
				w.verify()
			})
		})
	}
}

// Below min_free nothing is claimed, and the job says what to do.
func TestMinFree(t *testing.T) {
	t.Parallel()
	var free atomic.Int64
	w := newWorld(t, "eml", with(func(o *incoming.Options) {
		o.MinFree = 0.1
		o.Space = func() (int64, int64, error) { return free.Load(), 1000, nil }
	}))
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", good())
	free.Store(99)
	sum, err := w.job.Drain(t.Context())
	if err == nil || !strings.Contains(err.Error(), "min_free") {
		t.Errorf("got %v, want to hear of min_free", err)
	}
	if sum.Processed != 0 || sum.Backlog != 1 {
		t.Errorf("got summary %+v, want the message left waiting", sum)
	}
	free.Store(100)
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the message filed", sum)
	}
	w.drained()
}
