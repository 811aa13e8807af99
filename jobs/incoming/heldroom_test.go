package incoming_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs"
	"mailchute/pkg/library"
	"mailchute/store"
)

// stranger returns mail to an address that nobody has; n tells them apart.
func stranger(n int) string {
	return mail("spam@example.com", "nobody@case.test") + fmt.Sprintf("%sSubject: %04d\r\n\r\nspam\r\n", received, n)
}

// held returns how many messages wait to be released or refused, and their bytes.
func (w *world) held() (n int, size int64) {
	w.t.Helper()
	mail, err := w.store.HeldMail(w.t.Context(), store.HeldWaiting)
	w.must(err)
	size, err = w.store.HeldBytes(w.t.Context())
	w.must(err)
	return len(mail), size
}

// newFullWorld makes a world whose room for held mail one message has taken.
func newFullWorld(t *testing.T, policy ...string) *world {
	t.Helper()
	w := newBadInputWorld(t)
	values := map[string]string{"held_max": "1B"}
	for _, pair := range policy {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	w.must(w.store.SetSettings(t.Context(), values))
	w.drop("first.eml", stranger(0))
	if got, want := countsOf(w.drain()), (counts{held: 1}); got != want {
		t.Fatalf("got %+v, want the first one held", got)
	}
	return w
}

// While held mail has reached held_max, mail of strangers waits, on record once, for as
// long as it takes, and no other mail does.
func TestHeldMaxDefers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newFullWorld(t)
		defer w.end()
		time.Sleep(time.Second)
		w.drop("spam.eml", stranger(1))
		w.drop("both.eml", mail("alice@case.test", "invoices@case.test", "nobody@case.test")+letter)
		w.drop("good.eml", mail("alice@case.test", "invoices@case.test")+attached("", "good.txt", "x"))
		run := func() {
			t.Helper()
			_, err := w.job.Run(t.Context(), jobs.Schedule)
			w.must(err)
		}
		run()
		runs, err := w.store.Runs(t.Context(), noTime, 1)
		w.must(err)
		if got, want := countsOf(runs[0]), (counts{filed: 1, deferred: 2}); got != want || runs[0].Backlog != 2 {
			t.Errorf("got %+v and a backlog of %d, want %+v and 2", got, runs[0].Backlog, want)
		}
		for _, f := range runs[0].Failed {
			if f.Recipient != "nobody@case.test" || f.State != "deferred" || !strings.Contains(f.Detail, "held_max (1B)") {
				t.Errorf("got failure %+v, want nobody to wait for room", f)
			}
		}
		if diff := cmp.Diff([]string{"good.txt", "report.csv"}, w.names("invoices")); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}

		for range 10 * 24 { // longer than failures of their own are tried again
			time.Sleep(time.Hour)
			run()
		}
		if n, _ := w.held(); n != 1 || len(w.ours()) != 2 {
			t.Errorf("got %d held and %d waiting after ten days, want 1 and 2", n, len(w.ours()))
		}
		for _, file := range w.ours() {
			if state := strings.Split(file, "."); len(state) < 4 || state[1] != "0" || state[3] != "0" {
				t.Errorf("got %s, want it to wait without blame", file)
			}
		}
		if runs, err = w.store.Runs(t.Context(), noTime, 200); err != nil || runs[0].Processed != 0 || runs[100].Processed != 0 {
			t.Errorf("got %+v, %v; want nothing on record again", runs[0], err)
		}
		if got := len(w.events(6873)); got != 3 {
			t.Errorf("got %d events 6873, want those of one held and two deferred", got)
		}
		w.roomEvents(1, 0)

		w.must(w.store.Refuse(t.Context(), 1))
		w.must(w.store.SetSettings(t.Context(), map[string]string{"held_max": "1MB"}))
		time.Sleep(time.Hour)
		run()
		if n, _ := w.held(); n != 2 {
			t.Errorf("got %d held when there was room, want 2", n)
		}
		w.roomEvents(1, 1)
		w.drained()
		w.verify()
	})
}

// roomEvents fails the test unless the log tells so often of the beginning and the end
// of the trouble.
func (w *world) roomEvents(began, over int) {
	w.t.Helper()
	gotBegan := bytes.Count(w.log.Bytes(), []byte("Mail of strangers waits"))
	gotOver := bytes.Count(w.log.Bytes(), []byte("There is room to hold mail of strangers again."))
	if gotBegan != began || gotOver != over {
		w.t.Errorf("got %d events that it began and %d that it is over, want %d and %d", gotBegan, gotOver, began, over)
	}
}

