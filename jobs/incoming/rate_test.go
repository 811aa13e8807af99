package incoming_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailchute/jobs/incoming"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// newRatedWorld makes a farm that takes so many messages of a sender in an hour, with the
// libraries invoices and open.
func newRatedWorld(t *testing.T, rate int, before ...func(*world)) *world {
	t.Helper()
	w := newWorld(t, "eml", before...)
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone}})
	w.must(w.store.SetSettings(t.Context(), map[string]string{"sender_rate": fmt.Sprint(rate)}))
	return w
}

// numbered returns a message that is like no other with another name.
func numbered(name, from string, to ...string) string {
	return mail(from, to...) + received + strings.ReplaceAll(attached("", name, name), "<a@", "<"+name+"@")
}

// at gives a file of the drop folder the time at which it was dropped.
func (w *world) at(name string, when time.Time) {
	w.t.Helper()
	w.must(os.Chtimes(filepath.Join(w.dir, "drop", name), when, when))
}

// A message counts once in the hour in which it was dropped; what is beyond the rate is
// held, as the explanation said before.
func TestSenderRate(t *testing.T) {
	t.Parallel()
	w := newRatedWorld(t, 2)
	hour := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		file, content string
		after         time.Duration // the hour
		want          string
	}{
		{"nobody", numbered("0", "alice@case.test", "nobody@case.test"), 0, "held unknown-address nobody@case.test"},
		{"first", numbered("1", "alice@case.test", "invoices@case.test", "open@case.test"), 0, "filed invoices@case.test, filed open@case.test"},
		{"again", numbered("1", "alice@case.test", "invoices@case.test", "open@case.test"), time.Minute, ""},
		{"may not send", numbered("2", "bob@case.test", "invoices@case.test"), 0, "held no-permission invoices@case.test"},
		{"second", numbered("3", "ALICE@Case.Test", "invoices@case.test"), 59 * time.Minute, "filed invoices@case.test"},
		{"third", numbered("4", "alice@case.test", "invoices@case.test", "open@case.test"), 59 * time.Minute, "held rate-limited invoices@case.test, held rate-limited open@case.test"},
		{"third, once more", numbered("4", "alice@case.test", "invoices@case.test"), 59 * time.Minute, ""},
		{"other recipient of the second", numbered("3", "alice@case.test", "open@case.test"), 59 * time.Minute, "filed open@case.test"},
		{"another sender", numbered("5", "bob@case.test", "open@case.test"), 59 * time.Minute, "filed open@case.test"},
		{"of nobody", numbered("6", "<>", "open@case.test"), 59 * time.Minute, "filed open@case.test"},
		{"next hour", numbered("7", "alice@case.test", "invoices@case.test"), time.Hour, "filed invoices@case.test"},
		{"hour before", numbered("8", "alice@case.test", "invoices@case.test"), -time.Second, "filed invoices@case.test"},
	} {
		file := step.file + ".eml"
		w.drop(file, step.content)
		w.at(file, hour.Add(step.after))
		explained := w.explain(filepath.Join(w.dir, "drop", file))
		sum := w.drain()
		if step.want == "" {
			if sum.Duplicate != 1 {
				t.Errorf("step %d: got %+v, want a duplicate", i, sum)
			}
			continue
		}
		want := strings.Split(step.want, ", ")
		got := w.verdicts(file)
		if !containsAll(got, want) {
			t.Errorf("step %d: got %q, want %q", i, got, want)
		}
		if step.file == "third" {
			w.checkExplained(explained, sum)
			const detail = "alice@case.test has sent 2 messages since 2026-03-01 10:00 UTC"
			if got := explained.Recipients[0].Detail; !strings.HasPrefix(got, detail) {
				t.Errorf("got detail %q, want %q", got, detail)
			}
		}
	}
	w.drained()
	w.verify()
}

func containsAll(got, want []string) bool {
	return !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(got, s) })
}

