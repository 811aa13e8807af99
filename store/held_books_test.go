package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"mailchute/store"
	"mailchute/store/sqlite"
)

// endsOnDisk is a farm with its catalog in SQLite, and a connection to that behind the
// store's back. Mail 1 was released as document "r", mail 2 refused and mail 3 waits; the
// run that was closed since has that in its books.
func endsOnDisk(t *testing.T) (*farm, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	catalog := must(sqlite.Open(t.Context(), path))
	t.Cleanup(func() { _ = catalog.Close() })
	f := newFarm(t, func(o *store.Options) { o.Catalog = catalog })
	f.settle(letter{key: "0", names: []string{"a"}})
	for i := range 3 {
		f.held(letter{key: fmt.Sprint(i + 1)})
	}
	f.closeRun()
	must(f.release(f.Store, f.heldByID(1), "r"))
	f.must(f.Refuse(t.Context(), 2))
	f.verify() // in no books yet
	f.openRun()
	f.closeRun()
	f.openRun()
	f.closeRun()
	must(f.Publish(t.Context())) // clears the rows of what has been shown
	f.verify()
	db := must(sql.Open("sqlite", path))
	t.Cleanup(func() { _ = db.Close() })
	return f, db
}

// Whatever is changed of what became of held mail is found.
func TestPlantedEndsAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, plant, check, want string
	}{
		{"author of a released document", `UPDATE documents SET author = 'mallory' WHERE name = 'r'`, "books", "not those that it was released as"},
		{"bytes of a released document", `UPDATE documents SET digest = (SELECT digest FROM documents WHERE name = 'a') WHERE name = 'r'`, "books", "not those that it was released as"},
		{"released document removed", `DELETE FROM documents WHERE name = 'r'`, "books", "not those that it was released as"},
		{"seal of what was released", `UPDATE held SET end_seal = NULL WHERE id = 1`, "chain", "ends of held mail"},
		{"who released it", `UPDATE held SET actor = 'x' WHERE id = 1`, "chain", "ends of held mail"},
		{"to where it was released", `UPDATE held SET library = 'x' WHERE id = 1`, "chain", "ends of held mail"},
		{"refused for released", `UPDATE held SET state = 'refused' WHERE id = 1`, "chain", "ends of held mail"},
		{"released for refused", `UPDATE held SET state = 'released' WHERE id = 2`, "chain", "ends of held mail"},
		{"when it was refused", `UPDATE held SET ended = ended + 1 WHERE id = 2`, "chain", "ends of held mail"},
		{"held again", `UPDATE held SET state = 'held' WHERE id = 2`, "chain", "ends of held mail"},
		{"taken from the books", `UPDATE held SET end_run = '' WHERE id = 2`, "chain", "ends of held mail"},
		{"ended in old books", `UPDATE held SET state = 'refused', end_run = (SELECT id FROM runs WHERE place = 1) WHERE id = 3`, "chain", "ends of held mail"},
		{"held mail removed", `DELETE FROM held WHERE id = 2`, "chain", "ends of held mail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, db := endsOnDisk(t)
			if _, err := db.ExecContext(t.Context(), tt.plant); err != nil {
				t.Fatal(err)
			}
			wantFault(t, f.faults(), tt.check, tt.want)
		})
	}
}

// What became of more held mail than a run takes into its books is in those of the next.
func TestManyEnds(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	const n = 1001
	for i := range n {
		f.held(letter{key: fmt.Sprint(i)})
		f.must(f.Refuse(t.Context(), int64(i+1)))
	}
	for _, want := range []int{1000, 1} {
		f.closeRun()
		if got := f.endsIn(f.book.ID); got != want {
			t.Errorf("got %d ends in the books, want %d", got, want)
		}
		f.openRun()
	}
	f.closeRun()
	f.verify()
}

// endsIn returns how many ends of held mail a run has in its books.
func (f *farm) endsIn(run string) (n int) {
	f.Helper()
	f.must(f.catalog.View(f.Context(), func(tx store.Tx) error {
		n = 0
		for _, err := range tx.EndedIn(run) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}))
	return n
}
