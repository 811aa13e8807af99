package dms_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// While the directory is down it is left alone for longer and longer; it is said once, and
// once that it is over. Requests say what keeps them.
func TestDirectoryDown(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	r := f.ask("team", directory.Properties{LocalPart: "team"})
	f.dir.Fail(errDown)
	for i, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 900, 900} {
		wait := f.run().Sub(f.clock.Now())
		if want *= time.Second; wait > want || wait < want*9/10 {
			t.Errorf("outage %d: got a wait of %v, want about %v", i, wait, want)
		}
		f.clock.advance(wait - time.Second)
		if again := f.run(); !again.Equal(f.clock.Now().Add(time.Second)) {
			t.Errorf("outage %d: a run that comes too early says %v", i, again)
		}
		f.clock.advance(time.Second)
	}
	if got := f.request(r.ID); got.State != directory.Approved || got.Trouble == "" {
		t.Errorf("got %+v, want it approved, with what keeps it", got)
	}
	if n := len(f.runs()); n != 1 { // that noted it with the request
		t.Errorf("got %d records of runs, want 1", n)
	}
	f.dir.Fail(nil)
	f.run()
	f.isIn(r.ID, directory.Applied)
	f.calm()
	if began, over := f.said(`"level":"error"`), f.said("can be written to again"); began != 1 || over != 1 {
		t.Errorf("it was said %d times that it is down, and %d times that it is over:\n%s", began, over, f.log)
	}
}

// An object that fails is tried less and less often, at once where something else is wanted
// of it, and whenever a person says so.
func TestBackOffOfAnObject(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "invoices")
	tries := 0
	f.dir.OnWrite(func(bool, string) error {
		tries++
		return fmt.Errorf("too long: %w", fault.ErrInvalid)
	})
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 240, 240} {
		again := f.run()
		wait := again.Sub(f.clock.Now())
		if want *= time.Minute; tries != i+1 || wait > want || wait < want*9/10 {
			t.Errorf("try %d: got %d and a wait of %v, want about %v", i+1, tries, wait, want)
		}
		if next := f.run(); !next.Equal(again) || tries != i+1 {
			t.Errorf("try %d: a run that comes too early says %v, and tried %d times", i+1, next, tries)
		}
		f.clock.advance(wait)
	}
	if k := f.known("library invoices"); k.State != directory.ObjectFailed || k.Tries != 10 || k.Trouble == "" {
		t.Errorf("got %+v, want it failed ten times", k)
	}
	f.run()
	f.setLocal("invoices", "bills")
	if f.run(); tries != 12 {
		t.Errorf("got %d tries, want one for what is wanted now", tries)
	}
	_, _, err := f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{})
	if must(t, err); tries != 13 {
		t.Errorf("got %d tries, want one that a person asked for", tries)
	}
	f.dir.OnWrite(nil)
	_, _, err = f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{})
	must(t, err)
	f.calm()
}

// What would delete too much changes nothing, until a person lets it.
func TestBrake(t *testing.T) {
	t.Parallel()
	f := newFarm(t, func(o *dms.Options) { o.MaxDeletes, o.MaxDeleteShare = 10, 0.1 })
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		f.library(name, name)
	}
	f.run()
	for _, name := range []string{"a", "b", "c", "d"} {
		f.setLocal(name, "")
	}
	f.setLocal("e", "f")
	writes := f.dir.Writes()
	for range 2 {
		f.run()
	}
	if n := f.dir.Writes() - writes; n != 0 || f.said("too much would be deleted") != 1 {
		t.Errorf("got %d writes, want none, and that it is said once:\n%s", n, f.log)
	}
	plan, err := f.job.Plan(t.Context())
	var brake *directory.BrakeError
	if !errors.As(err, &brake) || brake.Deletes != 4 || len(plan.Steps) < 5 {
		t.Errorf("got %d steps, %v; want the plan and the brake", len(plan.Steps), err)
	}
	steps := 0
	plan, _, err = f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{Deletes: 4, Progress: func(done, total int) {
		if steps++; done != steps || total < done {
			t.Errorf("got step %d of %d, want %d", done, total, steps)
		}
	}})
	if err != nil || steps != len(plan.Steps) {
		t.Errorf("got %d of %d steps, %v", steps, len(plan.Steps), err)
	}
	f.shows(`f "Default – The e (f)" SMTP:f@farm.example`)
	f.calm()
}

