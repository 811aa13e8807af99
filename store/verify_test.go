package store_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/sqlite"
)

// booksOnDisk is a farm with its catalog in SQLite, and a connection to that behind the
// store's back. In the first run "one" is filed as two documents, "two" is held and
// "three" deleted; in the second "one" is a duplicate and "four" is filed; the third is
// a sweep.
func booksOnDisk(t *testing.T) (*farm, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	catalog, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = catalog.Close() })
	f := newFarm(t, func(o *store.Options) { o.Catalog = catalog })
	f.settle(letter{key: "one", names: []string{"a", "b"}})
	f.settle(letter{key: "two", to: "nobody@case.test", held: fault.UnknownAddress})
	deleted := f.settlement(letter{key: "three", to: "nobody@case.test"})
	deleted.Decided[0].State, deleted.Decided[0].Reason = store.Deleted, fault.UnknownAddress
	if _, err := f.Settle(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	f.closeRun()
	f.openRun()
	f.settle(letter{key: "one", names: []string{"a", "b"}})
	f.settle(letter{key: "four", names: []string{"c"}})
	f.closeRun()
	f.openRun()
	f.change(func(tx store.Tx) error { return tx.PutSweep(store.Sweep{Run: f.book.ID, Removed: 1}) })
	f.closeRun()
	_, err = f.Publish(t.Context()) // clears the rows of what has been shown
	f.must(err)
	f.verify()
	db, err := sql.Open("sqlite", path)
	f.must(err)
	t.Cleanup(func() { _ = db.Close() })
	return f, db
}

