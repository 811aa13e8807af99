package store_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/storetest"
)

// clock is a time that tests move.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

// newClockFarm is newFarm with a clock that the test moves.
func newClockFarm(t *testing.T, change ...func(*store.Options)) (*farm, *clock) {
	t.Helper()
	c := &clock{}
	return newFarm(t, append(change, func(o *store.Options) { o.Now = c.now })...), c
}

// sweep does one run of the sweep and returns what it did.
func (f *farm) sweep() event.Sweep {
	f.Helper()
	run, err := f.OpenRun(f.Context(), event.JobSweep, "manual")
	f.must(err)
	f.must(f.Sweep(f.Context(), run.ID))
	sum, err := f.CloseRun(f.Context(), run.ID, store.Backlog{})
	f.must(err)
	return *sum.Sweep
}

// stored reports whether the bytes are in place.
func (f *farm) stored(text string) bool {
	f.Helper()
	b, err := f.blobs.Open(f.Context(), sha256.Sum256([]byte(text)))
	if errors.Is(err, fault.ErrNotFound) {
		return false
	}
	f.must(errors.Join(err, b.Close()))
	return true
}

// copyOf stages the bytes of a blob.
func copyOf(r io.Reader) func(io.Writer) (message.Content, error) {
	return func(w io.Writer) (message.Content, error) {
		h := sha256.New()
		n, err := io.Copy(io.MultiWriter(w, h), r)
		return message.Content{Size: n, Digest: message.Digest(h.Sum(nil))}, err
	}
}

const day = 24 * time.Hour

// step is what happens, and what the sweep after it does.
type step struct {
	after time.Duration
	set   string // held_keep
	do    func(*farm) error
	want  event.Sweep
}

func TestRetention(t *testing.T) {
	t.Parallel()
	size := int64(len("bytes of 1"))
	refuse := func(f *farm) error { return f.Refuse(f.Context(), 1) }
	for _, row := range []struct {
		name  string
		steps []step
		state store.HeldState
	}{
		{"expires after 30 days, with a week's notice", []step{
			{after: 23*day - time.Hour, want: event.Sweep{}},
			{after: time.Hour, want: event.Sweep{Expiring: 1}},
			{after: 7*day - time.Minute, want: event.Sweep{Expiring: 1}},
			{after: time.Minute, want: event.Sweep{Expired: 1, Doomed: 1}},
			{after: time.Hour - time.Minute, want: event.Sweep{}},
			{after: time.Minute, want: event.Sweep{Removed: 1, RemovedBytes: size}},
			{after: time.Hour, want: event.Sweep{}},
		}, store.HeldExpired},
		{"nothing goes without its notice, however late the first sweep", []step{
			{after: 90 * day, want: event.Sweep{Expiring: 1}},
			{after: 7*day - time.Minute, want: event.Sweep{Expiring: 1}},
			{after: time.Minute, want: event.Sweep{Expired: 1, Doomed: 1}},
		}, store.HeldExpired},
		{"a shorter time has a shorter notice", []step{
			{set: "1h", want: event.Sweep{Expiring: 1}},
			{after: time.Hour - time.Minute, want: event.Sweep{Expiring: 1}},
			{after: time.Minute, want: event.Sweep{Expired: 1, Doomed: 1}},
		}, store.HeldExpired},
		{"a longer time takes the notice back", []step{
			{after: 29 * day, want: event.Sweep{Expiring: 1}},
			{set: "60d", after: 23 * day, want: event.Sweep{}},
			{after: 8 * day, want: event.Sweep{Expired: 1, Doomed: 1}},
		}, store.HeldExpired},
		{"forever", []step{
			{set: "forever", after: 1000 * day, want: event.Sweep{}},
			{do: refuse, after: 1000 * day, want: event.Sweep{}},
		}, store.HeldRefused},
		{"the drop file of refused mail is kept as long", []step{
			{do: refuse, after: 30*day - time.Minute, want: event.Sweep{}},
			{after: time.Minute, want: event.Sweep{Doomed: 1}},
			{after: time.Hour, want: event.Sweep{Removed: 1, RemovedBytes: size}},
		}, store.HeldRefused},
		{"what was released in time does not expire", []step{
			{after: 29 * day, want: event.Sweep{Expiring: 1}},
			{
				after: 10 * day, want: event.Sweep{},
				do: func(f *farm) error { _, err := f.release(f.Store, f.heldByID(1), "a"); return err },
			},
		}, store.HeldReleased},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f, c := newClockFarm(t)
			f.held(letter{key: "1"})
			for i, s := range row.steps {
				if s.set != "" {
					f.must(f.SetSettings(t.Context(), map[string]string{"held_keep": s.set}))
				}
				if s.do != nil {
					f.must(s.do(f))
				}
				c.pass(s.after)
				if diff := cmp.Diff(s.want, f.sweep()); diff != "" {
					t.Errorf("sweep %d (-want +got):\n%s", i, diff)
				}
				f.verify()
			}
			h := f.heldByID(1)
			if h.State != row.state {
				t.Errorf("got %s, want %s", h.State, row.state)
			}
			if _, err := f.OpenHeld(t.Context(), h); h.Swept != errors.Is(err, fault.ErrNotFound) {
				t.Errorf("got %v for the drop file, swept: %v", err, h.Swept)
			}
		})
	}
}

