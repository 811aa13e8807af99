package dms_test

import (
	"slices"
	"testing"
	"time"

	"mailchute/jobs"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/store"
)

// A create that the directory cannot take fails, and gives its local part back; approving
// it again tries once more.
func TestCreateFails(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	taken := f.admin.Add(t, directory.KindContact, "team", nil)
	r := f.ask("team", directory.Properties{LocalPart: "team"})
	if again := f.run(); again.After(f.clock.Now()) {
		t.Errorf("the next run is due at %v, want at once", again)
	}
	f.isIn(r.ID, directory.Failed)
	f.run()
	if k := f.known("group team"); k.Key != "" {
		t.Errorf("got %+v, want nothing known: it is not wanted any more", k)
	}
	if as := f.request(r.ID).FailedAs; as != directory.StatusDuplicateAlias {
		t.Errorf("a SOAP client is told %s, want %s", as, directory.StatusDuplicateAlias)
	}
	f.idle()
	f.admin.Delete(t, taken)
	f.approve(f.request(r.ID))
	f.run()
	f.isIn(r.ID, directory.Applied)
	f.shows(`team "team (team)" SMTP:team@farm.example [Alice Archer]`)
	f.calm()
}

// A rename that the directory cannot take fails, and the group stays as it was.
func TestRenameFails(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "Us"})
	f.run()
	f.admin.Add(t, directory.KindContact, "hr", directory.Attributes{"mail": {"crew@farm.example"}})
	r := f.ask("team", directory.Properties{LocalPart: "crew", Title: "We"})
	writes := f.dir.Writes()
	f.run()
	f.isIn(r.ID, directory.Failed)
	f.run()
	if n := f.dir.Writes() - writes; n != 0 {
		t.Errorf("got %d writes, want none: somebody has the address", n)
	}
	f.shows(`team "Us (team)" SMTP:team@farm.example [Alice Archer]`)
	if k := f.known("group team"); k.State != directory.ObjectActive || k.Trouble != "" {
		t.Errorf("got %+v, want it active", k)
	}
	f.calm()
}

// A request for what the directory cannot have fails, and one for a group that is not ours
// any more, or that was moved away.
func TestRequestsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, tamper := range map[string]func(f *farm, id string){
		"foreign": func(f *farm, id string) { f.admin.Set(f.t, id, directorytest.MarkerAttribute) },
		"moved":   func(f *farm, id string) { f.admin.Move(f.t, id, directorytest.Elsewhere) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			f.group("team", "user:alice")
			f.ask("team", directory.Properties{LocalPart: "team", Title: "Us"})
			f.run()
			tamper(f, f.known("group team").ID)
			r := f.ask("team", directory.Properties{LocalPart: "team", Title: "We"})
			f.run()
			if r = f.request(r.ID); r.State != directory.Failed || r.Trouble == "" {
				t.Errorf("got %+v, want it failed, with the reason", r)
			}
			f.run()
			f.idle()
		})
	}
}

// While the end of a group that is gone waits for an approval, the directory's stays as it is.
func TestOrphanIsFrozen(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	f.ask("team", directory.Properties{LocalPart: "team"})
	f.run()
	must(t, f.RemoveGroup(t.Context(), "team"))
	id := f.known("group team").ID
	f.admin.Set(t, id, "displayName", "Changed")
	f.run()
	f.shows(`team "Changed" SMTP:team@farm.example [Alice Archer]`)
	f.idle()
	pending, err := f.Requests(t.Context(), directory.Pending)
	must(t, err)
	if len(pending) != 1 || pending[0].Kind != directory.RequestDelete {
		t.Fatalf("got %+v, want the request to delete it", pending)
	}
	f.approve(pending[0])
	f.run()
	f.isIn(pending[0].ID, directory.Applied)
	f.shows()
	f.calm()
}