// Whatever is changed in the catalog's rows of a closed run is found.
func TestPlantedFaultsAreFound(t *testing.T) {
	t.Parallel()
	const (
		one   = `(SELECT item_key FROM items WHERE message_id = '<one>')`
		two   = `(SELECT item_key FROM items WHERE message_id = '<two>')`
		three = `(SELECT item_key FROM items WHERE message_id = '<three>')`
		first = `(SELECT id FROM runs WHERE place = 1)`
	)
	tests := []struct {
		name, plant, check, want string
	}{
		{"count", `UPDATE runs SET filed = 9 WHERE place = 1`, "books", "its record says 3 processed = 9 filed"},
		{"count in the chain", `UPDATE runs SET filed = 9 WHERE place = 1`, "chain", "was altered"},
		{"host of a run", `UPDATE runs SET host = 'other' WHERE place = 1`, "chain", "was altered"},
		{"run removed", `DELETE FROM processed WHERE run = ` + first + `; DELETE FROM runs WHERE place = 1`, "chain", "of 1 runs before"},
		{"run of outcomes removed", `DELETE FROM processed WHERE run = ` + first + `; DELETE FROM runs WHERE place = 1`, "books", "is not in the books"},
		{"file of a message", `UPDATE processed SET file = 'x' WHERE run = ` + first + ` AND seq = 1`, "chain", "messages, outcomes, ends of held mail, sweep or changes of the directory"},
		{"time of a message", `UPDATE processed SET at = at + 1 WHERE run = ` + first + ` AND seq = 1`, "chain", "messages, outcomes, ends of held mail, sweep or changes of the directory"},
		{"waiting of a message", `UPDATE processed SET waiting = '"a"' WHERE run = ` + first + ` AND seq = 1`, "books", "it is filed and 1 recipients wait"},
		{"state of a message", `UPDATE processed SET state = 'held' WHERE run = ` + first + ` AND seq = 1`, "books", "it counts as held, and no recipient's outcome is that"},
		{"state of a message, lighter", `UPDATE processed SET state = 'filed' WHERE run = ` + first + ` AND seq = 2`, "books", "it counts as filed, and no recipient's"},
		{"state of a message, made up", `UPDATE processed SET state = 'lost' WHERE run = ` + first + ` AND seq = 2`, "books", `"lost" is no state`},
		{"documents of a message", `UPDATE processed SET documents = 9 WHERE run = ` + first + ` AND seq = 1`, "books", "it counts 7 documents"},
		{"message removed", `DELETE FROM processed WHERE run = ` + first + ` AND seq = 3`, "books", "1 outcomes name it that none of its messages got"},
		{"recipient of an outcome", `UPDATE outcomes SET recipient = 'x' WHERE item_key = ` + one, "chain", "messages, outcomes, ends of held mail, sweep or changes of the directory"},
		{"reason of an outcome", `UPDATE outcomes SET reason = 'loop' WHERE item_key = ` + two, "chain", "messages, outcomes, ends of held mail, sweep or changes of the directory"},
		{"state of an outcome", `UPDATE outcomes SET state = 'filed' WHERE item_key = ` + two, "books", "it is held, too"},
		{"state of an outcome, made up", `UPDATE outcomes SET state = 'lost' WHERE item_key = ` + two, "books", "there is no such state"},
		{"duplicate as outcome", `UPDATE outcomes SET state = 'duplicate' WHERE item_key = ` + two, "books", "that is no outcome"},
		{"outcome moved to another run", `UPDATE outcomes SET run = (SELECT id FROM runs WHERE place = 2) WHERE item_key = ` + three, "books", "1 outcomes name it"},
		{"outcome of no run", `UPDATE outcomes SET run = 'x' WHERE item_key = ` + three, "books", `run "x"`},
		{"outcome removed", `DELETE FROM outcomes WHERE item_key = ` + three, "books", "no recipient has an outcome"},
		{"outcome of a duplicate removed", `DELETE FROM outcomes WHERE item_key = ` + one, "books", "duplicate of a message that has no outcome"},
		{
			"outcome inserted", `INSERT INTO outcomes (item_key, recipient_key, recipient, state, library, reason, detail, run, at, documents, bytes, skipped)
				SELECT item_key, 'x', 'x', 'deleted', '', '', '', run, at, 0, 0, 0 FROM outcomes WHERE item_key = ` + three,
			"chain", "messages, outcomes, ends of held mail, sweep or changes of the directory",
		},
		{"what a run swept", `UPDATE sweeps SET removed = 0`, "chain", "messages, outcomes, ends of held mail, sweep or changes of the directory"},
		{"sender of an item", `UPDATE items SET sender = 'x' WHERE item_key = ` + one, "chain", "messages, outcomes, ends of held mail, sweep or changes of the directory"},
		{"item removed", `DELETE FROM items WHERE item_key = ` + one, "books", "but not itself"},
		{"held mail removed", `DELETE FROM held`, "books", "it is not among the held mail"},
		{"other bytes held", `UPDATE held SET blob = (SELECT digest FROM documents WHERE name = 'c')`, "books", "another drop file is held"},
		{"held bytes removed while they wait", `UPDATE held SET blob = NULL`, "books", "it waits, and its drop file was swept"},
		{"sum of held mail", `UPDATE held_total SET bytes = bytes + 1`, "rows", "12 bytes of held mail wait, and the catalog's sum of them, which held_max goes by, is 13"},
		{"held mail of what was deleted", `UPDATE held SET item_key = ` + three, "books", "it is held or filed, too"},
		{"document removed", `DELETE FROM documents WHERE name = 'a'`, "books", "2 documents were filed, and there are 1"},
		{"author of a document", `UPDATE documents SET author = 'mallory' WHERE name = 'a'`, "books", "its documents are not those that were filed"},
		{"bytes of a document", `UPDATE documents SET digest = (SELECT blob FROM held) WHERE name = 'a'`, "books", "its documents are not those that were filed"},
		{"document of another recipient", `UPDATE documents SET recipient_key = 'x' WHERE name = 'a'`, "books", `1 documents are there for "x", who has no outcome`},
		{"document of another message", `UPDATE documents SET item_key = randomblob(32) WHERE name = 'a'`, "books", "but not itself"},
		{"document for what is held", `UPDATE documents SET item_key = ` + two + `, recipient_key = 'nobody@case.test' WHERE name = 'a'`, "books", "it has 1 documents and was never released"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, db := booksOnDisk(t)
			if _, err := db.ExecContext(t.Context(), tt.plant); err != nil {
				t.Fatal(err)
			}
			wantFault(t, f.faults(), tt.check, tt.want)
		})
	}
}

