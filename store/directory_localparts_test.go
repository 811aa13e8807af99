package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// askFarm asks for a distribution group of a client's; want "" is the end of it.
func (p *publishing) askFarm(client, alias, want string) (directory.Request, error) {
	return p.AskFarmDistribution(p.Context(), alias, store.Ask{Want: directory.Properties{LocalPart: want}, Delete: want == "", Actor: client})
}

// What was given up is kept for whoever gave it up: a name that two share is not enough.
func TestLocalPartsAreKept(t *testing.T) {
	t.Parallel()
	contact := func(p *publishing, client string) error {
		return p.PutFarmContact(p.Context(), store.FarmContact{Alias: "x", Forward: "x@farm.test", Client: client}, "")
	}
	farmGroup := func(p *publishing, client string) error {
		r, err := p.askFarm(client, "x", "x")
		if err != nil {
			return err
		}
		p.follow(must(p.ApproveRequest(p.Context(), r.ID, store.Verdict{})))
		return nil
	}
	group := func(p *publishing, name string) error {
		_, err := p.ask(name, "x")
		return err
	}
	lib := func(p *publishing, name string) error {
		return p.AddLibrary(p.Context(), library.Library{Name: name, Site: "default", LocalPart: "X"})
	}
	for name, row := range map[string]struct{ give, own, other func(*publishing) error }{
		"contact": {
			func(p *publishing) error {
				p.must(contact(p, "farm"))
				return p.RemoveFarmContact(p.Context(), "farm", "X")
			},
			func(p *publishing) error { return contact(p, "farm") },
			func(p *publishing) error { return contact(p, "eve") },
		},
		"group of another farm": {
			func(p *publishing) error {
				p.must(farmGroup(p, "farm"))
				p.follow(must(p.ApproveRequest(p.Context(), must(p.askFarm("farm", "x", "")).ID, store.Verdict{})))
				return nil
			},
			func(p *publishing) error { return farmGroup(p, "farm") },
			func(p *publishing) error { return farmGroup(p, "eve") },
		},
		"group": {
			func(p *publishing) error {
				p.published("team", "x")
				p.must(p.RemoveGroup(p.Context(), "team"))
				p.follow(must(p.ApproveRequest(p.Context(), must(p.Requests(p.Context(), directory.Pending))[0].ID, store.Verdict{})))
				return p.AddGroup(p.Context(), access.Group{Name: "team", Site: "default"})
			},
			func(p *publishing) error { return group(p, "team") },
			func(p *publishing) error { return group(p, "crew") },
		},
		"library": {
			func(p *publishing) error { p.must(lib(p, "a")); return p.RemoveLibrary(p.Context(), "a", true) },
			func(p *publishing) error {
				return p.SetLibrary(p.Context(), "a", func(l *library.Library) error { l.LocalPart = "x"; return nil })
			},
			func(p *publishing) error { return lib(p, "b") },
		},
		"library with another address": {
			func(p *publishing) error {
				p.must(lib(p, "a"))
				return p.SetLibrary(p.Context(), "a", func(l *library.Library) error { l.LocalPart = "y"; return nil })
			},
			func(p *publishing) error {
				return p.SetLibrary(p.Context(), "a", func(l *library.Library) error { l.LocalPart = "x"; return nil })
			},
			func(p *publishing) error { return lib(p, "b") },
		},
	} {
		for driver, catalog := range catalogs() {
			t.Run(name+" "+driver, func(t *testing.T) {
				t.Parallel()
				p := newPublishing(t, catalog(t))
				p.set("alias_keep", "10d")
				p.must(row.give(p))
				at, err := p.At(t.Context(), "x")
				if err != nil || at.Library.Name != "" || at.Group != "" || !strings.Contains(at.Why, "reserved until 2026-01-12") {
					t.Errorf("got %+v, %v, want no more than a word", at, err)
				}
				wantRefused(t, "another", row.other(p), fault.ErrConflict, "alias_keep")
				p.must(row.own(p))
				if got := p.addressee("x"); got == "reserved" && name != "contact" {
					t.Errorf("got %s, want whoever gave it up", got)
				}
			})
			t.Run(name+" when its time has come "+driver, func(t *testing.T) {
				t.Parallel()
				p := newPublishing(t, catalog(t))
				p.set("alias_keep", "10d")
				p.must(row.give(p))
				p.pass(10 * day)
				if at, err := p.At(t.Context(), "x"); err == nil { // also before anybody has tidied up
					t.Errorf("got %+v, want nobody", at)
				}
				p.must(row.other(p))
			})
		}
	}
}

