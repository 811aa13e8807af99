package dms_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// fullCatalog cannot be written to from some commit on.
type fullCatalog struct {
	store.Catalog
	left int // commits that fit; < 0: any number
}

func (c *fullCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	if c.left == 0 {
		return fmt.Errorf("commit: %w", errFull)
	}
	c.left--
	return c.Catalog.Update(ctx, f)
}

// Close leaves the catalog to the next process.
func (*fullCatalog) Close() error { return nil }

var errFull = fmt.Errorf("no space left on device: %w", fault.ErrConflict) // as bad as can be: not one of the directory

// While the catalog's disk is full, at most one step is done that is not on record; when there
// is room again everything comes to its end.
func TestCatalogIsFull(t *testing.T) {
	t.Parallel()
	total, _ := effects(t)
	for k := range total {
		f := newFarm(t)
		approved := f.story()
		full := &fullCatalog{left: -1}
		victim := f.process(t, func(c store.Catalog) store.Catalog {
			full.Catalog = c
			return full
		})
		full.left = k
		writes := f.dir.Writes()
		_, err := victim.job.Run(t.Context(), jobs.Arrival)
		done := f.dir.Writes()
		for range 3 {
			_, again := victim.job.Run(t.Context(), jobs.Arrival)
			if err != nil && again == nil {
				t.Errorf("%d commits: got no error the second time", k)
			}
		}
		if f.dir.Writes() != done || done-writes > 0 && k < 2 {
			t.Errorf("%d commits: got %d writes, and then %d more", k, done-writes, f.dir.Writes()-done)
		}
		full.left = -1
		victim.clock.advance(time.Minute)
		victim.run()
		must(t, victim.close())
		next := f.process(t, unwrapped)
		next.run()
		next.told(approved, fmt.Sprintf("full after %d commits (it said: %v)", k, err))
	}
}

// A clock that is set back keeps nothing waiting for longer than it would be left alone.
func TestClockGoesBack(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "invoices")
	f.library("bills", "bills")
	f.dir.OnWrite(func(before bool, op string) error {
		if strings.HasSuffix(op, "invoices") {
			return fmt.Errorf("too long: %w", fault.ErrInvalid)
		}
		return nil
	})
	f.run()
	f.dir.OnWrite(nil)
	f.dir.Fail(errDown)
	f.run()
	f.dir.Fail(nil)
	f.clock.advance(-365 * 24 * time.Hour)
	again := f.run()
	for again.After(f.clock.Now()) && again.Before(f.clock.Now().Add(5*time.Hour)) {
		f.clock.advance(again.Sub(f.clock.Now()))
		again = f.run()
	}
	f.shows(`bills "Default – The bills (bills)" SMTP:bills@farm.example`, invoicesShown)
	f.calm()
}

// An address that somebody else took while it was being given to an object of ours is seen
// when the look for it was lost, with the run or with the process.
func TestTakenUnseen(t *testing.T) {
	t.Parallel()
	for _, stopped := range []bool{false, true} {
		f := newFarm(t)
		f.group("team", "user:alice")
		f.ask("team", directory.Properties{LocalPart: "team", Title: "Us"})
		f.run()
		r := f.ask("team", directory.Properties{LocalPart: "crew", Title: "Us"})
		ctx, cancel := context.WithCancel(t.Context())
		f.dir.OnWrite(func(before bool, op string) error {
			if before || op != "modify crew" {
				return nil
			}
			if stopped {
				cancel()
				return nil
			}
			f.admin.Add(t, directory.KindContact, "hr", directory.Attributes{"mail": {"crew@farm.example"}})
			f.dir.Fail(errDown)
			return nil
		})
		_, err := f.job.Run(ctx, jobs.Arrival)
		must(t, err)
		cancel()
		f.dir.OnWrite(nil)
		f.dir.Fail(nil)
		if stopped {
			f.shows(`crew "Us (team)" SMTP:team@farm.example [Alice Archer]`)
			continue
		}
		f.clock.advance(time.Hour)
		f.run()
		f.isIn(r.ID, directory.Failed)
		if !strings.Contains(f.request(r.ID).Trouble, "crew@farm.example is in use by") {
			t.Errorf("got %+v, want who has it", f.request(r.ID))
		}
	}
}

// What is wanted and was written differ in the spelling of a name alone: that is no change, and
// is not put on record as one.
func TestSpelling(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:carol")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "Us", Manager: "user:alice"})
	f.run()
	w := directorytest.People()
	w.Users[0].Name = strings.ToUpper(w.Users[0].Name)
	f.dir.SetWorld(w)
	f.run()
	f.calm()
	writes, err := f.DirectoryWrites(t.Context(), "group team")
	if must(t, err); len(writes) != 2 {
		t.Errorf("got %+v, want that it was made and has a member", writes)
	}
}

// A command that has changed something makes the directory follow, and leaves to the service
// what else is due.
func TestFollowAtOnce(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.group("team", "user:alice")
	_, err := f.AskDistribution(t.Context(), "team", store.Ask{Want: directory.Properties{LocalPart: "team"}})
	must(t, err)
	f.library("bad", "bad")
	f.dir.OnWrite(func(_ bool, op string) error {
		if op == "create bad" {
			return fmt.Errorf("too long: %w", fault.ErrInvalid)
		}
		return nil
	})
	f.run()
	f.dir.OnWrite(nil)
	f.clock.advance(30 * time.Second)
	f.library("invoices", "invoices")
	other := f.process(t, unwrapped)
	_, sum, err := other.job.Apply(t.Context(), jobs.Arrival, dms.ApplyOptions{})
	if must(t, err); sum.Run == "" || sum.Created != 1 {
		t.Errorf("got %+v, want one that was created", sum)
	}
	if _, sum, err = other.job.Apply(t.Context(), jobs.Arrival, dms.ApplyOptions{}); err != nil || sum.Run != "" {
		t.Errorf("got %+v, %v; want no run", sum, err)
	}
	f.shows(invoicesShown)
	f.clock.advance(8 * 24 * time.Hour)
	_, _, err = other.job.Apply(t.Context(), jobs.Arrival, dms.ApplyOptions{})
	must(t, err)
	f.run()
	if here, there := f.said("wait for an approval"), other.said("wait for an approval"); here != 1 || there != 0 {
		t.Errorf("the service said %d times that a request waits, the command %d times; want it once of the service", here, there)
	}
}
