package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/store"
)

// rateOf bounds what alice sends in the hour that begins then.
func rateOf(most int, hour time.Time) store.Rate {
	return store.Rate{Sender: "alice@case.test", Hour: hour.UTC().Truncate(time.Hour), Max: most}
}

// settleRated settles a letter under a rate.
func (f *farm) settleRated(l letter, r store.Rate) (store.State, error) {
	f.Helper()
	st := f.settlement(l)
	st.Rate = r
	done, err := f.Settle(f.Context(), st)
	f.must(st.Staging.Close())
	return done.State, err
}

// A message counts once, in its hour, whatever recipients it has; a duplicate does not.
func TestRate(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	hour, later := time.Now(), time.Now().Add(time.Hour)
	stranger := rateOf(2, hour)
	stranger.Sender = "stranger@case.test"
	for i, step := range []struct {
		letter letter
		rate   store.Rate
		want   store.State
		over   bool
		count  int // of the rate's sender afterwards
	}{
		{letter{key: "1", names: []string{"a"}}, rateOf(2, hour), store.Filed, false, 1},
		{letter{key: "1", names: []string{"a"}}, rateOf(2, hour), store.Duplicate, false, 1},
		{letter{key: "1", to: "other@case.test", held: fault.UnknownAddress}, rateOf(2, hour), store.Held, false, 1},
		{letter{key: "2", names: []string{"b"}}, stranger, store.Filed, false, 1},
		{letter{key: "3", names: []string{"c"}}, rateOf(2, hour), store.Filed, false, 2},
		{letter{key: "4", names: []string{"d"}}, rateOf(2, hour), "", true, 2},
		{letter{key: "3", names: []string{"c"}}, rateOf(2, hour), store.Duplicate, false, 2},
		{letter{key: "3", to: "late@case.test", held: fault.TooLarge}, rateOf(2, hour), store.Held, false, 2},
		{letter{key: "4", held: fault.RateLimited}, store.Rate{}, store.Held, false, 0},
		{letter{key: "5", names: []string{"e"}}, rateOf(2, later), store.Filed, false, 1},
		{letter{key: "6", names: []string{"f"}}, rateOf(3, hour), store.Filed, false, 3},
		{letter{key: "7", names: []string{"g"}}, rateOf(0, hour), store.Filed, false, 3},
	} {
		got, err := f.settleRated(step.letter, step.rate)
		if errors.Is(err, store.ErrOverRate) != step.over || (err != nil && !step.over) || got != step.want {
			t.Errorf("step %d: got %q and error %v, want %q, over the rate: %t", i, got, err, step.want, step.over)
		}
		if n, err := f.SentIn(t.Context(), step.rate); n != step.count || err != nil {
			t.Errorf("step %d: got %d messages and error %v, want %d", i, n, err, step.count)
		}
	}
	want := []string{"a v1", "b v1", "c v1", "e v1", "f v1", "g v1"}
	if diff := cmp.Diff(want, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	f.verify()
}

// Two processes settle at once, and no more is settled than may be. What is over the rate
// does not touch what is committed with it.
func TestRateOverProcesses(t *testing.T) {
	t.Parallel()
	const most, each = 7, 20
	f, hour := newFarm(t), time.Now()
	other, err := store.Open(t.Context(), store.Options{Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: f.locks, Actor: "other"})
	f.must(err)
	var (
		mu          sync.Mutex
		filed, over int
		working     sync.WaitGroup
	)
	settle := func(s *store.Store, key string, r store.Rate) {
		st, err := f.stage(s, letter{key: key, names: []string{key}})
		if err == nil {
			st.Rate = r
			_, err = s.Settle(t.Context(), st)
			err = errors.Join(err, st.Staging.Close())
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case errors.Is(err, store.ErrOverRate):
			over++
		case err != nil:
			t.Errorf("settle %s: %v", key, err)
		default:
			filed++
		}
	}
	for i := range each {
		working.Go(func() { settle(f.Store, fmt.Sprint("own", i), rateOf(most, hour)) })
		working.Go(func() { settle(other, fmt.Sprint("other", i), rateOf(most, hour)) })
		working.Go(func() { settle(f.Store, fmt.Sprint("free", i), store.Rate{}) })
	}
	working.Wait()
	if filed != most+each || over != 2*each-most {
		t.Errorf("got %d filed and %d over the rate, want %d and %d", filed, over, most+each, 2*each-most)
	}
	if got := len(f.names()); got != filed {
		t.Errorf("got %d documents, want %d", got, filed)
	}
	f.verify()
}

// What was rolled back was not counted.
func TestRateOfFailedSettlement(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	st := f.settlement(letter{key: "1", names: []string{"a"}})
	st.Rate, st.Run = rateOf(2, time.Now()), "no such run"
	if _, err := f.Settle(t.Context(), st); err == nil {
		t.Fatal("settled in a run that there is not")
	}
	if n, err := f.SentIn(t.Context(), st.Rate); n != 0 || err != nil {
		t.Errorf("got %d messages and error %v, want none", n, err)
	}
}

// Hours are forgotten when they are over for a week, in any number.
func TestSweepForgetsHours(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	hour := c.now()
	f.must(f.catalog.Update(t.Context(), func(tx store.Tx) error {
		for i := range 450 {
			if err := tx.CountSent(fmt.Sprint(i), rateOf(1, hour).Hour); err != nil {
				return err
			}
		}
		return tx.CountSent("later", rateOf(1, hour.Add(2*time.Hour)).Hour)
	}))
	left := func() (n int) {
		for i := range 450 {
			r := rateOf(1, hour)
			r.Sender = fmt.Sprint(i)
			n += must(f.SentIn(t.Context(), r))
		}
		r := rateOf(1, hour.Add(2*time.Hour))
		r.Sender = "later"
		return n + must(f.SentIn(t.Context(), r))
	}
	c.pass(7*day - time.Hour)
	f.sweep()
	if got := left(); got != 451 {
		t.Errorf("got %d messages before a week is over, want 451", got)
	}
	c.pass(2 * time.Hour)
	f.sweep()
	if got := left(); got != 1 {
		t.Errorf("got %d messages after a week, want 1", got)
	}
}

func TestPolicyCounts(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	for _, row := range []struct {
		key, value     string
		rate, received int
		refused        bool
	}{
		{"sender_rate", "0", 0, 50, false},
		{"sender_rate", "100", 100, 50, false},
		{"sender_rate", "-1", 100, 50, true},
		{"sender_rate", "many", 100, 50, true},
		{"sender_rate", "99999999999", 100, 50, true},
		{"max_received", "0", 100, 0, false},
		{"max_received", "30", 100, 30, false},
		{"max_received", "1.5", 100, 30, true},
	} {
		err := f.SetSettings(t.Context(), map[string]string{row.key: row.value})
		if (err != nil) != row.refused {
			t.Errorf("%s=%s: got error %v, refused: %t", row.key, row.value, err, row.refused)
		}
		p := must(f.Policy(t.Context()))
		if p.SenderRate != row.rate || p.MaxReceived != row.received {
			t.Errorf("%s=%s: got %d an hour and %d lines, want %d and %d", row.key, row.value, p.SenderRate, p.MaxReceived, row.rate, row.received)
		}
	}
}