// A rename back to an address that still works, which then fails, takes none of its time.
func TestRenameBackThatFails(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			addresses := func() (all []string) {
				for _, w := range must(p.WantedObjects(ctx, []string{"case.test"})).Objects {
					if w.Object.Of == "group team" {
						all = w.Object.Addresses
					}
				}
				return all
			}
			want := func(what string, want ...string) {
				t.Helper()
				if diff := cmp.Diff(want, addresses()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
			p.published("team", "a")
			p.published("team", "b")
			p.pass(20 * day)
			r := must(p.ApproveRequest(ctx, must(p.ask("team", "a")).ID, store.Verdict{}))
			want("approved", "a@case.test", "b@case.test")
			p.fail(r)
			want("failed", "b@case.test", "a@case.test")
			p.pass(10*day - 1)
			must1(0, 0, second(p.TidyRequests(ctx)))
			want("in its time", "b@case.test", "a@case.test")
			p.pass(1)
			must1(0, 0, second(p.TidyRequests(ctx)))
			want("after it", "b@case.test")
			if got := p.addressee("a"); got != "nobody" {
				t.Errorf("got %s, want nobody", got)
			}
			p.published("team", "c")
			p.published("team", "b")
			p.pass(40 * day)
			must1(0, 0, second(p.TidyRequests(ctx)))
			want("renamed back for good", "b@case.test")
			p.checkEvents()
		})
	}
}

func second[A, B any](_ A, _ B, err error) error { return err }

// A local part is the same in whatever letters it is written, and everybody who asks for it
// at once gets it or is told whose it is.
func TestLocalPartsAtOnce(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			claims := map[string]func() error{
				"library one": func() error {
					return p.AddLibrary(ctx, library.Library{Name: "one", Site: "default", LocalPart: "Sales"})
				},
				"library two": func() error {
					return p.AddLibrary(ctx, library.Library{Name: "two", Site: "default", LocalPart: "ſales"}) // U+017F folds to s
				},
				"group team":            func() error { _, err := p.ask("team", "SALES"); return err },
				"group crew":            func() error { _, err := p.ask("crew", "sales"); return err },
				"group of another farm": func() error { _, err := p.askFarm("farm", "sAles", "sAles"); return err },
				"group of a third farm": func() error { _, err := p.askFarm("eve", "SALEs", "SALEs"); return err },
				"contact": func() error {
					return p.PutFarmContact(ctx, store.FarmContact{Alias: "Sales", Forward: "s@farm.test", Client: "farm"}, "")
				},
				"contact of a third one": func() error {
					return p.PutFarmContact(ctx, store.FarmContact{Alias: "salES", Forward: "s@farm.test", Client: "eve"}, "")
				},
			}
			var all sync.WaitGroup
			var mu sync.Mutex
			errs := map[string]error{}
			for who, claim := range claims {
				all.Go(func() {
					err := claim()
					mu.Lock()
					defer mu.Unlock()
					errs[who] = err
				})
			}
			all.Wait()
			var won []string
			for who, err := range errs {
				if err == nil {
					won = append(won, who)
				} else if !errors.Is(err, directory.ErrAccess) { // of the other farms, where one has got it
					wantRefused(t, who, err, fault.ErrConflict)
				}
			}
			if len(won) != 1 {
				t.Errorf("got it: %q, want one", won)
			}
			if p.addressee("sales") == "nobody" || p.addressee("SALES") != p.addressee("sales") {
				t.Errorf("it is of %s and of %s", p.addressee("sales"), p.addressee("SALES"))
			}
		})
	}
}

