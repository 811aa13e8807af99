package incoming_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// disk is a disk that can be full: then nothing new can be made or written, only removed.
type disk struct{ full atomic.Bool }

func (d *disk) hook(op, name string) error {
	switch op {
	case "create", "write", "mkdir", "link":
		if d.full.Load() {
			return &fs.PathError{Op: op, Path: name, Err: syscall.ENOSPC}
		}
	}
	return nil
}

// On a full disk nothing is lost, and no message is blamed for it; when there is room,
// the mail is filed without anybody's help.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d disk
		w := newWorld(t, "eml", through(hooked(d.hook)))
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		for _, name := range []string{"1.eml", "2.eml", "3.eml"} {
			w.drop(name, good())
		}
		d.full.Store(true)
		for range 8 * 24 { // longer than a message is tried again after failures of its own
			if _, err := w.job.Run(t.Context(), jobs.Schedule); !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("got %v, want to hear that the disk is full", err)
			}
			time.Sleep(time.Hour)
		}
		if got := len(w.waiting()) + len(w.ours()); got != 3 {
			t.Errorf("got %d drop files, want all 3", got)
		}
		d.full.Store(false)
		w.runFor(5 * time.Minute)
		if diff := cmp.Diff([]string{"report (2).csv", "report (3).csv", "report.csv"}, w.names("invoices")); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
		w.drained()
		w.verify()
	})
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

// A library that is removed while a message is on its way there gets nothing, and the
// message is decided again.
func TestLibraryRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w *world
		var armed atomic.Bool
		w = newWorld(t, "eml", through(hooked(func(op, name string) error {
			if op == "create" && armed.CompareAndSwap(true, false) {
				return w.store.RemoveLibrary(t.Context(), "invoices", false)
			}
			return nil
		})))
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		w.library(library.Library{Name: "copies"})
		w.drop("1.eml", mail("alice@case.test", "invoices@case.test", "copies@case.test")+letter)
		armed.Store(true)
		_, err := w.job.Run(t.Context(), jobs.Schedule)
		t.Logf("the run said %v", err)
		time.Sleep(2 * time.Minute)
		w.runFor(5 * time.Minute)
		want := []string{"filed copies@case.test", "held unknown-address invoices@case.test"}
		if diff := cmp.Diff(want, w.verdicts("1.eml")); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"report.csv"}, w.names("copies")); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
		w.drained()
		w.verify()
	})
}

// A message whose handling panics is held, and the others are filed.
func TestPanic(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	w := newWorld(t, "eml", through(hooked(func(op, _ string) error {
		if op == "create" && armed.CompareAndSwap(true, false) {
			panic("out of order")
		}
		return nil
	})))
	w.library(library.Library{Name: "invoices"})
	for i := range 20 {
		w.drop(fmt.Sprintf("%d.eml", i), good())
	}
	armed.Store(true)
	if sum := w.drain(); sum.Filed != 19 || sum.Held != 1 || sum.Failed[0].Reason != "poison" {
		t.Errorf("got summary %+v, want 19 filed and one held as poison", sum)
	}
	w.drained()
	w.verify()
}

// A message that fails by itself waits in retry, on record, and keeps nobody waiting.
func TestFailureOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		w := newWorld(t, "eml", with(func(o *incoming.Options) {
			o.OpenFolder = wrapped(hooked(func(op, name string) error {
				if op == "read" && broken.Load() && filepath.Base(name) == "1.eml" {
					return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
				}
				return nil
			}))
		}))
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		w.drop("1.eml", good())
		w.drop("2.eml", good())
		sum := w.drain()
		if got, want := countsOf(sum), (counts{filed: 1, deferred: 1}); got != want || sum.Backlog != 1 {
			t.Errorf("got %+v and %d waiting, want %+v and one", got, sum.Backlog, want)
		}
		if e := w.events(6872); len(e) != 1 || e[0]["file"] != "1.eml" || !strings.Contains(fmt.Sprint(e[0]["detail"]), "input/output") {
			t.Errorf("got events 6872 %v, want one of 1.eml with what is wrong", e)
		}
		w.runFor(2 * time.Hour)
		broken.Store(false)
		w.runFor(2 * time.Hour)
		if diff := cmp.Diff([]string{"filed invoices@case.test"}, w.verdicts("1.eml")); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		w.drained()
		w.verify()
	})
}

// A message that has failed by itself for too long is held when it fails again.
func TestTooManyAttempts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		waited time.Duration
		want   []string
	}{
		{7*24*time.Hour - time.Second, []string{}},
		{7 * 24 * time.Hour, []string{"held too-many-attempts invoices@case.test"}},
	} {
		t.Run(row.waited.String(), func(t *testing.T) {
			t.Parallel()
			var reads atomic.Int64
			w := newWorld(t, "eml", with(func(o *incoming.Options) {
				o.OpenFolder = wrapped(hooked(func(op, name string) error {
					if op == "read" && filepath.Base(name) == "1.eml" && reads.Add(1) == 2 { // the first is the envelope's
						return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
					}
					return nil
				}))
			}))
			w.library(library.Library{Name: "invoices"})
			box := filepath.Join(w.dir, "drop", ".mailchute", "retry", fmt.Sprintf("0.0.200.%d.X", int64(row.waited.Seconds())))
			w.must(os.MkdirAll(box, 0o700))
			w.must(os.WriteFile(filepath.Join(box, "1.eml"), []byte(good()), 0o600))
			w.drain()
			if diff := cmp.Diff(row.want, w.verdicts("1.eml")); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			w.checkHeld("1.eml", good())
			w.verify()
		})
	}
}