// What waits for room is mail that anybody can send, whatever the reason; what others
// are held for is held.
func TestHeldMaxByReason(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, content string
		policy        string
		want          counts
	}{
		{"unknown-address", mail("alice@case.test", "nobody@case.test") + letter, "", counts{deferred: 1}},
		{"foreign-domain", mail("alice@case.test", "invoices@example.com") + letter, "", counts{deferred: 1}},
		{"no-permission", mail("bob@case.test", "invoices@case.test") + letter, "", counts{deferred: 1}},
		{"no-permission, unknown sender", mail("spam@example.com", "invoices@case.test") + letter, "", counts{deferred: 1}},
		{"not-authenticated", mail("alice@case.test", "open@case.test") + letter, "authenticated_only=true", counts{deferred: 1}},
		{"sender-blocked", mail("alice@case.test", "invoices@case.test") + letter, "sender_block=case.test", counts{deferred: 1}},
		{"auto-reply", mail("alice@case.test", "strict@case.test") + "Auto-Submitted: auto-replied\r\n" + letter, "", counts{deferred: 1}},
		{"loop", mail("alice@case.test", "invoices@case.test") + "X-Loop: invoices@case.test\r\n" + letter, "", counts{deferred: 1}},
		{"blocked-type", mail("alice@case.test", "strict@case.test") + attached("", "a.exe", "x"), "", counts{held: 1}},
		{"the address of an archived library", mail("alice@case.test", "old@case.test") + letter, "", counts{deferred: 1}},
		{"group-address", mail("alice@case.test", "staff@case.test") + letter, "", counts{held: 1}},
		{"over-limits", mail("alice@case.test", "invoices@case.test") + deep(60), "", counts{held: 1}},
		{"over-limits to nobody", mail("alice@case.test", "nobody@case.test") + deep(60), "", counts{deferred: 1}},
		{"no-envelope", letter, "", counts{held: 1}},
		{"farm-closed", mail("alice@case.test", "invoices@case.test") + letter, "enabled=false", counts{held: 1}},
		{"filed", mail("alice@case.test", "invoices@case.test") + letter, "", counts{filed: 1}},
		{"deleted by rejects", mail("alice@case.test", "nobody@case.test") + letter, "rejects=delete", counts{deleted: 1}},
		{"a copy of what is held", stranger(0), "", counts{duplicate: 1}},
		{"no limit", mail("alice@case.test", "nobody@case.test") + letter, "held_max=0", counts{held: 1}},
		{"held_full=delete", mail("alice@case.test", "nobody@case.test") + letter, "held_full=delete", counts{deleted: 1}},
		{"held_full=delete, for some", mail("alice@case.test", "nobody@case.test", "invoices@case.test") + letter, "held_full=delete", counts{deleted: 1}},
		{"held_full=delete, blocked-type", mail("alice@case.test", "strict@case.test") + attached("", "a.exe", "x"), "held_full=delete", counts{held: 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newFullWorld(t)
			if key, value, ok := strings.Cut(row.policy, "="); ok {
				w.must(w.store.SetSettings(t.Context(), map[string]string{key: value}))
			}
			w.drop("1.eml", row.content)
			if got := countsOf(w.drain()); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
			if row.want.deferred == 0 {
				w.drained()
			}
			w.verify()
		})
	}
}

// Where the policy says so, mail of strangers is deleted for want of room, on record with
// its reason.
func TestHeldMaxDeletes(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t, "held_full=delete")
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test", "nobody@case.test")+letter)
	w.drain()
	if diff := cmp.Diff([]string{"deleted unknown-address nobody@case.test", "filed invoices@case.test"}, w.verdicts("1.eml")); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	events := w.events(6873)
	if len(events) != 2 || events[1]["reason"] != "unknown-address" || !strings.Contains(fmt.Sprint(events[1]["detail"]), "held_max (1B)") {
		t.Errorf("got events %v, want the last to say why it was deleted", events)
	}
	if n := strings.Count(w.log.String(), "Mail of strangers is deleted, since there is no room to hold it."); n != 1 {
		t.Errorf("got %d events that there is no room, want one", n)
	}
	w.drained()
	w.verify()
}

// A flood that arrives at once takes no more room than there is, one message excepted.
func TestHeldMaxInAFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	one := int64(len(stranger(0)))
	w.must(w.store.SetSettings(t.Context(), map[string]string{"held_max": fmt.Sprint(10*one + 1)}))
	const n = 300
	for i := range n {
		w.drop(fmt.Sprint(i, ".eml"), stranger(i))
	}
	if got, want := countsOf(w.drain()), (counts{held: 11, deferred: n - 11}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, size := w.held(); got != 11 || size != 11*one {
		t.Errorf("got %d held of %d bytes, want 11 of %d", got, size, 11*one)
	}
	w.verify()

	// Whoever comes next with the same folder goes on in the same way.
	w.restart()
	w.drop("good.eml", mail("alice@case.test", "invoices@case.test")+letter)
	if sum := w.drain(); sum.Filed != 1 || sum.Backlog != n-11 {
		t.Errorf("got %+v, want the good mail filed and the rest waiting", sum)
	}
	w.roomEvents(1, 0)
	w.verify()
}
