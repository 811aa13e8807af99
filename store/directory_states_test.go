package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// The events of dms.md §5, one by one: do does them and says what came of it; want is what
// stands in the end: "state of the last request / local part of team / who has which address".
func TestDistributionStates(t *testing.T) {
	t.Parallel()
	ask := func(local string) func(*publishing) error {
		return func(p *publishing) error { _, err := p.ask("team", local); return err }
	}
	last := func(p *publishing) directory.Request {
		all := must(p.Requests(p.Context()))
		return all[len(all)-1]
	}
	approve := func(p *publishing) error {
		_, err := p.ApproveRequest(p.Context(), last(p).ID, store.Verdict{})
		return err
	}
	reject := func(p *publishing) error {
		_, err := p.RejectRequest(p.Context(), last(p).ID, store.Verdict{Comment: "no"})
		return err
	}
	follow := func(p *publishing) error { p.follow(last(p)); return nil }
	fails := func(p *publishing) error { p.fail(last(p)); return nil }
	settings := func(pairs ...string) func(*publishing) error {
		return func(p *publishing) error { p.set(pairs...); return nil }
	}
	published := func(p *publishing) error { p.published("team", "team"); return nil }
	removed := func(p *publishing) error { return p.RemoveGroup(p.Context(), "team") }
	pass := func(d time.Duration) func(*publishing) error {
		return func(p *publishing) error { p.pass(d); _, _, err := p.TidyRequests(p.Context()); return err }
	}
	by := func(actor string, f func(*publishing, string) error) func(*publishing) error {
		return func(p *publishing) error { return f(p, actor) }
	}
	approveBy := func(p *publishing, actor string) error {
		_, err := p.ApproveRequest(p.Context(), last(p).ID, store.Verdict{Actor: actor})
		return err
	}
	askBy := func(p *publishing, actor string) error {
		_, err := p.AskDistribution(p.Context(), "team", store.Ask{Want: directory.Properties{LocalPart: "other"}, Actor: actor})
		return err
	}
	type steps []func(*publishing) error
	for _, row := range []struct {
		name string
		do   steps
		err  error // of the last step
		want string
	}{
		{"create waits", steps{ask("team")}, nil, "pending// team: group team"},
		{"create by policy", steps{settings("approve_create", "false"), ask("team")}, nil, "approved/team/ team: group team"},
		{"create approved", steps{ask("team"), approve}, nil, "approved/team/ team: group team"},
		{"create applied", steps{published}, nil, "applied/team/ team: group team"},
		{"create rejected", steps{ask("team"), reject}, nil, "rejected/-/"},
		{"create, alias of a library", steps{ask("IN")}, fault.ErrConflict, "-/-/"},
		{"create, alias of a pending one", steps{func(p *publishing) error { _, err := p.ask("crew", "team"); return err }, ask("Team")}, fault.ErrConflict, "pending/-/ team: group crew"},
		{"create, no alias", steps{ask("a+b")}, fault.ErrInvalid, "-/-/"},
		{"create, too long", steps{ask(strings.Repeat("a", 65))}, fault.ErrInvalid, "-/-/"},
		{"create, too long with the prefix", steps{settings("alias_prefix", "sp-"), ask(strings.Repeat("a", 62))}, fault.ErrInvalid, "-/-/"},
		{"create, not allowed", steps{settings("groups_allowed", "false"), ask("team")}, directory.ErrUnsupported, "-/-/"},
		{"create failed", steps{ask("team"), approve, fails}, nil, "failed//"},
		{"create failed, again", steps{ask("team"), approve, fails, approve}, nil, "approved/team/ team: group team"},
		{"create failed, alias taken", steps{ask("team"), approve, fails, func(p *publishing) error {
			return p.AddLibrary(p.Context(), library.Library{Name: "t", Site: "default", LocalPart: "team"})
		}, approve}, fault.ErrConflict, "failed// team: library t"},
		{"the same again", steps{ask("team"), ask("team")}, nil, "pending// team: group team"},
		{"what is so", steps{published, ask("team")}, nil, "applied/team/ team: group team"},
		{"rename waits", steps{published, ask("other")}, nil, "pending/team/ other: group team team: group team"},
		{"rename approved", steps{published, ask("other"), approve}, nil, "approved/other/ other: group team team: group team"},
		{"rename rejected", steps{published, ask("other"), reject}, nil, "rejected/team/ team: group team"},
		{"rename failed", steps{published, ask("other"), approve, fails}, nil, "failed/team/ team: group team"},
		{"rename, before the grace is over", steps{published, ask("other"), approve, follow, pass(30*day - 1)}, nil, "applied/other/ other: group team team: group team"},
		{"rename, after it", steps{published, ask("other"), approve, follow, pass(30 * day)}, nil, "applied/other/ other: group team"},
		{"rename, after it, not applied", steps{published, ask("other"), approve, pass(30 * day)}, nil, "approved/other/ other: group team team: group team"},
		{"rename and back", steps{published, ask("other"), approve, follow, ask("team"), approve, follow}, nil, "applied/team/ other: group team team: group team"},
		{"rename and back, rejected", steps{published, ask("other"), approve, follow, ask("team"), reject}, nil, "rejected/other/ other: group team team: group team"},
		{"rename, grace and then kept", steps{settings("alias_keep", "10d"), published, ask("other"), approve, follow, pass(30 * day)}, nil, "applied/other/ other: group team team: reserved"},
		{"rename, no grace", steps{settings("rename_grace", "0"), published, ask("other"), approve, follow, pass(0)}, nil, "applied/other/ other: group team"},
		{"modify by policy", steps{published, func(p *publishing) error {
			_, err := p.AskDistribution(p.Context(), "team", store.Ask{Want: directory.Properties{LocalPart: "team", Title: "New"}})
			return err
		}}, nil, "approved/team/ team: group team"},
		{"delete waits", steps{published, ask("")}, nil, "pending/team/ team: group team"},
		{"delete approved", steps{published, ask(""), approve}, nil, "approved// team: group team"},
		{"delete applied", steps{published, ask(""), approve, follow}, nil, "applied/-/"},
		{"delete applied, alias kept", steps{settings("alias_keep", "10d"), published, ask(""), approve, follow}, nil, "applied/-/ team: reserved"},
		{"delete failed", steps{published, ask(""), approve, fails}, nil, "failed/team/ team: group team"},
		{"delete rejected", steps{published, ask(""), reject}, nil, "rejected/team/ team: group team"},
		{"delete of nothing", steps{ask("")}, nil, "-/-/"},
		{"delete while a create waits", steps{ask("team"), ask("")}, nil, "cancelled/-/"},
		{"delete while a rename waits", steps{published, ask("other"), ask("")}, nil, "pending/team/ team: group team"},
		{"delete while it is carried out", steps{ask("team"), approve, ask("")}, fault.ErrConflict, "approved/team/ team: group team"},
		{"edited", steps{ask("team"), ask("other")}, nil, "pending// other: group team"},
		{"edited by another", steps{ask("team"), by("eve", askBy)}, fault.ErrConflict, "pending// team: group team"},
		{"edited and seen before", steps{ask("team"), ask("other"), func(p *publishing) error {
			_, err := p.ApproveRequest(p.Context(), last(p).ID, store.Verdict{Revision: 1})
			return err
		}}, fault.ErrStale, "pending// other: group team"},
		{"another one while it is carried out", steps{ask("team"), approve, ask("other")}, fault.ErrConflict, "approved/team/ team: group team"},
		{"approved twice", steps{ask("team"), approve, approve}, fault.ErrConflict, "approved/team/ team: group team"},
		{"four eyes, their own", steps{settings("four_eyes", "true"), ask("team"), approve}, directory.ErrFourEyes, "pending// team: group team"},
		{"four eyes, another's", steps{settings("four_eyes", "true"), ask("team"), by("eve", approveBy)}, nil, "approved/team/ team: group team"},
		{"withdrawn", steps{ask("team"), func(p *publishing) error {
			_, err := p.WithdrawRequest(p.Context(), last(p).ID, store.Verdict{})
			return err
		}}, nil, "cancelled/-/"},
		{"policy on, approved before", steps{settings("approve_create", "false"), ask("team"), settings("approve_create", "true"), follow}, nil, "applied/team/ team: group team"},
		{"policy off, waiting", steps{ask("team"), settings("approve_create", "false")}, nil, "pending// team: group team"},
		{"expires", steps{ask("team"), pass(30 * day)}, nil, "cancelled/-/"},
		{"does not expire yet", steps{ask("team"), pass(30*day - 1)}, nil, "pending// team: group team"},
		{"never expires", steps{settings("request_expire", "forever"), ask("team"), pass(3000 * day)}, nil, "pending// team: group team"},
		{"group removed", steps{published, removed}, nil, "pending/team orphan/ team: group team"},
		{"group removed, it does not expire", steps{published, removed, pass(300 * day)}, nil, "pending/team orphan/ team: group team"},
		{"group removed, rejected", steps{published, removed, reject}, fault.ErrConflict, "pending/team orphan/ team: group team"},
		{"group removed, approved", steps{published, removed, approve}, nil, "approved/ orphan/ team: group team"},
		{"group removed, applied", steps{published, removed, approve, follow}, nil, "applied/-/"},
		{"group removed, failed", steps{published, removed, approve, fails}, nil, "failed/team orphan/ team: group team"},
		{"group removed, failed, again", steps{published, removed, approve, fails, approve, follow}, nil, "applied/-/"},
		{"group removed while a create waits", steps{ask("team"), removed}, nil, "cancelled/-/"},
		{"group removed while a rename waits", steps{published, ask("other"), removed}, nil, "pending/team orphan/ team: group team"},
		{"group removed while a create is carried out", steps{ask("team"), approve, removed}, nil, "pending/team orphan/ team: group team"},
		{"group removed while a delete waits", steps{published, ask(""), removed}, nil, "pending/team orphan/ team: group team"},
		{"group removed by policy", steps{settings("approve_delete", "false"), published, removed}, nil, "approved/ orphan/ team: group team"},
	} {
		for name, catalog := range catalogs() {
			t.Run(row.name+" "+name, func(t *testing.T) {
				t.Parallel()
				p := newPublishing(t, catalog(t))
				for i, step := range row.do {
					err := step(p)
					if i == len(row.do)-1 && row.err != nil {
						wantRefused(t, "last step", err, row.err)
					} else if err != nil {
						t.Fatalf("step %d: %v", i+1, err)
					}
				}
				if diff := cmp.Diff(row.want, p.stands()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				p.checkEvents()
			})
		}
	}
}

// stands says where things stand: the last request's state, the distribution group of team,
// and who has which of the local parts.
func (p *publishing) stands() string {
	p.Helper()
	state, now := "-", "-"
	if all := must(p.Requests(p.Context())); len(all) > 0 {
		state = string(all[len(all)-1].State)
	}
	for _, d := range must(p.Distributions(p.Context())) {
		if d.Name == "group team" {
			now = d.Now.LocalPart
			if d.Orphan {
				now += " orphan"
			}
		}
	}
	said := state + "/" + now + "/"
	for _, local := range []string{"other", "team"} {
		if of := p.addressee(local); of != "nobody" {
			said += " " + local + ": " + of
		}
	}
	return said
}

// checkEvents checks that every request came to its state by a way that there is, and that
// each step of it is among the changes.
func (p *publishing) checkEvents() {
	p.Helper()
	ctx := p.Context()
	steps := map[directory.RequestState][]directory.RequestState{
		"":                 {directory.Pending},
		directory.Pending:  {directory.Pending, directory.Approved, directory.Rejected, directory.Cancelled},
		directory.Approved: {directory.Applied, directory.Failed, directory.Cancelled},
		directory.Failed:   {directory.Approved},
	}
	var changes []store.Change
	p.must(p.catalog.View(ctx, func(tx store.Tx) (err error) {
		changes, err = tx.Changes(0)
		return err
	}))
	recorded, events := 0, 0
	for _, c := range changes {
		if strings.HasPrefix(c.Action, "request ") {
			recorded++
		}
	}
	open := map[string]int64{}
	for _, r := range must(p.Requests(ctx)) {
		_, all, err := p.Request(ctx, r.ID)
		p.must(err)
		var at directory.RequestState
		for _, e := range all {
			legal := false
			for _, to := range steps[at] {
				legal = legal || e.From == at && e.To == to
			}
			if !legal || e.Actor == "" || e.At.IsZero() {
				p.Errorf("request %d: it cannot go from %q to %q: %+v", r.ID, at, e.To, e)
			}
			at = e.To
		}
		if at != r.State {
			p.Errorf("request %d is %s, and its events end with %s", r.ID, r.State, at)
		}
		events += len(all)
		if other := open[r.Distribution]; r.State.Open() && other != 0 {
			p.Errorf("requests %d and %d are open", other, r.ID)
		}
		if r.State.Open() {
			open[r.Distribution] = r.ID
		}
	}
	if recorded != events {
		p.Errorf("%d changes are on record for %d events", recorded, events)
	}
}

// Of two who decide at once, one has decided.
func TestApproversAtOnce(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			r := must(p.ask("team", "team"))
			errs := make([]error, 8)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() {
					v := store.Verdict{Actor: fmt.Sprint("approver", i), Revision: 1}
					if i%2 == 0 {
						_, errs[i] = p.ApproveRequest(t.Context(), r.ID, v)
					} else {
						_, errs[i] = p.RejectRequest(t.Context(), r.ID, v)
					}
				})
			}
			all.Wait()
			won := 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, fault.ErrConflict):
					t.Errorf("got %v, want a conflict", err)
				}
			}
			if won != 1 {
				t.Errorf("%d have decided, want 1", won)
			}
			p.checkEvents()
		})
	}
}

