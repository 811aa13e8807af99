package incoming_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
	"mailchute/store"
)

// configured is a change of the farm's configuration, and what it changes for messages.
type configured struct {
	what   string
	sender string
	change func(context.Context, *store.Store) error
	before string // the verdict of messages before it
	after  string
}

func changesOfTheFarm() []configured {
	const (
		filed    = "filed invoices@case.test"
		unknown  = "held unknown-address invoices@case.test"
		unworthy = "held no-permission invoices@case.test"
	)
	site := access.Scope{Kind: access.ScopeSite, Name: "default"}
	contribute := func(login string) access.Grant {
		return access.Grant{Scope: site, Principal: access.UserPrincipal(login), Level: access.Contribute}
	}
	return []configured{
		{"grant taken away", "alice", func(ctx context.Context, s *store.Store) error {
			return s.Revoke(ctx, site, access.GroupPrincipal("team"))
		}, filed, unworthy},
		{"grant given", "bob", func(ctx context.Context, s *store.Store) error {
			return s.Grant(ctx, contribute("bob"))
		}, unworthy, filed},
		{"user added", "carol", func(ctx context.Context, s *store.Store) error {
			carol := access.User{Login: "carol", Addresses: []string{"carol@" + domain}}
			return errors.Join(s.AddUser(ctx, carol), s.Grant(ctx, contribute("carol")))
		}, unworthy, filed},
		{"library archived", "alice", func(ctx context.Context, s *store.Store) error {
			return s.RemoveLibrary(ctx, "invoices", true)
		}, filed, unknown},
		{"local part changed", "alice", func(ctx context.Context, s *store.Store) error {
			return s.SetLibrary(ctx, "invoices", func(l *library.Library) error { l.LocalPart = "bills"; return nil })
		}, filed, unknown},
		{"grants of the site not inherited", "alice", func(ctx context.Context, s *store.Store) error {
			return s.SetLibrary(ctx, "invoices", func(l *library.Library) error { l.Inherit = false; return nil })
		}, filed, unworthy},
		{"policy", "alice", func(ctx context.Context, s *store.Store) error {
			return s.SetSettings(ctx, map[string]string{"enabled": "false"})
		}, filed, "held farm-closed invoices@case.test"},
	}
}

// What is changed between two messages of one run counts from the next message on,
// whichever process made the change.
func TestChangedDuringRun(t *testing.T) {
	t.Parallel()
	for _, row := range changesOfTheFarm() {
		for _, other := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, by another process %v", row.what, other), func(t *testing.T) {
				t.Parallel()
				row.check(t, other)
			})
		}
	}
}

func (c configured) check(t *testing.T, other bool) {
	t.Helper()
	var w *world
	var by *store.Store
	w = newWorld(t, "eml", with(func(o *incoming.Options) {
		o.InFlight = 1
		o.Progress = func(p incoming.Progress) {
			if p.Processed == 2 {
				w.must(c.change(t.Context(), by))
			}
		}
	}))
	w.library(library.Library{Name: "invoices"})
	if by = w.store; other {
		by = w.beside().store
	}
	names := []string{"1.eml", "2.eml", "3.eml"}
	for _, name := range names {
		w.drop(name, mail(c.sender+"@case.test", "invoices@case.test")+letter)
	}
	w.drain()
	var got []string
	for _, name := range names {
		got = append(got, w.verdicts(name)...)
	}
	want := []string{c.before, c.before, c.after}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	w.drained()
	w.verify()
}

// watched is a catalog that tells which questions about the farm it is asked outside of
// commits. An error is what is answered; nil lets it answer.
type watched struct {
	store.Catalog
	asked func(what string) error
}

func (c watched) View(ctx context.Context, f func(store.Tx) error) error {
	return c.Catalog.View(ctx, func(tx store.Tx) error { return f(watchedTx{tx, c.asked}) })
}

type watchedTx struct {
	store.Tx
	asked func(what string) error
}

func (t watchedTx) LastChange() (int64, error) {
	if err := t.asked("LastChange"); err != nil {
		return 0, err
	}
	return t.Tx.LastChange()
}

func (t watchedTx) Settings() (map[string]string, error) {
	if err := t.asked("Settings"); err != nil {
		return nil, err
	}
	return t.Tx.Settings()
}

func (t watchedTx) UserAt(key string) (string, error) {
	if err := t.asked("UserAt"); err != nil {
		return "", err
	}
	return t.Tx.UserAt(key)
}

