package dms_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/jobs"
	"mailchute/pkg/directory"
)

// story publishes libraries and groups, and then changes nearly everything about them: what
// it wants of the directory has a step of each kind. It returns the requests to apply.
func (f *farm) story() (approved []int64) {
	f.t.Helper()
	for _, name := range []string{"apples", "bananas", "cherries"} {
		f.library(name, name)
	}
	f.group("team", "user:alice", "address:cherries@farm.example")
	f.group("old", "user:carol")
	f.group("fresh", "user:carol", "group:team", "address:dates@farm.example")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team", Manager: "user:alice"})
	f.ask("old", directory.Properties{LocalPart: "old"})
	f.run()
	refs, err := f.pub.Members(f.t.Context(), f.at("team"))
	must(f.t, err)
	for _, r := range refs {
		f.names[r.Key] = r.Name
	}
	f.setLocal("apples", "")
	f.setLocal("bananas", "apples")
	f.setLocal("apples", "bananas")
	f.setLocal("cherries", "")
	f.library("dates", "dates")
	f.setMembers("team", "user:carol", "address:bananas@farm.example", "address:ernie@elsewhere.example")
	for _, r := range []directory.Request{
		f.ask("team", directory.Properties{LocalPart: "crew", Title: "The crew", Description: "All of us"}),
		f.ask("fresh", directory.Properties{LocalPart: "fresh"}),
		f.askDelete("old"),
	} {
		approved = append(approved, r.ID)
	}
	return approved
}

// told checks what a story comes to, and its record.
func (f *farm) told(approved []int64, how string) {
	f.t.Helper()
	f.ended(approved)
	f.audited(true)
	if f.t.Failed() {
		f.t.Fatalf("%s; the log is\n%s", how, f.log)
	}
}

// ended checks what a story comes to.
func (f *farm) ended(approved []int64) {
	f.t.Helper()
	f.shows(
		`apples "Default – The bananas (apples)" SMTP:apples@farm.example`,
		`bananas "Default – The apples (bananas)" SMTP:bananas@farm.example`,
		`crew "The crew (crew)" SMTP:crew@farm.example,smtp:team@farm.example [Carol Cook External Ernie bananas]`,
		`dates "Default – The dates (dates)" SMTP:dates@farm.example`,
		`fresh "fresh (fresh)" SMTP:fresh@farm.example [Carol Cook crew dates]`,
	)
	f.calm()
	for _, id := range approved {
		_, events, err := f.Request(f.t.Context(), id)
		must(f.t, err)
		applied := 0
		for _, e := range events {
			if e.To == directory.Applied {
				applied++
			}
		}
		if applied != 1 {
			f.t.Errorf("request %d was applied %d times, want once", id, applied)
		}
	}
	for _, r := range f.runs() {
		if r.State == "open" {
			f.t.Errorf("run %s is open", r.Run)
		}
	}
}

// audited checks that the record of writes, told again, comes to what the directory has; its
// members, too, where none of them was renamed since.
func (f *farm) audited(withMembers bool) {
	f.t.Helper()
	ctx := f.t.Context()
	all, err := f.KnownObjects(ctx)
	must(f.t, err)
	for _, k := range all {
		writes, err := f.DirectoryWrites(ctx, k.Key)
		must(f.t, err)
		got, members := directory.Attributes{}, map[string]bool{}
		for _, w := range writes {
			if w.Trouble != "" {
				continue
			}
			for _, c := range w.Changes {
				if c.Attribute == "member" {
					f.retell(members, c, withMembers)
				} else if c.Attribute != "cn" {
					retellAttribute(got, c)
				}
			}
		}
		a, err := f.pub.ByID(ctx, k.ID)
		must(f.t, err)
		if diff := gocmp.Diff(a.Attributes, got); diff != "" {
			f.t.Errorf("%s: the record (-directory +record):\n%s", k.Of, diff)
		}
		if !withMembers {
			continue
		}
		names := []string{}
		refs, err := f.pub.Members(ctx, a)
		must(f.t, err)
		for _, r := range refs {
			names = append(names, r.Name)
		}
		slices.Sort(names)
		if diff := gocmp.Diff(names, append([]string{}, slices.Sorted(maps.Keys(members))...)); diff != "" {
			f.t.Errorf("%s: the record of members (-directory +record):\n%s", k.Of, diff)
		}
	}
}

