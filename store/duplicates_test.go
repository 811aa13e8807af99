package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// copied returns what to settle for a message with other bytes and the Message-ID <m>
// from alice.
func (f *farm) copied(l letter, change ...func(*store.Item)) store.Settlement {
	f.Helper()
	st := f.settlement(l)
	st.Duplicates = access.DuplicatesByMessageID
	st.Item.MessageID, st.Item.Sender, st.Item.Rung, st.Item.Login = "<m>", "alice@case.test", access.Aligned, "alice"
	for _, c := range change {
		c(&st.Item)
	}
	return st
}

// state settles and returns the message's state.
func (f *farm) state(st store.Settlement) store.State {
	f.Helper()
	done, err := f.Settle(f.Context(), st)
	f.must(err)
	f.must(st.Staging.Close())
	return done.State
}

// Mail is no duplicate of what we were less sure of, or of what somebody else sent.
func TestForgedTwin(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		first func(*store.Item)
		want  store.State
	}{
		{"alike", func(*store.Item) {}, store.Duplicate},
		{"surer", func(it *store.Item) { it.Rung = access.Proven }, store.Duplicate},
		{"less sure", func(it *store.Item) { it.Rung = access.Claimed }, store.Filed},
		{"another login", func(it *store.Item) { it.Rung, it.Login = access.Proven, "mallory" }, store.Filed},
		{"another sender", func(it *store.Item) { it.Sender = "mallory@case.test" }, store.Filed},
		{"no address, another one", func(it *store.Item) { it.Sender = "alice" }, store.Filed},
		{"another Message-ID", func(it *store.Item) { it.MessageID = "<M>" }, store.Filed},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			if got := f.state(f.copied(letter{key: "1", names: []string{"a"}}, row.first)); got != store.Filed {
				t.Fatalf("got the first one %s, want it filed", got)
			}
			if got := f.state(f.copied(letter{key: "2", names: []string{"a"}})); got != row.want {
				t.Errorf("got the second one %s, want %s", got, row.want)
			}
			f.verify()
		})
	}
}

// What would be filed is a duplicate of held mail only once that was released.
func TestTwinOfHeldMail(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.state(f.copied(letter{key: "1", held: fault.TooLarge}))
	if got := f.state(f.copied(letter{key: "2", to: "IN@case.test", held: fault.TooLarge})); got != store.Duplicate {
		t.Errorf("got the second one to hold %s, want a duplicate", got)
	}
	to, err := address.ParseMailbox("in@case.test")
	f.must(err)
	held, err := f.HeldByID(t.Context(), 1)
	f.must(err)
	_, err = f.Release(t.Context(), store.Release{Held: held, Decided: store.Decided{Recipient: to, Library: "in", Author: "alice"}})
	f.must(err)
	if got := f.state(f.copied(letter{key: "3", names: []string{"a"}})); got != store.Duplicate {
		t.Errorf("got the one after the release %s, want a duplicate", got)
	}
	f.verify()

	f = newFarm(t)
	f.state(f.copied(letter{key: "1", held: fault.TooLarge}))
	if got := f.state(f.copied(letter{key: "2", names: []string{"a"}})); got != store.Filed {
		t.Errorf("got the one after held mail %s, want it filed", got)
	}
	f.verify()
}

// Who sends a flood under one Message-ID makes mail be filed twice at worst.
func TestTwinsAreBounded(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	const n = 150
	for i := range n {
		f.state(f.copied(letter{key: fmt.Sprint(i), to: fmt.Sprint("r", i, "@case.test"), names: []string{"a"}}))
	}
	duplicates := 0
	for i := range n {
		st := f.copied(letter{key: fmt.Sprint("again ", i), to: fmt.Sprint("r", i, "@case.test"), names: []string{"a"}})
		if f.state(st) == store.Duplicate {
			duplicates++
		}
	}
	if duplicates == 0 || duplicates >= n {
		t.Errorf("got %d of %d found among the copies, want some but not all", duplicates, n)
	}
	if got := len(f.names()); got != 2*n-duplicates {
		t.Errorf("got %d documents, want %d", got, 2*n-duplicates)
	}
	f.verify()
}

// The settings of the farm that bound what is taken are read as they are written.
func TestPolicyOfDuplicatesAndRoom(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	policy := func() access.Policy {
		p, err := f.Policy(t.Context())
		f.must(err)
		return p
	}
	if p := policy(); p.Duplicates != access.DuplicatesByKey || p.HeldMax != 10<<30 || p.HeldFull != access.HeldFullDefer {
		t.Errorf("got the default %+v, want duplicates by key, and 10 GB held before mail is deferred", p)
	}
	f.must(f.SetSettings(t.Context(), map[string]string{"duplicates": "message-id", "held_max": "2KB", "held_full": "delete"}))
	if p := policy(); p.Duplicates != access.DuplicatesByMessageID || p.HeldMax != 2<<10 || p.HeldFull != access.HeldFullDelete {
		t.Errorf("got %+v, want what was set", p)
	}
	for _, none := range []string{"0", "unlimited"} {
		f.must(f.SetSettings(t.Context(), map[string]string{"held_max": none}))
		if p := policy(); p.HeldMax != 0 {
			t.Errorf("held_max=%s: got %d, want no limit", none, p.HeldMax)
		}
	}
	for key, bad := range map[string]string{"duplicates": "id", "held_max": "-1", "held_full": "hold"} {
		err := f.SetSettings(t.Context(), map[string]string{key: bad})
		if !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%s: got %v, want an error that names the key", key, bad, err)
		}
	}
}
