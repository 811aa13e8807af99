package incoming_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/storetest"
)

// crashMail are the messages of the crash tests: two documents for two recipients, the
// same bytes again under a name that is taken, a new version, and one that is held.
func crashMail() map[string]string {
	second := strings.NewReplacer("<1@", "<2@", "report.csv", "REPORT.csv").Replace(letter)
	return map[string]string{
		"1.eml": "X-Sender: alice@case.test\r\nX-Receiver: invoices@case.test\r\nX-Receiver: copies@case.test\r\n" + letter,
		"2.eml": "X-Sender: alice@case.test\r\nX-Receiver: invoices@case.test\r\nX-Receiver: copies@case.test\r\n" + second,
		"3.eml": "X-Sender: bob@case.test\r\nX-Receiver: invoices@case.test\r\nX-Receiver: nobody@case.test\r\n" + letter,
	}
}

// newCrashWorld makes a data folder with mail in it and nobody at work on it.
func newCrashWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "copies", Settings: library.Settings{Accept: library.AcceptAnyone, Overwrite: true, SaveOriginal: true}})
	for name, content := range crashMail() {
		w.drop(name, content)
	}
	return w
}

// Whatever effect the process dies before or after, the next ones make each document
// once, hold each message once, leave nothing in the drop folder and balance the books.
func TestKilledAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		total := 1
		for k := 1; k <= total; k++ {
			w := newCrashWorld(t)
			plan := storetest.Plan{At: k, After: after}
			n, died := kill(t, w.dir, drainOne, plan)
			if total = n; died {
				total = k + 1
			}
			w.checkRecovered(fmt.Sprintf("killed at effect %d (after=%v)", k, after))
		}
		if t.Logf("killed at each of %d effects, after=%v", total, after); total < 50 {
			t.Errorf("got %d effects, want every file operation and commit of three messages", total)
		}
	}
}

// failures are what an effect may fail with: file operations and commits all alike, and
// what only a catalog says, commits alone.
var failures = []struct {
	err  error
	what string // begins the effects that fail
}{
	{syscall.ENOSPC, ""},
	{syscall.EIO, ""},
	{syscall.EMFILE, ""},
	{errors.New("database is locked (5) (SQLITE_BUSY)"), "commit"},
	{errors.New("database or disk is full (13) (SQLITE_FULL)"), "commit"},
}

// Every effect fails once, or from then on until the next process.
func TestFailureAtEveryEffect(t *testing.T) {
	t.Parallel()
	all := storetest.NewEffects(storetest.Plan{})
	if err := drainVictim(newCrashWorld(t).dir, all); err != nil {
		t.Fatal(err)
	}
	for _, cause := range failures {
		for _, stays := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v stays=%v", cause.err, stays), func(t *testing.T) {
				t.Parallel()
				points := 0
				for k, what := range all.Log() {
					if strings.HasPrefix(what, cause.what) {
						failAt(t, storetest.Plan{At: k + 1, Err: cause.err, Stays: stays}, what)
						points++
					}
				}
				if points < 5 {
					t.Errorf("got %d effects that fail: the test proves little", points)
				}
				t.Logf("failed at each of %d effects", points)
			})
		}
	}
}

// failAt lets an effect fail, which is what, and checks that all is well with the next
// process.
func failAt(t *testing.T, plan storetest.Plan, what string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newCrashWorld(t)
		defer w.end()
		effects := storetest.NewEffects(plan)
		err := drainVictim(w.dir, effects)
		if effects.Count() < plan.At {
			t.Errorf("got %d effects, want number %d to fail", effects.Count(), plan.At)
		}
		crashes.Tried("failed effects", 1)
		time.Sleep(2 * time.Minute) // what went to retry for it is due again
		w.checkRecovered(fmt.Sprintf("%v at effect %d, %s (drain said: %v)", plan.Err, plan.At, what, err))
	})
}

// Nothing fails only because it takes long, be it less than a run or more: a disk that
// sleeps, a catalog that is busy.
func TestSlow(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{time.Second, 2 * time.Minute} {
		t.Run(fmt.Sprint(delay), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCrashWorld(t)
				defer w.end()
				effects := storetest.NewEffects(storetest.Plan{At: 1, Stays: true, Delay: delay})
				w.must(drainVictim(w.dir, effects))
				crashes.Tried("slow effects", effects.Count())
				w.checkRecovered(fmt.Sprintf("each effect takes %v", delay))
			})
		})
	}
}

// checkRecovered drains once more and checks every promise.
func (w *world) checkRecovered(how string) {
	w.t.Helper()
	w.drain()
	want := map[string]string{
		"invoices/report.csv v1":     "1",
		"invoices/REPORT (2).csv v1": "1",
		"copies/report.csv v2":       "1",
		"copies/Report.eml v2":       "1",
	}
	got := map[string]string{}
	for _, name := range []string{"invoices", "copies"} {
		for _, d := range w.documents(name) {
			got[fmt.Sprintf("%s/%s v%d", name, d.Path(), d.Version)] = "1"
		}
	}
	normal := func(m map[string]string) map[string]string {
		out := map[string]string{}
		for k := range m {
			out[strings.ToLower(k)] = "1"
		}
		return out
	}
	if diff := cmp.Diff(normal(want), normal(got)); diff != "" {
		w.t.Errorf("%s: documents (-want +got):\n%s", how, diff)
	}
	held, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	if len(held) != 2 {
		w.t.Errorf("%s: got %d held, want 2", how, len(held))
	}
	w.checkNothingWaits(how)
	w.checkBooks(how)
	w.verify()
	if w.t.Failed() {
		w.t.Fatalf("%s: the log is\n%s", how, w.log)
	}
}

// checkNothingWaits fails where any file is left in the drop folder, ours included.
func (w *world) checkNothingWaits(how string) {
	w.t.Helper()
	err := filepath.WalkDir(filepath.Join(w.dir, "drop"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			w.t.Errorf("%s: %s is left in the drop folder", how, path)
		}
		return err
	})
	w.must(err)
}

// checkBooks fails where a run is open, does not add up, or counts what has no outcome.
func (w *world) checkBooks(how string) {
	w.t.Helper()
	runs, err := w.store.Runs(w.t.Context(), noTime, 0)
	w.must(err)
	var all event.Summary
	for _, r := range runs {
		if r.State == string(store.RunOpen) {
			w.t.Errorf("%s: run %s was left open", how, r.Run)
		}
		if r.Processed != r.Filed+r.Duplicate+r.Held+r.Deleted+r.Deferred || r.Errors != r.Held+r.Deleted+r.Deferred {
			w.t.Errorf("%s: the books of %s do not balance: %+v", how, r.Run, r)
		}
		all.Filed += r.Filed
		all.Held += r.Held
	}
	if all.Filed != 2 || all.Held != 1 {
		w.t.Errorf("%s: the books say %d filed and %d held over all runs, want 2 and 1", how, all.Filed, all.Held)
	}
}
