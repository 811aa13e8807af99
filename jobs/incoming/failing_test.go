package incoming_test

import (
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
		large := strings.Repeat(fmt.Sprintf("%02d", i), 20<<10) // its blob is made while it is decoded
		w.drop(fmt.Sprintf("%d.eml", i), mail("alice@case.test", "invoices@case.test")+attached("", "a.bin", large))
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
		e := w.events(6873)
		if len(e) != 1 || e[0]["file"] != "1.eml" || e[0]["state"] != "deferred" || !strings.Contains(fmt.Sprint(e[0]["detail"]), "input/output") {
			t.Errorf("got events 6873 %v, want one of 1.eml with what is wrong", e)
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
		read   int64 // the one that fails: of the envelope, the mark or the message
		want   []string
	}{
		{7*24*time.Hour - time.Second, 3, []string{}},
		{7 * 24 * time.Hour, 1, []string{"held too-many-attempts"}},
		{7 * 24 * time.Hour, 2, []string{"held too-many-attempts invoices@case.test"}},
		{7 * 24 * time.Hour, 3, []string{"held too-many-attempts invoices@case.test"}},
	} {
		t.Run(fmt.Sprintf("%v, read %d", row.waited, row.read), func(t *testing.T) {
			t.Parallel()
			var reads atomic.Int64
			w := newWorld(t, "eml", with(func(o *incoming.Options) {
				o.OpenFolder = wrapped(hooked(func(op, name string) error {
					if op == "read" && filepath.Base(name) == "1.eml" && reads.Add(1) == row.read {
						return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
					}
					return nil
				}))
			}))
			w.library(library.Library{Name: "invoices"})
			box := filepath.Join(w.dir, "drop", ".mailchute", "retry", fmt.Sprintf("0.0.200.%d.X", int64(row.waited.Seconds())))
			w.must(os.MkdirAll(box, 0o700))
			w.write(filepath.Join(box, "1.eml"), good())
			w.drain()
			if diff := cmp.Diff(row.want, w.verdicts("1.eml")); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			w.checkHeld("1.eml", good())
			w.verify()
		})
	}
}