// Held mail whose end has come may lose its drop file.
func TestSweptDropFileIsNotMissed(t *testing.T) {
	t.Parallel()
	f, db := booksOnDisk(t)
	if _, err := db.ExecContext(t.Context(), `UPDATE held SET state = 'refused', ended = since, actor = 'tester', blob = NULL; UPDATE held_total SET bytes = 0`); err != nil {
		t.Fatal(err)
	}
	f.verify()
}

// What the tree lost or shows wrong is shown again, from documents that have their bytes.
func TestRepair(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := newFarm(t)
	for _, key := range []string{"gone", "wrong", "lost"} {
		f.settle(letter{key: key, names: []string{key}})
	}
	must(f.Publish(ctx)) // clears the rows of what has been shown
	other := must(f.blobs.Open(ctx, sha256.Sum256([]byte("bytes of gone"))))
	f.must(errors.Join(
		f.tree.Unpublish(ctx, "default/in/gone"),
		f.tree.Publish(ctx, "default/in/wrong", other), other.Close(),
		f.tree.Unpublish(ctx, "default/in/lost"),
		f.blobs.Delete(ctx, sha256.Sum256([]byte("bytes of lost"))),
	))
	var mended []string
	for finding, err := range f.Repair(ctx) {
		f.must(err)
		if !finding.OK || !finding.Mended || finding.Check != "tree" {
			t.Errorf("got %+v, want only what was mended", finding)
		}
		mended = append(mended, finding.Detail)
	}
	if len(mended) != 2 || strings.Contains(strings.Join(mended, ""), "in/lost") {
		t.Errorf("got %q mended, want gone and wrong", mended)
	}
	found := f.faults()
	wantFault(t, found, "tree", "in/lost", "not found")
	wantFault(t, found, "blobs", "is missing")
	if len(found) != 2 {
		t.Errorf("got faults %q, want those of the lost bytes alone", found)
	}
	for finding, err := range f.Repair(ctx) {
		t.Errorf("the second repair found something to do: %+v, %v", finding, err)
	}
}

// Bytes that were damaged never take the place of what the tree still shows.
func TestRepairKeepsTheTreeFromDamagedBytes(t *testing.T) {
	t.Parallel()
	blobs := &damaged{}
	f := newFarm(t, func(o *store.Options) { blobs.Blobs = o.Blobs; o.Blobs = blobs })
	f.settle(letter{key: "1", names: []string{"a"}})
	must(f.Publish(t.Context()))
	blobs.now = true
	var found []store.Finding
	for finding, err := range f.Repair(t.Context()) {
		f.must(err)
		found = append(found, finding)
	}
	if len(found) != 1 || found[0].OK || !strings.Contains(found[0].Detail, "other bytes than its digest says") {
		t.Errorf("got %+v, want that it cannot be mended", found)
	}
	blobs.now = false
	f.verify() // the tree has kept the good bytes
}

// damaged has a wrong byte at the end of every blob while now is set.
type damaged struct {
	store.Blobs
	now bool
}

func (d *damaged) Open(ctx context.Context, digest message.Digest) (store.Blob, error) {
	b, err := d.Blobs.Open(ctx, digest)
	if err != nil || !d.now {
		return b, err
	}
	bytes := make([]byte, b.Size())
	if _, err := b.ReadAt(bytes, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	bytes[len(bytes)-1] ^= 1
	return damagedBlob{strings.NewReader(string(bytes))}, b.Close()
}

type damagedBlob struct{ *strings.Reader }

func (damagedBlob) Close() error { return nil }
