package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// commons is a directory in which several may have an alias and an address, each writer in a
// container of its own.
type commons struct {
	directory.Publisher // what Claim does not need
	sync.Mutex
	entries map[string]directory.Actual // by ID
	made    int
	deleted int
	before  func(call string) error // asked before each call
}

// writer is a Publisher of one installation.
type writer struct {
	*commons
	installation string
}

func (c *commons) call(ctx context.Context, name string) error {
	time.Sleep(time.Millisecond) // of the bubble: the others get their turn
	if c.before != nil {
		if err := c.before(name); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (w writer) InUse(ctx context.Context, aliases, addresses []string, except string) (used []directory.Use, err error) {
	if err := w.call(ctx, "InUse"); err != nil {
		return nil, err
	}
	w.Lock()
	defer w.Unlock()
	for id, a := range w.entries {
		if id == except {
			continue
		}
		for _, v := range aliases {
			if strings.EqualFold(v, a.Alias) {
				used = append(used, directory.Use{ID: id, Where: a.Where, Value: v})
			}
		}
		for _, v := range addresses {
			if slices.ContainsFunc(a.Attributes["proxyAddresses"], func(p string) bool { return strings.EqualFold(p, "smtp:"+v) }) {
				used = append(used, directory.Use{ID: id, Where: a.Where, Value: v})
			}
		}
	}
	return used, nil
}

func (w writer) at(alias string) (directory.Actual, bool) {
	for _, a := range w.entries {
		if a.Alias == alias && strings.HasSuffix(a.Where, w.installation) {
			return a, true
		}
	}
	return directory.Actual{}, false
}

func (w writer) ByAlias(ctx context.Context, alias string) (directory.Actual, error) {
	if err := w.call(ctx, "ByAlias"); err != nil {
		return directory.Actual{}, err
	}
	w.Lock()
	defer w.Unlock()
	if a, ok := w.at(alias); ok {
		return a, nil
	}
	return directory.Actual{}, fault.ErrNotFound
}

func (w writer) Create(ctx context.Context, o directory.Object, attributes directory.Attributes) (directory.Actual, error) {
	if err := w.call(ctx, "Create"); err != nil {
		return directory.Actual{}, err
	}
	w.Lock()
	defer w.Unlock()
	marker := directory.Marker{Installation: w.installation, Kind: o.Kind, Key: o.Key}.String()
	if a, ok := w.at(o.Alias); ok {
		if a.Marker != marker {
			return directory.Actual{}, fault.ErrConflict
		}
		return a, nil
	}
	w.made++
	a := directory.Actual{
		ID: fmt.Sprint("id-", w.made), Where: "CN=" + o.Alias + ",OU=" + w.installation, Kind: o.Kind, Alias: o.Alias,
		Marker: marker, InPlace: true, Attributes: attributes,
	}
	w.entries[a.ID] = a
	return a, nil
}

func (w writer) Modify(ctx context.Context, was directory.Actual, changes []directory.Change) (directory.Actual, error) {
	if err := w.call(ctx, "Modify"); err != nil {
		return directory.Actual{}, err
	}
	w.Lock()
	defer w.Unlock()
	was.Attributes = apply(was.Attributes, changes)
	w.entries[was.ID] = was
	return was, nil
}

func (w writer) Delete(ctx context.Context, was directory.Actual) error {
	if err := w.call(ctx, "Delete"); err != nil {
		return err
	}
	w.Lock()
	defer w.Unlock()
	w.deleted++
	delete(w.entries, was.ID)
	return nil
}

func newCommons() *commons { return &commons{entries: map[string]directory.Actual{}} }

func (c *commons) writer(i int) writer { return writer{c, fmt.Sprintf("farm-%d", i)} }

// Of several who claim one address at the same time and know nothing of each other, one keeps
// it, and nothing is left of the others.
func TestClaimRace(t *testing.T) {
	t.Parallel()
	for round := range 12 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { race(t, 8) })
		})
	}
}