// Where most of what is known is not found, nothing is done.
func TestIncomplete(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	for i := range 8 {
		f.library(fmt.Sprint("a", i), fmt.Sprint("a", i))
	}
	f.run()
	for i := range 5 {
		f.admin.Delete(t, f.known(fmt.Sprint("library a", i)).ID)
	}
	writes := f.dir.Writes()
	if wait := f.run().Sub(f.clock.Now()); wait < 13*time.Minute || f.dir.Writes() != writes {
		t.Errorf("got a wait of %v and %d writes, want about 15 minutes and none", wait, f.dir.Writes()-writes)
	}
	if _, err := f.job.Plan(t.Context()); !errors.Is(err, directory.ErrIncomplete) {
		t.Errorf("got %v, want %v", err, directory.ErrIncomplete)
	}
}

// Of two processes one is at work; the other says so once, and looks again soon.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "invoices")
	other := f.process(t, unwrapped)
	f.dir.OnWrite(func(before bool, _ string) error {
		if !before {
			return nil
		}
		for range 2 {
			if again := other.run(); again.Sub(f.clock.Now()) != 5*time.Second {
				t.Errorf("the other is due at %v", again)
			}
		}
		_, _, err := other.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{})
		if !errors.Is(err, dms.ErrBusy) {
			t.Errorf("got %v, want %v", err, dms.ErrBusy)
		}
		return nil
	})
	f.run()
	f.dir.OnWrite(nil)
	if n := other.said("Another process"); n != 1 || other.said(`"level":"error"`) != 0 {
		t.Errorf("it was said %d times, want once:\n%s", n, other.log)
	}
	if n := len(f.runs()); n != 1 {
		t.Errorf("got %d records of runs, want one", n)
	}
	other.run()
	other.calm()
}