// A group that never was in the directory needs nothing to be deleted.
func TestDeleteBeforeItWasThere(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	f.dir.Fail(errDown)
	created := f.ask("team", directory.Properties{LocalPart: "team"})
	f.run()
	if _, err := f.AskDistribution(t.Context(), "team", store.Ask{Delete: true}); err == nil {
		t.Error("a group can be deleted while it is being created")
	}
	f.dir.Fail(nil)
	f.clock.advance(time.Minute)
	f.run()
	f.isIn(created.ID, directory.Applied)
	f.isIn(f.askDelete("team").ID, directory.Approved)
	f.admin.Delete(t, f.known("group team").ID)
	f.run()
	f.shows()
	f.calm()
}

// Requests that wait are said, and those that have waited for too long.
func TestReminders(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	r, err := f.AskDistribution(t.Context(), "team", store.Ask{Want: directory.Properties{LocalPart: "team"}})
	must(t, err)
	f.run()
	f.clock.advance(8 * 24 * time.Hour)
	f.run()
	f.run()
	if n := f.said("wait for an approval"); n != 1 {
		t.Errorf("it was said %d times that it waits, want once:\n%s", n, f.log)
	}
	if _, err := f.job.Run(t.Context(), jobs.Schedule); err != nil || f.runs()[0].Pending != 1 {
		t.Errorf("got %+v, %v; want one that waits", f.runs()[0], err)
	}
	f.clock.advance(31 * 24 * time.Hour)
	f.run()
	f.isIn(r.ID, directory.Cancelled)
	if n := f.said("have expired"); n != 1 {
		t.Errorf("it was said %d times that it expired, want once:\n%s", n, f.log)
	}
}

// The address of before a rename works until its grace is over.
func TestFormerAddressGoes(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	f.ask("team", directory.Properties{LocalPart: "team"})
	f.run()
	f.ask("team", directory.Properties{LocalPart: "crew"})
	f.run()
	has := func() bool {
		return slices.Contains(f.at("crew").Attributes[directory.AttrProxyAddresses], "smtp:team@farm.example")
	}
	if !has() {
		t.Error("the old address does not work any more")
	}
	f.clock.advance(31 * 24 * time.Hour)
	f.run()
	if has() {
		t.Error("the old address still works")
	}
	f.calm()
}

// A plan changes nothing, in the directory or in the catalog, and says what a run does.
func TestPlan(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "invoices")
	f.group("team", "user:alice", "address:invoices@farm.example")
	f.ask("team", directory.Properties{LocalPart: "team"})
	commits := &counting{}
	other := f.process(t, commits.wrap)
	before := commits.count()
	plan, err := other.job.Plan(t.Context())
	must(t, err)
	var got []string
	for _, s := range plan.Steps {
		line := string(s.Action) + " " + s.Object.Of
		for _, r := range s.Add {
			line += " +" + r.Name
		}
		got = append(got, line)
	}
	slices.Sort(got)
	want := []string{"create group team", "create library invoices", "members group team +CN=Alice Archer,OU=People,DC=corp,DC=example +invoices"}
	if !slices.Equal(got, want) || f.dir.Writes() != 0 || commits.count() != before {
		t.Errorf("got %q, %d writes and %d commits; want %q and none", got, f.dir.Writes(), commits.count()-before, want)
	}
	f.run()
	f.calm()
}

// A group that is removed before the directory has it leaves nothing behind.
func TestRemovedBeforeItWasThere(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	f.dir.Fail(errDown)
	f.ask("team", directory.Properties{LocalPart: "team"})
	f.run()
	must(t, f.RemoveGroup(t.Context(), "team"))
	pending, err := f.Requests(t.Context(), directory.Pending)
	must(t, err)
	for _, r := range pending {
		f.approve(r)
	}
	f.dir.Fail(nil)
	f.clock.advance(time.Hour)
	f.run()
	f.run()
	f.shows()
	all, err := f.Requests(t.Context(), directory.Pending, directory.Approved)
	if must(t, err); len(all) != 0 {
		t.Errorf("got open requests %+v, want none", all)
	}
	left, err := f.Distributions(t.Context())
	if must(t, err); len(left) != 0 {
		t.Errorf("got distributions %+v, want none", left)
	}
	f.calm()
}