func race(t *testing.T, writers int) {
	t.Helper()
	c := newCommons()
	o := object("key", "one")
	var (
		all sync.WaitGroup
		won = make([]directory.Actual, writers)
	)
	for i := range writers {
		all.Go(func() {
			a, err := directory.Claim(t.Context(), c.writer(i), o, render(o))
			if err != nil && !errors.Is(err, fault.ErrConflict) {
				t.Errorf("writer %d: got %v, want fault.ErrConflict", i, err)
			}
			won[i] = a
		})
	}
	all.Wait()
	if len(c.entries) != 1 {
		t.Errorf("got %d objects, want one", len(c.entries))
	}
	for i, a := range won {
		if _, ok := c.entries[a.ID]; a.ID != "" && !ok {
			t.Errorf("writer %d believes to have %s, which is gone", i, a.ID)
		}
	}
	if i := slices.IndexFunc(won, func(a directory.Actual) bool { return a.ID != "" }); i < 0 {
		t.Error("an object is there, and nobody has it")
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	down := errors.New("the directory is down")
	o := object("key", "one")
	const us = "farm-1"
	ours := directory.Actual{
		ID: "id-ours", Where: "CN=one,OU=" + us, Kind: o.Kind, Alias: "one", InPlace: true, Attributes: render(o),
		Marker: directory.Marker{Installation: us, Kind: o.Kind, Key: o.Key}.String(),
	}
	hr := directory.Actual{ID: "id-hr", Where: "CN=HR,OU=People", Alias: "hr", Attributes: attributes{"proxyAddresses": {"smtp:One@x.example"}}}
	tests := []struct {
		name   string
		there  []directory.Actual
		before func(c *commons) func(call string) error
		want   error
		says   string
		left   []string // IDs
		calls  []string
	}{
		{name: "free", left: []string{"id-1"}, calls: []string{"InUse", "Create", "InUse"}},
		{
			name: "the address is a person's", there: []directory.Actual{hr}, want: fault.ErrConflict, says: "one@x.example is in use by CN=HR,OU=People",
			left: []string{"id-hr"}, calls: []string{"InUse", "ByAlias"},
		},
		{
			name: "the name is somebody's", want: fault.ErrConflict, says: "one is in use by CN=one,OU=farm-1", left: []string{"id-ours"},
			there: []directory.Actual{change(ours, func(a *directory.Actual) { a.Marker = "" })}, calls: []string{"InUse", "ByAlias"},
		},
		{
			name: "another installation's object of the same key", want: fault.ErrConflict, left: []string{"id-ours"},
			there: []directory.Actual{change(ours, func(a *directory.Actual) {
				a.Marker = directory.Marker{Installation: "farm-2", Kind: o.Kind, Key: o.Key}.String()
			})}, calls: []string{"InUse", "ByAlias", "Create"},
		},
		{name: "a claim whose answer was lost", there: []directory.Actual{ours}, left: []string{"id-ours"}, calls: []string{"InUse", "ByAlias", "Create"}},
		{
			name: "a claim whose answer was lost, and something else is wanted since", left: []string{"id-ours"},
			there: []directory.Actual{change(ours, func(a *directory.Actual) {
				a.Attributes = attributes{"sn": {"x"}, "proxyAddresses": {"SMTP:one@x.example"}}
			})},
			calls: []string{"InUse", "ByAlias", "Create", "Modify"},
		},
		{
			name: "a claim whose answer was lost, and a rival", there: []directory.Actual{ours, hr}, want: fault.ErrConflict, left: []string{"id-hr", "id-ours"},
			says: "is in use by CN=HR,OU=People", calls: []string{"InUse", "ByAlias"},
		},
		{
			name: "a rival between the looks, who gives way", left: []string{"id-2"}, before: func(c *commons) func(string) error {
				calls := 0
				return func(string) error {
					if calls++; calls == 3 {
						c.entries[hr.ID] = hr
					}
					if calls == 4 {
						delete(c.entries, hr.ID)
					}
					return nil
				}
			}, calls: []string{"InUse", "Create", "InUse", "Delete", "InUse", "Create", "InUse"},
		},
		{
			name: "a rival between the looks, who stays", want: fault.ErrConflict, says: "one@x.example is in use by CN=HR", left: []string{"id-hr"},
			before: func(c *commons) func(string) error {
				calls := 0
				return func(string) error {
					if calls++; calls == 3 {
						c.entries[hr.ID] = hr
					}
					return nil
				}
			}, calls: slices.Concat([]string{"InUse", "Create", "InUse", "Delete"}, slices.Repeat([]string{"InUse", "ByAlias"}, 5)),
		},
		{
			name: "down at the first look", want: down, calls: []string{"InUse"},
			before: func(*commons) func(string) error { return func(string) error { return down } },
		},
		{
			name: "down at the second look: nothing stays that nobody has looked at", want: down, calls: []string{"InUse", "Create", "InUse", "Delete"},
			before: func(*commons) func(string) error {
				looks := 0
				return func(call string) error {
					if call == "InUse" {
						looks++
					}
					if looks == 2 && call == "InUse" {
						return down
					}
					return nil
				}
			},
		},
		{
			name: "refused", want: directory.ErrAccess, calls: []string{"InUse", "Create"},
			before: func(*commons) func(string) error {
				return func(call string) error {
					if call == "Create" {
						return directory.ErrAccess
					}
					return nil
				}
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCommons()
				for _, a := range test.there {
					c.entries[a.ID] = a
				}
				inner := func(string) error { return nil }
				if test.before != nil {
					inner = test.before(c)
				}
				var calls []string
				c.before = func(call string) error {
					calls = append(calls, call)
					return inner(call)
				}
				got, err := directory.Claim(t.Context(), c.writer(1), o, render(o))
				if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.says) {
					t.Fatalf("got %v, want %v with %q", err, test.want, test.says)
				}
				if (err == nil) != (got.ID != "") {
					t.Errorf("got %+v with %v", got, err)
				}
				if changes := directory.Diff(render(o), nil, got.Attributes); err == nil && len(changes) > 0 {
					t.Errorf("got an object on which %v is still to do", changes)
				}
				var left []string
				for id := range c.entries {
					left = append(left, id)
				}
				slices.Sort(left)
				if diff := cmp.Diff(test.left, left); diff != "" {
					t.Errorf("left (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.calls, calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Who is told to stop leaves nothing behind that nobody has looked at.
func TestClaimStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		c := newCommons()
		looks := 0
		c.before = func(call string) error {
			if call == "InUse" {
				if looks++; looks == 2 {
					stop()
				}
			}
			return nil
		}
		o := object("key", "one")
		_, err := directory.Claim(ctx, c.writer(1), o, render(o))
		if !errors.Is(err, context.Canceled) || len(c.entries) > 0 || c.deleted != 1 {
			t.Errorf("got %v with %d objects left, want it stopped and none", err, len(c.entries))
		}
	})
}
