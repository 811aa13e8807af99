package incoming_test

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
	"mailchute/store/storetest"
)

// A live process's next run takes what a dead one had in hand, without waiting: nothing is
// left that would be due later, nor what a process leaves that dies while it starts.
func TestClaimsOfTheDeadAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.drain() // the live process has its place in the folder
	sent, inHand := 0, 0
	for died := true; died; {
		for range 5 {
			w.drop(fmt.Sprintf("%d.eml", sent), good())
			sent++
		}
		_, died = kill(t, w.dir, drainMany, storetest.Plan{At: sent})
		inHand += len(w.ours())
		again, err := w.job.Run(t.Context(), jobs.Arrival)
		w.must(err)
		if !again.IsZero() {
			t.Errorf("struck at effect %d: got the next run at %v, want nothing left to wait for", sent, again)
		}
		w.drained()
	}
	if inHand < 10 {
		t.Errorf("got %d files in the hands of the dead: the test proves little", inHand)
	}
	w.checkBooksSay("at the end", sent, 0)
	w.verify()
}

// noLocks is a folder in which nothing can be locked while there is trouble.
type noLocks struct {
	durable.FS
	trouble *atomic.Bool
}

func (n noLocks) Lock(name string) (io.Closer, error) {
	if n.trouble.Load() {
		return nil, syscall.ENOLCK
	}
	return n.FS.Lock(name)
}

// A process that cannot lock its claims says so once and takes nothing, until it can.
func TestNoLock(t *testing.T) {
	t.Parallel()
	const says = "this process cannot lock its claims, so it takes none"
	var trouble atomic.Bool
	trouble.Store(true)
	w := newWorld(t, "eml", with(func(o *incoming.Options) {
		o.OpenFolder = wrapped(func(fsys durable.FS) durable.FS { return noLocks{fsys, &trouble} })
	}))
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", good())
	for range 3 {
		if sum := w.drainBadly(says); sum.Processed != 0 {
			t.Errorf("got summary %+v, want nothing processed", sum)
		}
	}
	if n := strings.Count(w.log.String(), says); n != 1 {
		t.Errorf("it was said %d times, want once:\n%s", n, w.log)
	}
	trouble.Store(false)
	if got := countsOf(w.drain()); got != (counts{filed: 1}) {
		t.Errorf("with locks: got %+v, want the message filed", got)
	}
	w.drained()
}
