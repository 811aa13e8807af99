package incoming_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs"
	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
)

// Two processes drain one folder of one data folder at the same time: each message is
// filed once, and the books of both add up to all of them.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	for _, second := range []string{"drain", "run"} {
		t.Run(second, func(t *testing.T) {
			t.Parallel()
			const n = 500
			w := newWorld(t, "eml")
			w.library(library.Library{Name: "invoices"})
			w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone}})
			want := []string{}
			for i := range n {
				name := fmt.Sprintf("%03d.txt", i)
				want = append(want, name)
				w.drop(fmt.Sprintf("%03d.eml", i), mail("alice@case.test", "invoices@case.test", "nobody@case.test", "open@case.test")+
					attached(received, name, name))
			}
			runs := w.both(w.beside(), second)

			var processed, held int
			for _, sum := range runs {
				w.balanced(sum)
				processed += sum.Processed
				held += sum.Held
			}
			if processed != n || held != n || len(runs) != 2 {
				t.Errorf("got %d processed and %d held in %d runs, want %d of both in 2", processed, held, len(runs), n)
			}
			for _, library := range []string{"invoices", "open"} {
				if diff := cmp.Diff(want, w.names(library)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", library, diff)
				}
			}
			if mail, err := w.store.HeldMail(t.Context()); err != nil || len(mail) != n {
				t.Errorf("got %d held, %v; want %d", len(mail), err, n)
			}
			w.drained()
			w.verify()
		})
	}
}

// both lets two processes work at the same time, and returns the summaries of their runs.
func (w *world) both(other *world, second string) []event.Summary {
	w.t.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, 2)
	wg.Go(func() {
		_, err := w.job.Drain(w.t.Context())
		errs <- err
	})
	wg.Go(func() {
		if second == "run" {
			_, err := other.job.Run(w.t.Context(), jobs.Schedule)
			errs <- err
			return
		}
		_, err := other.job.Drain(w.t.Context())
		errs <- err
	})
	wg.Wait()
	w.must(<-errs)
	w.must(<-errs)
	runs, err := w.store.Runs(w.t.Context(), noTime, 0)
	w.must(err)
	return runs
}

// One name from two processes at the same time: with overwriting each message is a
// version, without it each has a name of its own, however it was written.
func TestOneNameAtOnce(t *testing.T) {
	t.Parallel()
	const n = 60
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "over", Settings: library.Settings{Overwrite: true}})
	w.library(library.Library{Name: "numbered"})
	spellings := []string{"Stra\u00dfe \u00e9.txt", "STRASSE E\u0301.TXT", "stra\u00dfe e\u0301.txt"}
	for i := range n {
		w.drop(fmt.Sprintf("%d.eml", i), mail("alice@case.test", "over@case.test", "numbered@case.test")+
			attached(received, spellings[i%len(spellings)], fmt.Sprint(i)))
	}
	w.both(w.beside(), "drain")

	folded := map[string]bool{}
	for _, d := range w.documents("numbered") {
		folded[d.NameKey] = true
		if d.Version != 1 {
			t.Errorf("got version %d of %s, want no versions without overwriting", d.Version, d.Name)
		}
	}
	if len(folded) != n {
		t.Errorf("got %d different names, want %d: %q", len(folded), n, w.names("numbered"))
	}
	w.checkVersions("over", n)
	w.drained()
	w.verify()
}

// checkVersions fails unless the documents of a library have n versions in all, without
// a gap, each with bytes of its own, and the tree shows the last.
func (w *world) checkVersions(name string, n int) {
	w.t.Helper()
	total := 0
	digests := map[string]bool{}
	for _, d := range w.documents(name) {
		versions, err := w.store.Versions(w.t.Context(), name, d.Path())
		w.must(err)
		for i, v := range versions {
			total++
			digests[v.Content.Digest.String()] = true
			if v.Version != i+1 || v.Name != d.Name {
				w.t.Errorf("got version %d of %s in place %d of %s", v.Version, v.Name, i+1, d.Name)
			}
		}
		if last := versions[len(versions)-1]; last.Version != d.Version {
			w.t.Errorf("got version %d of %s shown, want the last, %d", d.Version, d.Name, last.Version)
		}
	}
	if total != n || len(digests) != n {
		w.t.Errorf("got %d versions with %d different contents, want %d", total, len(digests), n)
	}
}

// Twins within one message and between messages: names that are the same to some file
// system are never both used.
func TestTwins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "numbered"})
	w.library(library.Library{Name: "over", Settings: library.Settings{Overwrite: true}})
	twins := "Subject: Twins\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	for i, name := range []string{"a.txt", "A.TXT", "a.txt", "a (2).txt"} {
		twins += fmt.Sprintf("--b\r\nContent-Disposition: attachment; filename=%q\r\n\r\n%d\r\n", name, i)
	}
	twins += "--b--\r\n"
	for _, file := range []string{"1.eml", "2.eml"} {
		w.drop(file, mail("alice@case.test", "numbered@case.test", "over@case.test")+twins)
		w.drain()
	}
	var folded []string
	for _, name := range w.names("numbered") {
		folded = append(folded, strings.ToLower(name))
	}
	slices.Sort(folded)
	if got := len(slices.Compact(folded)); got != 8 {
		t.Errorf("got %q, want 8 documents of different names", w.names("numbered"))
	}
	if got := w.documents("over"); len(got) != 4 || slices.ContainsFunc(got, func(d store.Shown) bool { return d.Version != 2 }) {
		t.Errorf("got %+v, want 4 documents in their second version", got)
	}
	w.drained()
	w.verify()
}