func (f *farm) retell(members map[string]bool, c directory.Change, strict bool) {
	for _, name := range c.Before { // the key of one who had left when it was seen
		name = cmp.Or(f.names[name], name)
		if strict && !members[name] {
			f.t.Errorf("%q left, but was no member", name)
		}
		delete(members, name)
	}
	for _, name := range c.After {
		if strict && members[name] {
			f.t.Errorf("%q came, but was a member", name)
		}
		members[name] = true
	}
}

func retellAttribute(a directory.Attributes, c directory.Change) {
	if len(c.After) == 0 {
		delete(a, c.Attribute)
		return
	}
	a[c.Attribute] = c.After
}

// effects returns how many effects the run of a story has.
func effects(t *testing.T) (count int, approved []int64) {
	t.Helper()
	f, m := newFarm(t), &mortal{}
	approved = f.story()
	victim := f.process(t, m.wrap)
	f.dir.OnWrite(m.onWrite)
	victim.run()
	f.dir.OnWrite(nil)
	victim.told(approved, "undisturbed")
	if m.n < 30 {
		t.Fatalf("got %d effects, want every commit and write: %s", m.n, strings.Join(m.log, ", "))
	}
	return m.n, approved
}

// Whatever effect the process dies before or after, one more run brings everything to the
// same end.
func TestDeathAtEveryEffect(t *testing.T) {
	t.Parallel()
	total, _ := effects(t)
	for k := 1; k <= total; k++ {
		for _, after := range []bool{false, true} {
			f, m := newFarm(t), &mortal{at: k, after: after, dies: true}
			manual, approved := f.manual(), f.story()
			victim := f.process(t, m.wrap)
			f.dir.OnWrite(m.onWrite)
			_, err := victim.job.Run(t.Context(), jobs.Arrival)
			f.dir.OnWrite(nil)
			_ = victim.close() // it is dead, and so are its locks
			how := fmt.Sprintf("died at effect %d, %s, after=%v (it said: %v)", k, m.log[k-1], after, err)
			next := f.process(t, unwrapped)
			next.run()
			next.told(approved, how)
			if f.manual() != manual {
				t.Errorf("%s: somebody else's object was changed", how)
			}
		}
	}
	t.Logf("died at each of %d effects", total)
	crashes.Tried("deaths in memory", 2*total)
}

// Whatever effect fails, before it is done or with its answer lost, the next runs bring
// everything to the same end.
func TestFailureAtEveryEffect(t *testing.T) {
	t.Parallel()
	total, _ := effects(t)
	for k := 1; k <= total; k++ {
		for _, after := range []bool{false, true} {
			f, m := newFarm(t), &mortal{at: k, after: after}
			approved := f.story()
			victim := f.process(t, m.wrap)
			f.dir.OnWrite(m.onWrite)
			again, err := victim.job.Run(t.Context(), jobs.Arrival)
			f.dir.OnWrite(nil)
			if err == nil && again.IsZero() {
				t.Errorf("effect %d, %s, failed: got no error and no other run", k, m.log[k-1])
			}
			f.clock.advance(time.Minute)
			victim.run()
			must(t, victim.close())
			next := f.process(t, unwrapped) // it closes books whose opening was not answered
			next.run()
			next.ended(approved)
			next.audited(false)
			if t.Failed() {
				t.Fatalf("effect %d, %s, failed, after=%v (it said: %v); the log is\n%s", k, m.log[k-1], after, err, next.log)
			}
		}
	}
	crashes.Tried("failed effects", 2*total)
}