// Who waits is reminded of, now and then.
func TestReminders(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	must(p.ask("team", "team"))
	for i, row := range []struct {
		wait time.Duration
		want int
	}{{7*day - 1, 0}, {1, 1}, {0, 0}, {6 * day, 0}, {day, 1}} {
		p.pass(row.wait)
		reminded, expired, err := p.TidyRequests(t.Context())
		if err != nil || len(reminded) != row.want || len(expired) != 0 {
			t.Errorf("%d: got %v and %v, %v; want %d reminders", i, reminded, expired, err, row.want)
		}
	}
	p.checkEvents()
}

// What a distribution group cannot show is refused; blanks around it are nothing.
func TestAskProperties(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	ask := func(title, description, manager string) (directory.Request, error) {
		want := directory.Properties{LocalPart: "team", Title: title, Description: description, Manager: manager}
		return p.AskDistribution(t.Context(), "team", store.Ask{Want: want})
	}
	for _, bad := range [][3]string{
		{"a\nb"}, {"\u202eevil"}, {strings.Repeat("x", 257)}, {"", "a\x00b"}, {"", strings.Repeat("x", 1025)}, {"", "", "alice"}, {"", "", "group:crew"},
	} {
		_, err := ask(bad[0], bad[1], bad[2])
		wantRefused(t, fmt.Sprintf("%.20q", bad), err, fault.ErrInvalid)
	}
	_, err := ask("", "", "user:nobody")
	wantRefused(t, "no such manager", err, fault.ErrNotFound)
	r := must(ask("", " All of us ", "ldap@corp.example"))
	if r.Want.Title != "The team" || r.Want.Description != "All of us" {
		t.Errorf("got %+v, want the group's title", r.Want)
	}
	if again := must(ask("The team", "All of us", "ldap@corp.example")); again.ID != r.ID || again.Revision != 1 {
		t.Errorf("got %+v, want the open request as it is", again)
	}
	if edited := must(ask("Us", "", "user:ldap:bob")); edited.ID != r.ID || edited.Revision != 2 || edited.Want.Title != "Us" {
		t.Errorf("got %+v, want the request edited", edited)
	}
}