// A local part that no directory can have is not published, and one that is reserved for the
// mail system is nobody's.
func TestLocalPartsThatAreNone(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	for _, bad := range []string{"postmaster", "POSTMASTER", "ＰＯＳＴmaster", "büro", "a b", "a@b", ".a", "a..b", "", "a\x00", strings.Repeat("x", 65)} {
		if bad == "" {
			continue // the end of what there is not
		}
		_, err := p.ask("team", bad)
		wantRefused(t, fmt.Sprintf("group %q", bad), err, fault.ErrInvalid)
		_, err = p.askFarm("farm", bad, bad)
		wantRefused(t, fmt.Sprintf("group of another farm %q", bad), err, fault.ErrInvalid)
		err = p.PutFarmContact(t.Context(), store.FarmContact{Alias: bad, Forward: "s@farm.test", Client: "farm"}, "")
		wantRefused(t, fmt.Sprintf("contact %q", bad), err, fault.ErrInvalid)
	}
}

// Mail for a group that is removed belongs to the group until the directory has no trace of
// it, with the address that it had before.
func TestMailForARemovedGroup(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			p.set("alias_keep", "5d")
			p.published("team", "old")
			p.published("team", "new")
			p.must(p.RemoveGroup(ctx, "team"))
			at := func(when, local, group string, words ...string) {
				t.Helper()
				a, err := p.At(ctx, local)
				for _, word := range words {
					if err != nil || a.Group != group || a.Library.Name != "" || !strings.Contains(a.Why, word) {
						t.Errorf("%s: %s: got %+v, %v; want %q with %q", when, local, a, err, group, word)
					}
				}
			}
			for _, local := range []string{"old", "new"} {
				at("removed", local, "group team", "was removed", "request 3 to delete it waits")
			}
			r := must(p.ApproveRequest(ctx, 3, store.Verdict{}))
			for _, local := range []string{"old", "new"} {
				at("approved", local, "group team", "was removed", "approved: the directory has to follow")
			}
			p.follow(r)
			for _, local := range []string{"old", "new"} {
				at("gone", local, "", "was that of group team")
			}
			p.pass(5 * day)
			must1(0, 0, second(p.TidyRequests(ctx)))
			if got := p.addressee("old") + ", " + p.addressee("new"); got != "nobody, nobody" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// What the directory could not take is the same distribution group when it is asked for again.
func TestFarmDistributionAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			first := must(p.askFarm("farm", "sales", "sales"))
			p.fail(must(p.ApproveRequest(t.Context(), first.ID, store.Verdict{})))
			edited := must(p.askFarm("farm", "market", "market"))
			again := must(p.askFarm("farm", "sales", "sales"))
			others := must(p.askFarm("eve", "theirs", "theirs"))
			if again.Distribution != first.Distribution || edited.Distribution == first.Distribution || others.Distribution == first.Distribution {
				t.Errorf("got %s, %s and %s, want %s once more, and others", again.Distribution, edited.Distribution, others.Distribution, first.Distribution)
			}
			_, err := p.ApproveRequest(t.Context(), first.ID, store.Verdict{})
			wantRefused(t, "approve what was asked for before", err, fault.ErrConflict)
			if n := len(must(p.Distributions(t.Context()))); n != 3 {
				t.Errorf("got %d distribution groups, want 3", n)
			}
			p.checkEvents()
		})
	}
}

// What was asked for is on record, also where it was edited since.
func TestEventsSayWhat(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	ask := func(local, title, why string) directory.Request {
		return must(p.AskDistribution(t.Context(), "team", store.Ask{Want: directory.Properties{LocalPart: local, Title: title}, Justification: why}))
	}
	r := ask("team", "Us", "We need it.")
	ask("crew", "Us", "")
	ask("crew", "Them", "")
	_, events, err := p.Request(t.Context(), r.ID)
	p.must(err)
	var got []string
	for _, e := range events {
		got = append(got, e.Text)
	}
	want := []string{`local_part "" -> "team", title "" -> "Us": We need it.`, `local_part "team" -> "crew"`, `title "Us" -> "Them"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
