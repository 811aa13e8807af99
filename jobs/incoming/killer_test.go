package incoming_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/storetest"
)

// whileParsed wraps a folder so that something happens when the parser reads the file
// killer.eml. Copying it is harmless.
func whileParsed(what func()) func(path string) (durable.FS, error) {
	return wrapped(hooked(func(op, name string) error {
		if op == "read" && path.Base(name) == "killer.eml" && parsing() {
			what()
		}
		return nil
	}))
}

// parsing reports whether package message called, however far up.
func parsing() bool {
	callers := make([]uintptr, 100)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "mailchute/pkg/message.") {
			return true
		}
		if !more {
			return false
		}
	}
}

// parseVictim drains a data folder as a process of its own would, which the parser kills
// when it reads killer.eml.
func parseVictim(dir string, _ *storetest.Effects) error {
	ctx := context.Background()
	o := testOptions(dir, "eml", zerolog.Nop())
	o.OpenFolder = whileParsed(func() {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		fmt.Fprintln(os.Stderr, err)
		select {}
	})
	p, err := openThrough(ctx, dir, o, seams{folder: durable.Open, catalog: func(c store.Catalog) store.Catalog { return c }})
	if err != nil {
		return err
	}
	_, err = p.job.Drain(ctx)
	return errors.Join(err, p.close())
}

// A message that kills the process is held after three deaths. What arrives meanwhile is
// filed by the next process before that dies too, and what was in hand with the killer
// by the second one at the latest.
func TestKiller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.drop("killer.eml", good())
	sent := []string{}
	for n := range 4 { // three deaths, and a process that lives
		arrived := []string{}
		for i := range 30 {
			name := fmt.Sprintf("%d-%02d.eml", n, i)
			w.drop(name, good())
			arrived = append(arrived, name)
		}
		if _, died := kill(t, w.dir, parse, storetest.Plan{}); died != (n < 3) {
			t.Fatalf("process %d: died: %v", n, died)
		}
		if sent = append(sent, arrived...); n == 1 {
			w.checkFiled(n, arrived)
		} else if n > 1 {
			w.checkFiled(n, sent)
		}
	}
	if diff := cmp.Diff([]string{"held poison invoices@case.test"}, w.verdicts("killer.eml")); diff != "" {
		t.Errorf("the killer (-want +got):\n%s", diff)
	}
	w.drain()
	w.checkBooksSay("at the end", len(sent), 1)
	w.drained()
	w.verify()
}

// checkFiled fails unless the messages of these files are filed.
func (w *world) checkFiled(process int, files []string) {
	w.t.Helper()
	for _, file := range files {
		if diff := cmp.Diff([]string{"filed invoices@case.test"}, w.verdicts(file)); diff != "" {
			w.t.Errorf("process %d: %s (-want +got):\n%s", process, file, diff)
		}
	}
}

// A message that makes the parser panic is held at once, and all others are filed, by
// the same parsers too.
func TestParserPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml", with(func(o *incoming.Options) {
		o.OpenFolder = whileParsed(func() { panic("index out of range") })
	}))
	w.library(library.Library{Name: "invoices"})
	w.drop("killer.eml", good())
	for i := range 30 {
		w.drop(fmt.Sprintf("%02d.eml", i), good())
	}
	if got, want := countsOf(w.drain()), (counts{filed: 30, held: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if diff := cmp.Diff([]string{"held poison invoices@case.test"}, w.verdicts("killer.eml")); diff != "" {
		t.Errorf("the killer (-want +got):\n%s", diff)
	}
	w.checkHeld("killer.eml", good())
	w.drained()
	w.verify()
}
