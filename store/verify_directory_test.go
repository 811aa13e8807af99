package store_test

import (
	"errors"
	"testing"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// directoryRun is a closed run of the job dms that has done something, twice.
func (f *farm) directoryRun() store.Run {
	f.Helper()
	run := must(f.OpenRun(f.Context(), event.JobDirectory, "manual"))
	for _, of := range []string{"library in", "group team"} {
		f.must(f.RecordDirectory(f.Context(), run.ID, store.DirectoryResult{Write: store.DirectoryWrite{
			Action: directory.ActModify, Key: "k", Of: of, Where: "cn=x",
			Changes: []directory.Change{{Attribute: "mail", Before: []string{"a"}, After: []string{"b"}}},
		}}))
	}
	f.must(f.CountDirectory(f.Context(), store.DirectoryRun{Run: run.ID, Objects: 2}))
	must(f.CloseRun(f.Context(), run.ID, store.Backlog{}))
	return run
}

// What a run says it did to the directory cannot be changed, taken out or added to.
func TestForgedDirectoryRunsAreFound(t *testing.T) {
	t.Parallel()
	for _, plant := range []string{
		`UPDATE directory_runs SET modified = modified + 1`, `UPDATE directory_runs SET reported = 1`, `DELETE FROM directory_runs`,
		`UPDATE directory_writes SET actor = 'eve'`, `UPDATE directory_writes SET owner = 'library out'`, `UPDATE directory_writes SET dn = 'cn=y'`,
		`UPDATE directory_writes SET changes = '[]'`, `UPDATE directory_writes SET trouble = 'x' WHERE id = 1`, `UPDATE directory_writes SET at = at + 1`,
		`UPDATE directory_writes SET id = id + 7`, `UPDATE directory_writes SET run = 'another'`, `DELETE FROM directory_writes WHERE id = 2`,
		`INSERT INTO directory_writes SELECT 9, run, at, actor, action, key, owner, dn, changes, trouble FROM directory_writes WHERE id = 1`,
	} {
		t.Run(plant, func(t *testing.T) {
			t.Parallel()
			f, db := booksOnDisk(t)
			run := f.directoryRun()
			f.verify()
			if _, err := db.ExecContext(t.Context(), plant); err != nil {
				t.Fatal(err)
			}
			wantFault(t, f.faults(), "chain", "changes of the directory", run.ID)
		})
	}
}

// A sweep takes the runs of the job dms with what they counted; what was changed in the
// directory stays on record.
func TestDirectoryRunsAreSwept(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			p.set("runs_keep", "1h")
			old := p.directoryRun()
			p.pass(2 * time.Hour)
			young := p.directoryRun()
			sweep := must(p.OpenRun(ctx, event.JobSweep, "manual"))
			p.must(p.Sweep(ctx, sweep.ID))
			must(p.CloseRun(ctx, sweep.ID, store.Backlog{}))
			p.must(p.catalog.View(ctx, func(tx store.Tx) error {
				if d, err := tx.DirectoryRun(old.ID); !errors.Is(err, fault.ErrNotFound) {
					t.Errorf("got %+v, %v, want the old run's counts gone", d, err)
				}
				d, err := tx.DirectoryRun(young.ID)
				if d.Modified != 2 {
					t.Errorf("got %+v, want the young run's counts", d)
				}
				return err
			}))
			if n := len(must(p.DirectoryWrites(ctx, "library in"))); n != 2 {
				t.Errorf("got %d changes of the directory, want both", n)
			}
			p.verify()
		})
	}
}
