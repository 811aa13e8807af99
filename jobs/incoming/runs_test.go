package incoming_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
)

// A run by arrival that finds nothing leaves no record; any other run does.
func TestEmptyRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	for _, why := range []jobs.Trigger{jobs.Start, jobs.Arrival, jobs.Schedule, jobs.Arrival, jobs.Arrival} {
		again, err := w.job.Run(t.Context(), why)
		if err != nil || !again.IsZero() {
			t.Errorf("%s: got %v, %v; want an empty run that asks for no other", why, again, err)
		}
	}
	w.drain()
	want := []string{"start", "schedule", "manual"}
	events := w.events(6871)
	if len(events) != len(want) {
		t.Fatalf("got %d events 6871, want %d:\n%s", len(events), len(want), w.log)
	}
	for i, e := range events {
		if e["trigger"] != want[i] || e["processed"] != 0.0 || e["state"] != "closed" {
			t.Errorf("got event %v, want an empty run by %s", e, want[i])
		}
	}
}

// A run that has lasted for RunTime claims no more and asks for the next one at once.
func TestRunTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml", with(func(o *incoming.Options) { o.RunTime = time.Nanosecond }))
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", good())
	again, err := w.job.Run(t.Context(), jobs.Schedule)
	if err != nil || again.IsZero() || again.After(time.Now()) {
		t.Errorf("got %v, %v; want another run asked for at once", again, err)
	}
	if diff := len(w.waiting()) + len(w.ours()); diff != 1 {
		t.Errorf("got %d files, want the message left", diff)
	}
	w.restart()
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the message filed", sum)
	}
	w.drained()
}

// A run that is asked to stop finishes or returns what it has in hand, and counts only
// what it has finished.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	const n = 100
	for _, at := range []int64{1, 2, 30} { // the nth time that a drop file is read
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			var read atomic.Int64
			var dropped atomic.Bool
			w := newWorld(t, "eml", with(func(o *incoming.Options) {
				o.OpenFolder = wrapped(hooked(func(op, _ string) error {
					if op == "read" && dropped.Load() && read.Add(1) == at {
						stop()
					}
					return nil
				}))
			}))
			w.library(library.Library{Name: "invoices"})
			for i := range n {
				w.drop(fmt.Sprintf("%d.eml", i), good())
			}
			dropped.Store(true)
			if _, err := w.job.Run(ctx, jobs.Schedule); err != nil {
				t.Errorf("got %v, want the end of the run to be no error", err)
			}
			runs, err := w.store.Runs(t.Context(), noTime, 0)
			w.must(err)
			if len(runs) != 1 || runs[0].State != "closed" {
				t.Fatalf("got runs %+v, want one that is closed", runs)
			}
			w.balanced(runs[0])
			first := runs[0]
			if left := len(w.waiting()); left != n-first.Filed || first.Processed != first.Filed || left == 0 {
				t.Errorf("got %d files left and summary %+v, want each file filed or left", left, first)
			}
			if left := w.ours(); len(left) > 0 {
				t.Errorf("got %q in .mailchute, want everything put back where it arrived", left)
			}
			if second := w.drain(); second.Filed != n-first.Filed {
				t.Errorf("got summary %+v, want the other %d filed", second, n-first.Filed)
			}
			if got := len(w.documents("invoices")); got != n {
				t.Errorf("got %d documents, want %d", got, n)
			}
			w.drained()
			w.verify()
		})
	}
}

// Documents that the tree cannot show are filed all the same, and shown as soon as it
// can, with one word when that begins and one when it is over.
func TestTreeDown(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	w := newWorld(t, "eml", through(func(fsys durable.FS) durable.FS {
		if filepath.Base(fsys.Path()) != "libraries" {
			return fsys
		}
		return hooked(func(op, name string) error {
			if op == "link" && down.Load() {
				return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
			}
			return nil
		})(fsys)
	}))
	w.library(library.Library{Name: "invoices"})
	down.Store(true)
	for i := range 3 {
		w.drop(fmt.Sprintf("%d.eml", i), good())
		if sum := w.drain(); sum.Filed != 1 {
			t.Errorf("got summary %+v, want the message filed", sum)
		}
	}
	if got := w.filesIn("libraries"); len(got) > 0 {
		t.Errorf("got %q in the tree, want nothing yet: the test proves nothing", got)
	}
	w.verify()
	down.Store(false)
	w.drain()
	if got := w.filesIn("libraries/default"); len(got) != 3 {
		t.Errorf("got %q in the tree, want all three documents", got)
	}
	log := w.log.String()
	if strings.Count(log, "cannot show them yet") == 0 || strings.Count(log, "show all documents again") != 1 {
		t.Errorf("got the log\n%s\nwant a word when the tree failed and one when it was back", log)
	}
	w.drained()
	w.verify()
}

// A drop file that cannot be removed after it was filed is removed later, and not filed
// twice, by the same process or by the next.
func TestFinishFails(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"same process", "next process"} {
		t.Run(next, func(t *testing.T) {
			t.Parallel()
			var stuck atomic.Bool
			stuck.Store(true)
			w := newWorld(t, "eml", with(func(o *incoming.Options) {
				o.OpenFolder = wrapped(hooked(func(op, name string) error {
					if op == "remove" && stuck.Load() && filepath.Base(name) == "1.eml" {
						return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
					}
					return nil
				}))
			}))
			w.library(library.Library{Name: "invoices"})
			w.drop("1.eml", good())
			w.drop("2.eml", good())
			if sum := w.drainBadly("1.eml"); sum.Filed != 2 {
				t.Errorf("got summary %+v, want both messages filed", sum)
			}
			for range 3 {
				if sum := w.drainBadly("1.eml"); sum.Processed != 0 {
					t.Errorf("got summary %+v, want nothing processed again", sum)
				}
			}
			if got := strings.Count(w.log.String(), "cannot be moved or removed"); got != 1 {
				t.Errorf("got %d complaints, want one:\n%s", got, w.log)
			}
			if left := w.ours(); len(left) != 1 {
				t.Errorf("got %q in .mailchute, want the file that cannot be removed", left)
			}
			stuck.Store(false)
			if next == "next process" {
				if err := w.process.close(); err == nil {
					t.Error("got no word of the file that is still claimed")
				}
				w.open()
			}
			w.drain()
			if got := len(w.documents("invoices")); got != 2 {
				t.Errorf("got %d documents, want 2", got)
			}
			w.drained()
			w.verify()
		})
	}
}