func TestRetentionIsChecked(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	for _, key := range []string{"held_keep", "runs_keep"} {
		for _, bad := range []string{"", "0", "0s", "-1d", "30", "never"} {
			if err := f.SetSettings(t.Context(), map[string]string{key: bad}); err == nil {
				t.Errorf("%s=%q was taken", key, bad)
			}
		}
	}
}

// Blobs without a row were left by a process that died. They go in two steps, too, and
// not before they are a day old.
func TestOrphans(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}})
	st := f.settlement(letter{key: "2", bytes: "orphan", names: []string{"b"}})
	dead := f.beside(func(o *store.Options) {
		o.Catalog = storetest.NewEffects(storetest.Plan{At: 1, Err: errors.New("died")}).Catalog(o.Catalog)
	})
	if _, err := dead.Settle(t.Context(), st); err == nil {
		t.Fatal("the commit did not fail")
	}
	for _, s := range []step{
		{after: day - time.Hour, want: event.Sweep{}},
		{after: 2 * time.Hour, want: event.Sweep{Doomed: 1}},
		{after: time.Hour, want: event.Sweep{Removed: 1, RemovedBytes: 6}},
	} {
		c.pass(s.after)
		if diff := cmp.Diff(s.want, f.sweep()); diff != "" {
			t.Errorf("sweep (-want +got):\n%s", diff)
		}
	}
	if f.stored("orphan") || !f.stored("bytes of 1") {
		t.Error("want the orphan gone and the document kept")
	}
	f.verify()
}

// Bytes that are wanted again between two sweeps are kept, whenever that is, and whether
// or not they were looked up as soon as they were staged.
func TestWantedAgain(t *testing.T) {
	t.Parallel()
	t.Run("looked up when settled", func(t *testing.T) { wantedAgain(t, false) })
	t.Run("looked up when staged", func(t *testing.T) { wantedAgain(t, true) })
}

func wantedAgain(t *testing.T, early bool) {
	t.Parallel()
	same := letter{key: "2", bytes: "same", names: []string{"a"}}
	for _, row := range []struct {
		name         string
		stage, after time.Duration // since they were doomed: staged, settled
	}{
		{"before the first sweep", -1, -1},
		{"staged before the sweep that dooms", -1, 0},
		{"in between", 10 * time.Minute, 20 * time.Minute},
		{"just before they go", 59 * time.Minute, 59 * time.Minute},
		{"staged before, settled after they went", 59 * time.Minute, 61 * time.Minute},
		{"staged long before they were doomed, settled after they went", -1, 2 * time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f, c := newClockFarm(t)
			f.held(letter{key: "1", bytes: "same"})
			f.must(f.Refuse(t.Context(), 1))
			c.pass(31 * day)
			var st store.Settlement
			staged, settled := false, false
			for at := -1 * time.Minute; at <= 4*time.Hour; at += time.Minute {
				if at == 0 || at > 0 && at%(15*time.Minute) == 0 {
					f.sweep()
				}
				if !staged && (row.stage < 0 || at >= row.stage) {
					st, staged = f.settlement(same), true
					if early {
						_, err := f.Outcomes(t.Context(), st.Item.Key, st.Staging)
						f.must(err)
					}
				}
				if !settled && (row.after < 0 || at >= row.after) {
					_, err := f.Settle(t.Context(), st)
					f.must(errors.Join(err, st.Staging.Close()))
					settled = true
				}
				c.pass(time.Minute)
			}
			if !f.stored("same") {
				t.Error("the bytes are gone")
			}
			f.verify()
		})
	}
}