// What is released does not count, and is not asked whether it is too much.
func TestSenderRateOfReleased(t *testing.T) {
	t.Parallel()
	w := newRatedWorld(t, 1)
	hour := time.Now()
	drop := func(name string) {
		w.drop(name+".eml", numbered(name, "alice@case.test", "invoices@case.test"))
		w.at(name+".eml", hour)
		w.drain()
	}
	drop("a")
	drop("b")
	held, err := w.store.HeldMail(t.Context(), store.HeldWaiting)
	w.must(err)
	if len(held) != 1 || held[0].Outcome.Reason != fault.RateLimited {
		t.Fatalf("got %+v, want the second one held", held)
	}
	if _, err := w.release(held[0], incoming.Override{}); err != nil {
		t.Fatal(err)
	}
	w.must(w.store.SetSettings(t.Context(), map[string]string{"sender_rate": "2"}))
	drop("c")
	if got := w.names("invoices"); len(got) != 3 {
		t.Errorf("got %v, want all three", got)
	}
	w.verify()
}

// Nobody uses up what a sender who is proved may send by writing in that one's name.
func TestSenderRateOfForgeries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "drop-write", with(func(o *incoming.Options) {
		if err := readFeed(&o.Feeds[0], "drop-write vouches=auth-header"); err != nil {
			t.Fatal(err)
		}
	}))
	w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone}})
	w.must(w.store.SetSettings(t.Context(), map[string]string{"sender_rate": "2"}))
	dir := filepath.Join(w.dir, "drop", "new")
	w.must(os.MkdirAll(dir, 0o700))
	hour := time.Now()
	drop := func(name, auth string) {
		path := filepath.Join(dir, name)
		w.write(path, mail("<alice@case.test>", "<open@case.test>")+auth+"X-EndOfInjectedXHeaders: 1\r\n"+attached("", name, name))
		w.must(os.Chtimes(path, hour, hour))
	}
	for i := range 5 {
		drop(fmt.Sprint("forged", i), "")
	}
	w.drain()
	for i := range 3 {
		drop(fmt.Sprint("true", i), "X-Drop-Auth: alice@case.test\r\n")
	}
	w.drain()
	authors := map[string]int{}
	for _, d := range w.documents("open") {
		authors[d.Author]++
	}
	if authors["System Account"]+authors["alice"] != 4 || len(w.names("open")) != 4 {
		t.Errorf("got documents of %v, want two that were forged and two that were not", authors)
	}
	w.verify()
}

// A burst that two processes take at once: exactly as many are filed as may be.
func TestSenderRateInABurst(t *testing.T) {
	t.Parallel()
	const n, rate = 200, 30
	w := newRatedWorld(t, rate)
	hour := time.Now()
	for i := range n {
		name := fmt.Sprintf("%03d", i)
		w.drop(name+".eml", numbered(name, "alice@case.test", "invoices@case.test"))
		w.at(name+".eml", hour)
		w.drop("bob"+name+".eml", numbered("bob"+name, fmt.Sprintf("bob+%s@example.com", name), "open@case.test"))
	}
	for _, sum := range w.both(w.beside(), "drain") {
		w.balanced(sum)
	}
	if got := len(w.names("invoices")); got != rate {
		t.Errorf("got %d filed of one sender, want %d", got, rate)
	}
	if got := len(w.names("open")); got != n {
		t.Errorf("got %d filed of %d senders", got, n)
	}
	held, err := w.store.HeldMail(t.Context(), store.HeldWaiting)
	w.must(err)
	for _, h := range held {
		if h.Outcome.Reason != fault.RateLimited {
			t.Errorf("got %s held for %s", h.Item.File, h.Outcome.Reason)
		}
	}
	if len(held) != n-rate {
		t.Errorf("got %d held, want %d", len(held), n-rate)
	}
	w.drained()
	w.verify()
}

// What is beyond the rate waits for room like other mail that anybody can send.
func TestSenderRateTakesRoom(t *testing.T) {
	t.Parallel()
	w := newRatedWorld(t, 3)
	w.must(w.store.SetSettings(t.Context(), map[string]string{"held_max": "1B"}))
	hour := time.Now()
	for i := range 9 {
		name := fmt.Sprint(i, ".eml")
		w.drop(name, numbered(fmt.Sprint(i), "spam@example.com", "open@case.test"))
		w.at(name, hour)
	}
	if got, want := countsOf(w.drain()), (counts{filed: 3, held: 1, deferred: 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.verify()
}
