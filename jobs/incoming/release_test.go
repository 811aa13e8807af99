package incoming_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/storetest"
)

// holdOne drops a message that is held for one recipient, and returns it.
func (w *world) holdOne(content string) store.HeldMail {
	w.t.Helper()
	w.drop("held.eml", content)
	w.drain()
	held, err := w.store.HeldMail(w.t.Context(), store.HeldWaiting)
	w.must(err)
	if len(held) != 1 {
		w.t.Fatalf("got %d held, want one", len(held))
	}
	return held[0]
}

// release releases held mail as the operator says, within the job's limits.
func (w *world) release(h store.HeldMail, by incoming.Override) (incoming.Released, error) {
	w.t.Helper()
	return incoming.Release(w.t.Context(), w.options(), h, by)
}

// options are those of the world's job.
func (w *world) options() incoming.Options {
	o := testOptions(w.dir, w.format, zerolog.Nop())
	w.change(&o)
	o.Store = w.store
	return o
}

func TestRelease(t *testing.T) {
	t.Parallel()
	big := attached("", "big.bin", strings.Repeat("x", 2000))
	for _, row := range []struct {
		name    string
		content string
		limits  message.Limits
		before  func(w *world) // after it was held
		by      incoming.Override
		want    []string // documents: library/path author
		reason  fault.Reason
		err     error
	}{
		{
			name: "no permission", content: mail("bob@case.test", "invoices@case.test") + letter,
			want: []string{"invoices/report.csv bob"},
		},
		{
			name: "a stranger", content: mail("x@elsewhere.test", "invoices@case.test") + letter,
			want: []string{"invoices/report.csv System Account"},
		},
		{
			name: "a stranger who is somebody by now", content: mail("x@elsewhere.test", "invoices@case.test") + letter,
			before: func(w *world) { w.user("xaver", "x@elsewhere.test") },
			want:   []string{"invoices/report.csv xaver"},
		},
		{
			name: "as another user", content: mail("x@elsewhere.test", "senders@case.test") + letter,
			by: incoming.Override{Author: "alice"}, want: []string{"senders/alice@case.test/report.csv alice"},
		},
		{
			name: "as a stranger", content: mail("x@elsewhere.test", "senders@case.test") + letter,
			want: []string{"senders/unverified/report.csv System Account"},
		},
		{
			name: "the null sender", content: mail("<>", "invoices@case.test") + letter,
			want: []string{"invoices/report.csv System Account"},
		},
		{
			name: "to another library", content: mail("bob@case.test", "invoices@case.test") + letter,
			by: incoming.Override{Library: "originals"}, want: []string{"originals/Report.eml bob", "originals/report.csv bob"},
		},
		{
			name: "unknown address", content: mail("alice@case.test", "nobody@case.test") + letter,
			reason: fault.UnknownAddress,
		},
		{
			name: "unknown address that has a library by now", content: mail("alice@case.test", "reports@case.test") + letter,
			before: func(w *world) { w.library(library.Library{Name: "reports"}) }, want: []string{"reports/report.csv alice"},
		},
		{
			name: "foreign domain", content: mail("alice@case.test", "invoices@elsewhere.test") + letter,
			reason: fault.ForeignDomain,
		},
		{
			name: "foreign domain to a library", content: mail("alice@case.test", "invoices@elsewhere.test") + letter,
			by: incoming.Override{Library: "invoices"}, want: []string{"invoices/report.csv alice"},
		},
		{
			name: "a closed farm", content: mail("bob@case.test", "invoices@case.test") + letter,
			before: func(w *world) {
				w.must(w.store.SetSettings(w.t.Context(), map[string]string{"enabled": "false"}))
			},
			want: []string{"invoices/report.csv bob"},
		},
		{
			name: "an archived library", content: mail("bob@case.test", "invoices@case.test") + letter,
			before: func(w *world) { w.must(w.store.RemoveLibrary(w.t.Context(), "invoices", true)) },
			by:     incoming.Override{Library: "invoices"}, reason: fault.LibraryClosed,
		},
		{
			name: "no such library", content: mail("bob@case.test", "invoices@case.test") + letter,
			by: incoming.Override{Library: "x"}, err: fault.ErrNotFound,
		},
		{
			name: "no such user", content: mail("bob@case.test", "invoices@case.test") + letter,
			by: incoming.Override{Author: "x"}, err: fault.ErrNotFound,
		},
		{name: "no envelope", content: letter, reason: fault.NoEnvelope},
		{
			name: "no envelope to a library", content: letter,
			by: incoming.Override{Library: "originals"}, want: []string{"originals/Report.eml System Account", "originals/report.csv System Account"},
		},
		{
			name: "too large", content: mail("alice@case.test", "small@case.test") + big,
			reason: fault.TooLarge,
		},
		{
			name: "too large by force", content: mail("alice@case.test", "small@case.test") + big,
			by: incoming.Override{Force: true}, want: []string{"small/big.bin alice"},
		},
		{
			name: "a blocked type by force", content: mail("alice@case.test", "small@case.test") + attached("", "a.exe", "MZ"),
			by: incoming.Override{Force: true}, want: []string{"small/a.exe alice"},
		},
		{
			name: "over the limits", content: mail("alice@case.test", "invoices@case.test") + letter, limits: message.Limits{Parts: 2},
			want: []string{"invoices/Report.eml alice"},
		},
		{
			name: "over the limits and too large", content: mail("alice@case.test", "small@case.test") + big, limits: message.Limits{Parts: 1},
			reason: fault.TooLarge,
		},
		{
			name: "over limits that are higher by now", content: mail("alice@case.test", "invoices@case.test") + letter, limits: message.Limits{Parts: 2},
			before: func(w *world) { w.change = func(*incoming.Options) {} },
			want:   []string{"invoices/report.csv alice"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml", with(func(o *incoming.Options) { o.Limits = row.limits }))
			w.library(library.Library{Name: "invoices"})
			w.library(library.Library{Name: "originals", Settings: library.Settings{SaveOriginal: true}})
			w.library(library.Library{Name: "senders", Settings: library.Settings{Folders: library.FoldersSender}})
			w.library(library.Library{Name: "small", Settings: library.Settings{MaxFileSize: 1000, BlockedTypes: []string{"exe"}}})
			h := w.holdOne(row.content)
			if row.before != nil {
				row.before(w)
			}
			dry := row.by
			dry.DryRun = true
			planned, dryErr := w.release(h, dry)
			if got := w.allDocuments(); len(got) > 0 {
				t.Errorf("got documents %q after a dry run, want none", got)
			}
			done, err := w.release(h, row.by)
			if row.reason != "" && (fault.Of(err) != fault.Permanent || fault.ReasonOf(err) != row.reason) {
				t.Errorf("got %v, want it to stay held for %s", err, row.reason)
			}
			if row.reason == "" && !errors.Is(err, row.err) {
				t.Errorf("got %v, want %v", err, row.err)
			}
			if fmt.Sprint(dryErr) != fmt.Sprint(err) {
				t.Errorf("got %v by a dry run, and %v", dryErr, err)
			}
			if diff := cmp.Diff(planned, done); diff != "" {
				t.Errorf("what was planned and done (-planned +done):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{}, row.want...), w.allDocuments()); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			want := store.HeldReleased
			if err != nil {
				want = store.HeldWaiting
			}
			if got, err := w.store.HeldByID(t.Context(), h.ID); err != nil || got.State != want {
				t.Errorf("got %s, %v; want %s", got.State, err, want)
			}
			w.verify()
		})
	}
}

func (w *world) user(login, address string) {
	w.t.Helper()
	w.must(w.store.AddUser(w.t.Context(), access.User{Login: login, Addresses: []string{address}}))
}

// allDocuments returns "library/path author" of every document, in order.
func (w *world) allDocuments() []string {
	w.t.Helper()
	all := []string{}
	libraries, err := w.store.Libraries(w.t.Context())
	w.must(err)
	for _, l := range libraries {
		for _, d := range w.documents(l.Name) {
			all = append(all, l.Name+"/"+d.Path()+" "+d.Author)
		}
	}
	slices.Sort(all)
	return all
}

// A message that ended processes is not read again.
func TestReleaseOfPoison(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	h := w.holdOne(mail("bob@case.test", "invoices@case.test") + letter)
	h.Outcome.Reason = fault.Poisoned
	if _, err := w.release(h, incoming.Override{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"invoices/message.eml bob"}, w.allDocuments()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	w.verify()
}

// What is released is what the job would have filed: same bytes, columns and identity.
func TestReleaseKeepsWhatItWas(t *testing.T) {
	t.Parallel()
	content := mail("bob@case.test", "invoices@case.test") + letter
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices", Settings: library.Settings{SaveOriginal: true}})
	h := w.holdOne(content)
	if _, err := w.release(h, incoming.Override{}); err != nil {
		t.Fatal(err)
	}
	filed := newWorld(t, "eml")
	filed.library(library.Library{Name: "invoices", Settings: library.Settings{SaveOriginal: true, Accept: library.AcceptAnyone}})
	filed.drop("held.eml", content)
	filed.drain()
	got, want := w.documents("invoices"), filed.documents("invoices")
	for i := range got {
		got[i].Created, got[i].Author, got[i].Evidence = want[i].Created, want[i].Author, want[i].Evidence
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documents (-filed +released):\n%s", diff)
	}
	w.drop("held.eml", content)
	if sum := w.drain(); sum.Duplicate != 1 {
		t.Errorf("got summary %+v, want the same message to be a duplicate", sum)
	}
	w.verify()
}

// Two processes release the same mail at the same time, beside a run of the job.
func TestReleaseByTwoProcesses(t *testing.T) {
	t.Parallel()
	const n = 30
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	for i := range n {
		w.drop(fmt.Sprintf("%02d.eml", i), mail("bob@case.test", "invoices@case.test")+attached(received, fmt.Sprintf("%02d.txt", i), fmt.Sprint(i)))
	}
	w.drain()
	held, err := w.store.HeldMail(t.Context(), store.HeldWaiting)
	w.must(err)
	for i := range n {
		w.drop(fmt.Sprintf("more%02d.eml", i), mail("alice@case.test", "invoices@case.test")+attached(received, fmt.Sprintf("more%02d.txt", i), fmt.Sprint(i)))
	}
	other := w.beside()
	var working sync.WaitGroup
	won := make([]int, 2)
	for i, p := range []*world{w, other} {
		working.Go(func() {
			for _, h := range held {
				_, err := p.release(h, incoming.Override{})
				if err == nil {
					won[i]++
				} else if !errors.Is(err, fault.ErrConflict) {
					t.Error(err)
				}
			}
		})
	}
	w.drain()
	working.Wait()
	if won[0]+won[1] != n {
		t.Errorf("got %d and %d releases, want %d together", won[0], won[1], n)
	}
	if got := len(w.documents("invoices")); got != 2*n {
		t.Errorf("got %d documents, want %d", got, 2*n)
	}
	w.verify()
}

// releaseVictim releases what is held as a process of its own would.
func releaseVictim(dir string, effects *storetest.Effects) error {
	ctx := context.Background()
	o := testOptions(dir, "eml", zerolog.Nop())
	p, err := openProcess(ctx, dir, o, effects)
	if err != nil {
		return err
	}
	held, err := p.store.HeldMail(ctx, store.HeldWaiting)
	o.Store = p.store
	for _, h := range held {
		_, e := incoming.Release(ctx, o, h, incoming.Override{})
		err = errors.Join(err, e)
	}
	return errors.Join(err, p.close())
}

// newHeldWorld makes a data folder with two messages held in it, and nobody at work on it.
func newHeldWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices", Settings: library.Settings{SaveOriginal: true}})
	for i := range 2 {
		w.drop(fmt.Sprint(i, ".eml"), mail("bob@case.test", "invoices@case.test")+letter)
	}
	w.drain()
	w.end()
	return w
}

// checkReleased releases once more and checks that each message was released once.
func (w *world) checkReleased(how string) {
	w.t.Helper()
	w.open()
	held, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	for _, h := range held {
		if _, err := w.release(h, incoming.Override{}); (err != nil) != (h.State == store.HeldReleased) || (err != nil && !errors.Is(err, fault.ErrConflict)) {
			w.t.Errorf("%s: got %v for mail that is %s", how, err, h.State)
		}
	}
	w.drain() // shows what could not be shown
	want := []string{"invoices/Report (2).eml bob", "invoices/Report.eml bob", "invoices/report (2).csv bob", "invoices/report.csv bob"}
	if diff := cmp.Diff(want, w.allDocuments()); diff != "" {
		w.t.Errorf("%s: documents (-want +got):\n%s", how, diff)
	}
	w.verify()
	if w.t.Failed() {
		w.t.Fatal(how)
	}
	w.end()
}

// Whatever effect of a release the process dies before or after, the message is released
// once or still held, and then can be.
func TestReleaseKilledAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		total := 1
		for k := 1; k <= total; k++ {
			w := newHeldWorld(t)
			plan := storetest.Plan{At: k, After: after}
			n, died := kill(t, w.dir, release, plan)
			if total = n; died {
				total = k + 1
			}
			w.checkReleased(fmt.Sprintf("killed at effect %d (after=%v)", k, after))
		}
		if t.Logf("killed at each of %d effects, after=%v", total, after); total < 20 {
			t.Errorf("got %d effects, want every file operation and commit of two releases", total)
		}
	}
}

// Every effect of a release fails once, or from then on.
func TestReleaseFailsAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, stays := range []bool{false, true} {
		for k, total := 1, 1; k <= total; k++ {
			w := newHeldWorld(t)
			effects := storetest.NewEffects(storetest.Plan{At: k, Err: syscall.ENOSPC, Stays: stays})
			err := releaseVictim(w.dir, effects)
			crashes.Tried("failed effects", 1)
			total = max(total, effects.Count()+1) // one more, until none is struck
			w.checkReleased(fmt.Sprintf("failure at effect %d, stays=%v (release said: %v)", k, stays, err))
		}
	}
}
