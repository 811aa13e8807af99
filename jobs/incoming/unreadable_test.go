package incoming_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/library"
)

// A file that we may not read stays where it is and counts among those that wait. Each
// process says so once, however often it looks, until the file changes.
func TestUnreadableOverRestarts(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"eml", "postfix"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkUnreadableOverRestarts(t, format) })
		})
	}
}

func checkUnreadableOverRestarts(t *testing.T, format string) {
	t.Helper()
	name := map[string]string{"eml": "1.eml", "postfix": "new/1"}[format]
	w := newWorld(t, format)
	defer w.end()
	for start := range 3 {
		w.end()
		w.change = func(o *incoming.Options) { o.Feeds[0].Owners = []int{os.Geteuid() + 1} }
		w.open()
		for i := range 3 {
			if i == 2 {
				w.drop(name, good()+strings.Repeat("x", 1+start)) // another file of that name
			} else if start+i == 0 {
				w.drain() // makes the folders
				w.drop(name, good())
			}
			time.Sleep(time.Minute)
			if sum := w.drain(); sum.Processed != 0 || sum.Backlog != 1 {
				t.Errorf("got summary %+v, want the file waiting", sum)
			}
		}
		if got := w.events(6872); len(got) != 2 || got[0]["file"] != path.Base(name) {
			t.Errorf("start %d: got events %v, want one of each file", start, got)
		}
		if got := append(w.waiting(), w.ours()...); !slices.Equal(got, []string{name}) {
			t.Errorf("start %d: got %q, want the file where it was", start, got)
		}
	}
}

// A file that cannot be read because the disk fails is said to be so once, over all
// processes, while it waits and is tried again; and it is filed when the disk is well.
func TestDamagedOverRestarts(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"open", "read"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkDamaged(t, op) })
		})
	}
}

func checkDamaged(t *testing.T, op string) {
	t.Helper()
	w := newWorld(t, "postfix")
	defer w.end()
	w.library(library.Library{Name: "invoices"})
	w.drain() // makes the folders
	w.drop("new/bad", postfixed)
	w.drop("new/good", strings.Replace(postfixed, "<1@", "<2@", 1))
	said := 0
	for start := range 3 {
		w.end()
		w.change = func(o *incoming.Options) {
			o.OpenFolder = wrapped(hooked(func(did, name string) error {
				if did == op && path.Base(name) == "bad" {
					return syscall.EIO
				}
				return nil
			}))
		}
		w.open()
		for range 30 {
			_, err := w.job.Run(t.Context(), jobs.Arrival)
			w.must(err)
			time.Sleep(10 * time.Minute)
		}
		said += len(w.events(6872))
		if n := len(w.waiting()) + len(w.ours()); n != 1 || len(w.documents("invoices")) != 1 {
			t.Fatalf("start %d: got %d files waiting and %d documents, want one of each", start, n, len(w.documents("invoices")))
		}
	}
	if said != 1 {
		t.Errorf("got %d events 6872, want one", said)
	}
	w.restart()
	time.Sleep(2 * time.Hour)
	w.drain()
	if n := len(w.documents("invoices")); n != 2 {
		t.Errorf("got %d documents, want both", n)
	}
	w.drained()
	w.verify()
}

// postfixed is a file of Postfix for the library invoices.
const postfixed = "Return-Path: <alice@case.test>\nX-Original-To: invoices@case.test\nDelivered-To: invoices@case.test\n" +
	"Received: by mx.case.test\n" + letter