// A sweep, too, lets requests expire and frees what is not reserved any more; it reminds
// nobody.
func TestSweepTidiesRequests(t *testing.T) {
	t.Parallel()
	p := newPublishing(t)
	p.set("request_remind", "1d")
	p.published("crew", "a")
	p.published("crew", "b")
	must(p.ask("team", "team"))
	for _, row := range []struct {
		wait time.Duration
		want string
	}{{29 * day, "pending// team: group team"}, {day, "cancelled/-/"}} {
		p.pass(row.wait)
		run := must(p.OpenRun(t.Context(), "sweep", "manual"))
		p.must(p.Sweep(t.Context(), run.ID))
		if got := p.stands(); got != row.want {
			t.Errorf("got %s, want %s", got, row.want)
		}
	}
	if got := p.addressee("a"); got != "nobody" {
		t.Errorf("the address that the crew had is of %s, want nobody", got)
	}
	last := must(p.Requests(t.Context()))
	if r := last[len(last)-1]; !r.Reminded.IsZero() {
		t.Errorf("got %+v, want no reminder", r)
	}
	p.checkEvents()
}

// What a SOAP client is told of a request that failed stays with it until it is tried again.
func TestFailedAs(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			r := must(p.ApproveRequest(ctx, must(p.ask("team", "team")).ID, store.Verdict{}))
			p.must(p.RecordDirectory(ctx, p.run, store.DirectoryResult{
				Ends: []store.Ending{{Request: r.ID, To: directory.Failed, Trouble: "x", Status: directory.StatusDuplicateAlias}},
			}))
			if got := must1(p.Request(ctx, r.ID)).FailedAs; got != directory.StatusDuplicateAlias {
				t.Errorf("got %s", got)
			}
			if got := must(p.ApproveRequest(ctx, r.ID, store.Verdict{})).FailedAs; got != directory.StatusSuccess {
				t.Errorf("approved again: got %s, want none", got)
			}
		})
	}
}