// A run that is stopped ends after what is in hand, which is recorded.
func TestStopped(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	for _, name := range []string{"a", "b"} {
		f.group(name, "user:alice")
		f.ask(name, directory.Properties{LocalPart: name})
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.dir.OnWrite(func(before bool, op string) error {
		if !before && strings.HasPrefix(op, "members") {
			cancel()
		}
		return nil
	})
	if again, err := f.job.Run(ctx, jobs.Arrival); err != nil || !again.IsZero() {
		t.Errorf("got %v, %v; want neither", again, err)
	}
	f.dir.OnWrite(nil)
	if n := f.dir.Writes(); n != 3 || f.runs()[0].State != "closed" || f.said(`"level":"error"`) != 0 {
		t.Errorf("got %d writes, want those of two groups and of the members of one, and the books closed:\n%s", n, f.log)
	}
	if got := f.runs()[0].Directory; got.Created != 2 || got.Members != 1 || got.Failed != 0 {
		t.Errorf("got %+v, want what was done on record", got)
	}
	f.run()
	f.calm()
}

// Where the directory cannot say who a member is, or who is in a group, nothing is changed.
func TestMembersUnread(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	f.ask("team", directory.Properties{LocalPart: "team"})
	f.run()
	f.setMembers("team", "user:carol")
	f.ask("team", directory.Properties{LocalPart: "crew", Title: "crew"})
	f.dir.OnWrite(func(before bool, op string) error {
		if !before && op == "modify crew" {
			f.dir.Fail(errDown)
		}
		return nil
	})
	f.run()
	f.dir.Fail(nil)
	f.shows(`crew "crew (crew)" SMTP:crew@farm.example,smtp:team@farm.example [Alice Archer]`)
	f.clock.advance(time.Minute)
	f.run()
	f.shows(`crew "crew (crew)" SMTP:crew@farm.example,smtp:team@farm.example [Carol Cook]`)
	f.calm()
}

// Members that the directory does not take keep nobody from what was approved. They are tried
// again like an object.
func TestMembersRefused(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	r := f.ask("team", directory.Properties{LocalPart: "team"})
	tries := 0
	f.dir.OnWrite(func(before bool, op string) error {
		if !before || op != "members team" {
			return nil
		}
		tries++
		return fmt.Errorf("too many: %w", fault.ErrInvalid)
	})
	again := f.run()
	f.isIn(r.ID, directory.Applied)
	if k := f.known("group team"); k.State != directory.ObjectFailed || k.Trouble == "" || !k.Next.Equal(again) {
		t.Errorf("got %+v, want it failed, and due at %v", k, again)
	}
	if next := f.run(); !next.Equal(again) || tries != 1 {
		t.Errorf("a run that comes too early says %v, and tried %d times; want %v", next, tries, again)
	}
	f.idle()
	f.dir.OnWrite(nil)
	f.clock.advance(time.Minute)
	f.run()
	f.shows(`team "team (team)" SMTP:team@farm.example [Alice Archer]`)
	f.calm()
}

// Somebody who takes an address while it is being given to an object of ours keeps it, and
// ours stays as it was.
func TestTakenMeanwhile(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"rename invoices", "modify invoices"} {
		f := newFarm(t)
		f.library("invoices", "invoices")
		f.run()
		shown := f.shown()
		f.dir.OnWrite(func(before bool, now string) error {
			if before && now == op {
				f.admin.Add(t, directory.KindContact, "hr", directory.Attributes{"mail": {"bills@farm.example", "invoices@other.example"}})
			}
			return nil
		})
		other := f.process(t, unwrapped, func(o *dms.Options) {
			if o.Domains = append(o.Domains, "other.example"); op == "rename invoices" {
				o.Domains = domains
			}
		})
		if op == "rename invoices" {
			f.setLocal("invoices", "bills")
		}
		other.run()
		f.dir.OnWrite(nil)
		f.shows(shown...)
		if k := f.known("library invoices"); k.State != directory.ObjectConflict {
			t.Errorf("%s: got %+v, want a conflict", op, k)
		}
	}
}

// What a directory has is taken up again when another one was used for a while.
func TestSwitchOfDirectories(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "invoices")
	f.group("team", "user:alice", "address:invoices@farm.example")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team"})
	f.run()
	writes := f.dir.Writes()
	other := f.base
	other.dir, other.publisher = nil, nil
	builtin := other.process(t, unwrapped)
	for range 2 {
		for _, now := range []*farm{builtin, f} {
			now.run()
			now.shows(invoicesShown, teamShown)
			if k := now.known("group team"); k.ID != now.at("team").ID || k.Members == "" {
				t.Errorf("got %+v, want what is known to be of this directory", k)
			}
			now.calm()
		}
	}
	if n := f.dir.Writes() - writes; n != 0 {
		t.Errorf("got %d writes, want none: it was as it should be", n)
	}
}

// What a person should look at is said once, also where the directory was down meanwhile,
// and again when it comes again.
func TestSaidOnce(t *testing.T) {
	t.Parallel()
	f := newFarm(t, func(o *dms.Options) { o.Enforce = false })
	f.library("invoices", "invoices")
	f.run()
	id := f.known("library invoices").ID
	for want := 1; want <= 2; want++ {
		f.admin.Set(t, id, "displayName", "Changed")
		f.run()
		f.dir.Fail(errDown)
		f.run()
		f.dir.Fail(nil)
		f.clock.advance(time.Minute)
		f.run()
		if n := f.said(`"action":"drift"`); n != want || f.known("library invoices").Trouble == "" {
			t.Errorf("it was said %d times, want %d", n, want)
		}
		f.admin.Set(t, id, "displayName", "Default – The invoices (invoices)")
		f.run()
		if k := f.known("library invoices"); k.Trouble != "" {
			t.Errorf("got %+v, want that it is well", k)
		}
	}
}
