package dms_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/event"
)

// The life of contacts and of a distribution group: they come, change, and go.
func TestFollows(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "Invoices")
	f.library("silent", "")
	f.group("team", "user:alice", "address:bob@elsewhere.example", "address:invoices@farm.example")
	created := f.ask("team", directory.Properties{LocalPart: "team", Title: "The team", Manager: "user:alice"})
	f.run()
	f.isIn(created.ID, directory.Applied)
	f.shows(
		`invoices "Default – The invoices (invoices)" SMTP:invoices@farm.example`,
		`team "The team (team)" SMTP:team@farm.example [Alice Archer invoices]`,
	)
	if k := f.known("group team"); k.State != directory.ObjectActive || !slices.Equal(k.Missing, []string{"address:bob@elsewhere.example"}) {
		t.Errorf("got %+v, want it active and bob missing", k)
	}
	f.calm()

	f.setLocal("invoices", "bills")
	f.setMembers("team", "user:alice", "user:carol", "address:bills@farm.example")
	changed := f.ask("team", directory.Properties{LocalPart: "crew", Title: "The crew"})
	f.run()
	f.isIn(changed.ID, directory.Applied)
	f.shows(
		`bills "Default – The invoices (bills)" SMTP:bills@farm.example`,
		`crew "The crew (crew)" SMTP:crew@farm.example,smtp:team@farm.example [Alice Archer Carol Cook bills]`,
	)
	f.calm()

	gone := f.askDelete("team")
	f.setLocal("invoices", "")
	f.run()
	f.isIn(gone.ID, directory.Applied)
	f.shows()
	if all, err := f.Distributions(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("got distributions %+v, %v; want none", all, err)
	}
	f.calm()
}

// A run leaves a record where it was asked for or did something, with what it did.
func TestBooks(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "invoices")
	for _, why := range []jobs.Trigger{jobs.Start, jobs.Arrival, jobs.Schedule} {
		f.clock.advance(time.Minute)
		if _, err := f.job.Run(t.Context(), why); err != nil {
			t.Fatal(err)
		}
	}
	f.clock.advance(time.Minute)
	_, sum, err := f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{})
	must(t, err)
	var got []string
	for _, r := range f.runs() {
		got = append(got, r.Trigger)
		if r.Job != event.JobDirectory || r.State != "closed" || r.Directory == nil {
			t.Errorf("got run %+v", r)
		}
	}
	if diff := cmp.Diff([]string{"manual", "schedule", "start"}, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&event.Directory{Objects: 1, Created: 1}, f.runs()[2].Directory); diff != "" {
		t.Errorf("the first run (-want +got):\n%s", diff)
	}
	if sum.Run != f.runs()[0].Run || sum.Objects != 1 {
		t.Errorf("got summary %+v", sum)
	}
	if n := f.said(`"event_id":6871`); n != 3 {
		t.Errorf("got %d events 6871, want 3:\n%s", n, f.log)
	}
}
