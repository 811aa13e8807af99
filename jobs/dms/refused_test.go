package dms_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// One object that the directory does not take, for whatever reason, keeps no other from it, in
// this run or in a later one. Two in a row are the directory's: then it is left alone.
func TestOneIsRefused(t *testing.T) {
	t.Parallel()
	for _, refusal := range []error{errDown, fmt.Errorf("protected: %w", directory.ErrAccess), fmt.Errorf("what: %w", directory.ErrUnsupported)} {
		f := newFarm(t)
		f.library("protected", "protected")
		f.group("protected", "user:alice")
		f.ask("protected", directory.Properties{LocalPart: "group", Title: "Us"})
		f.run()
		f.setLocal("protected", "")
		f.library("invoices", "invoices")
		gone := f.askDelete("protected")
		refused := map[string]bool{"delete protected": true}
		tries := 0
		f.dir.OnWrite(func(before bool, op string) error {
			if before && refused[op] {
				tries++
				return refusal
			}
			return nil
		})
		for range 12 {
			again := f.run()
			f.clock.advance(again.Sub(f.clock.Now()))
		}
		f.isIn(gone.ID, directory.Applied)
		f.shows(invoicesShown, `protected "Default – The protected (protected)" SMTP:protected@farm.example`)
		if k := f.known("library protected"); tries < 10 || k.Trouble == "" || k.Tries != tries || f.said(`"level":"error"`) != 0 {
			t.Errorf("%v: got %d tries and %+v\n%s", refusal, tries, k, f.log)
		}
		f.group("team", "user:alice")
		r := f.ask("team", directory.Properties{LocalPart: "team"})
		refused["create team"], refused["create bills"] = true, true
		f.library("bills", "bills")
		wait := f.run().Sub(f.clock.Now())
		if f.said(`"level":"error"`) != 1 || wait < 4*time.Second {
			t.Errorf("%v: got a wait of %v, want that it is left alone:\n%s", refusal, wait, f.log)
		}
		if got := f.request(r.ID); got.State != directory.Approved || got.Trouble == "" {
			t.Errorf("%v: got %+v, want it to wait", refusal, got)
		}
		f.dir.OnWrite(nil)
		f.clock.advance(5 * time.Hour)
		f.run()
		f.isIn(r.ID, directory.Applied)
		f.calm()
	}
}

// A container that was emptied is filled again where a person says so, whether drift is
// enforced or not; the way is in the error.
func TestRebuild(t *testing.T) {
	t.Parallel()
	for _, enforce := range []bool{true, false} {
		f := newFarm(t, func(o *dms.Options) { o.Enforce = enforce })
		members := []string{"user:alice"}
		for i := range 5 {
			f.library(fmt.Sprint("a", i), fmt.Sprint("a", i))
			members = append(members, fmt.Sprintf("address:a%d@farm.example", i))
		}
		f.group("team", members...)
		f.group("crew", "user:alice", "group:team")
		f.ask("team", directory.Properties{LocalPart: "team"})
		f.ask("crew", directory.Properties{LocalPart: "crew"})
		f.run()
		shown := f.shown()
		for _, of := range []string{"library a0", "library a1", "library a2", "library a3", "library a4", "group team"} {
			f.admin.Delete(t, f.known(of).ID)
		}
		f.setMembers("crew", "user:alice", "group:team", "user:carol")
		writes := f.dir.Writes()
		_, _, err := f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{})
		if !errors.Is(err, directory.ErrIncomplete) || !strings.Contains(err.Error(), "--rebuild") || f.dir.Writes() != writes {
			t.Errorf("got %v and %d writes, want none, and what to do", err, f.dir.Writes()-writes)
		}
		_, _, err = f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{Rebuild: true})
		must(t, err)
		for i, line := range shown {
			shown[i] = strings.Replace(line, "[Alice Archer team]", "[Alice Archer Carol Cook team]", 1)
		}
		slices.Sort(shown)
		f.shows(shown...)
		f.calm()
	}
}

// What a Publisher answers decides whether the run ends, and what becomes of the object and
// of what was asked for.
func TestErrorsOfWrites(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err     error
		wait    time.Duration // about, until the next run; 0: at once
		request directory.RequestState
		other   bool // the other object is created
	}{
		{errDown, time.Minute, directory.Approved, true},
		{fmt.Errorf("refused: %w", directory.ErrAccess), time.Minute, directory.Approved, true},
		{fmt.Errorf("what: %w", directory.ErrUnsupported), time.Minute, directory.Approved, true},
		{fmt.Errorf("no container: %w", fault.ErrNotFound), time.Minute, directory.Approved, true},
		{fmt.Errorf("taken: %w", fault.ErrConflict), 0, directory.Failed, true},
		{fmt.Errorf("too long: %w", fault.ErrInvalid), 0, directory.Failed, true},
		{fmt.Errorf("whose: %w", directory.ErrNotOwned), 0, directory.Failed, true},
		{fmt.Errorf("two: %w", directory.ErrAmbiguous), 0, directory.Failed, true},
	} {
		t.Run(row.err.Error(), func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			f.group("a", "user:alice")
			f.group("b", "user:alice")
			first, second := f.ask("a", directory.Properties{LocalPart: "a"}), f.ask("b", directory.Properties{LocalPart: "b"})
			failed := false
			f.dir.OnWrite(func(before bool, _ string) error {
				if failed {
					return nil
				}
				failed = true
				return row.err
			})
			wait := f.run().Sub(f.clock.Now())
			if wait > row.wait || wait < row.wait*9/10 {
				t.Errorf("got a wait of %v, want about %v", wait, row.wait)
			}
			states := map[directory.RequestState]int{}
			for _, id := range []int64{first.ID, second.ID} {
				r := f.request(id)
				states[r.State]++
				if r.State == row.request && r.Trouble == "" {
					t.Errorf("request %d does not say what is wrong", id)
				}
			}
			if row.other != (states[directory.Applied] == 1) || states[row.request] < 1 {
				t.Errorf("got %v, want one that is %s, the other applied: %v", states, row.request, row.other)
			}
			if n := f.runs()[0].Failed; len(n) != 0 || f.runs()[0].Directory.Failed != 1 {
				t.Errorf("got %+v, want one failed write", f.runs()[0].Directory)
			}
			f.clock.advance(time.Hour)
			f.run()
			for _, id := range []int64{first.ID, second.ID} {
				if r := f.request(id); r.State == directory.Failed {
					f.approve(r)
				}
			}
			f.run()
			f.isIn(first.ID, directory.Applied)
			f.isIn(second.ID, directory.Applied)
			f.calm()
		})
	}
}

// A group whose members the directory does not take for the moment is not as it was asked for
// yet.
func TestMembersLater(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	r := f.ask("team", directory.Properties{LocalPart: "team"})
	f.dir.OnWrite(func(before bool, op string) error {
		if before && op == "members team" {
			return errDown
		}
		return nil
	})
	again := f.run()
	if got := f.request(r.ID); got.State != directory.Approved || got.Trouble == "" {
		t.Errorf("got %+v, want it to wait", got)
	}
	f.dir.OnWrite(nil)
	f.clock.advance(again.Sub(f.clock.Now()))
	f.run()
	f.isIn(r.ID, directory.Applied)
	f.shows(`team "team (team)" SMTP:team@farm.example [Alice Archer]`)
	f.calm()
}