func (t watchedTx) OwnerOf(key string) (store.Owner, error) {
	if err := t.asked("OwnerOf"); err != nil {
		return store.Owner{}, err
	}
	return t.Tx.OwnerOf(key)
}

func (t watchedTx) Grants(scopes ...access.Scope) ([]access.Grant, error) {
	if err := t.asked("Grants"); err != nil {
		return nil, err
	}
	return t.Tx.Grants(scopes...)
}

// watch starts the process anew, one message at a time, on a watched catalog.
func (w *world) watch(asked func(what string) error) {
	w.t.Helper()
	w.end()
	o := testOptions(w.dir, w.format, zerolog.New(zerolog.SyncWriter(w.log)))
	o.InFlight = 1
	p, err := openThrough(w.t.Context(), w.dir, o, seams{
		folder: durable.Open, catalog: func(c store.Catalog) store.Catalog { return watched{c, asked} },
	})
	w.must(err)
	w.process = p
}

// The catalog is asked for each message whether anything changed, and for the rest once.
// That nobody has an address is an answer, too; addresses longer than any can be are not
// worth keeping.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	count := map[string]int{}
	w.watch(func(what string) error { count[what]++; return nil })
	const messages = 5
	long := strings.Repeat("x", 400) + "@case.test"
	for i := range messages {
		w.drop(fmt.Sprintf("%d.eml", i), mail("alice@case.test", "invoices@case.test", "Invoices@case.test", "nobody@case.test", long)+letter)
	}
	w.drain()
	delete(count, "Settings") // asked for held_max, too, when a run begins
	want := map[string]int{"LastChange": messages, "UserAt": 1, "OwnerOf": 2 + messages, "Grants": 1}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// Strangers can have any number of addresses judged: what is kept of them is bounded, and
// what else was known is asked anew.
func TestManyStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	asked := 0
	w.watch(func(what string) error {
		if what == "OwnerOf" {
			asked++
		}
		return nil
	})
	const strangers = 5000
	to := []string{"invoices@case.test"}
	for i := range strangers {
		to = append(to, fmt.Sprintf("nobody%d@case.test", i))
	}
	w.drop("1.eml", mail("alice@case.test", to...)+letter)
	w.drain()
	w.drop("2.eml", good())
	w.drain()
	if asked != 1+strangers+1 {
		t.Errorf("got %d questions, want %d", asked, 1+strangers+1)
	}
	if diff := cmp.Diff([]string{"filed invoices@case.test"}, w.verdicts("2.eml")); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// While the catalog does not say what the farm is, nothing is decided, and a failure is
// no answer later.
func TestFarmUnknown(t *testing.T) {
	t.Parallel()
	for _, question := range []string{"LastChange", "Settings", "UserAt", "OwnerOf", "Grants"} {
		t.Run(question, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkFarmUnknown(t, question) })
		})
	}
}

func checkFarmUnknown(t *testing.T, question string) {
	t.Helper()
	errBroken := errors.New("the catalog cannot be read")
	var broken atomic.Bool
	w := newWorld(t, "eml")
	defer w.end()
	w.library(library.Library{Name: "invoices"})
	w.watch(func(what string) error {
		if what == question && broken.Load() {
			return errBroken
		}
		return nil
	})
	w.drop("1.eml", good())
	w.drain()
	w.must(w.store.SetSettings(t.Context(), map[string]string{"rejects": "hold"})) // all is asked anew
	w.drop("2.eml", good())
	w.drop("3.eml", good())
	time.Sleep(time.Second) // they settle where no lease tells that they have
	broken.Store(true)
	for i := range 3 {
		if _, err := w.job.Run(t.Context(), jobs.Schedule); !errors.Is(err, errBroken) {
			t.Errorf("run %d: got %v, want %v", i, err, errBroken)
		}
		time.Sleep(time.Hour)
	}
	if got := len(w.waiting()) + len(w.ours()); got != 2 {
		t.Errorf("got %d drop files, want both", got)
	}
	if diff := cmp.Diff([]string{"report.csv"}, w.names("invoices")); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	broken.Store(false)
	w.runFor(5 * time.Minute)
	if diff := cmp.Diff([]string{"report (2).csv", "report (3).csv", "report.csv"}, w.names("invoices")); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	w.drained()
	w.verify()
}
