package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailchute/store"
)

// columnsOf are the columns of a document that follow its version, in which a forged row
// is as the one it is made from.
const columnsOf = `folder, name, size, digest, blob, damaged, content_type, author, rung, evidence, created, original_name, part,
	message_id, email_sender, email_from, email_to, email_cc, email_subject, email_date`

// forge returns the statement that makes a second version of document a, with the columns
// of another document, from an item.
func forge(like, item string) string {
	return `INSERT INTO documents (library, folder_key, name_key, version, ` + columnsOf + `, item_key, recipient_key)
		SELECT library, folder_key, 'a', 2, ` + strings.Replace(columnsOf, "name", "'a'", 1) + `, ` + item + `, recipient_key
		FROM documents WHERE name = '` + like + `'`
}

// What is changed in columns that no run's record binds is found, too.
func TestPlantedContradictionsAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, plant, check, want string
	}{
		{"document of no message, same bytes", forge("a", "NULL"), "rows", "version 2 of document in/a came from no message"},
		{"document of no message, other bytes", forge("c", "NULL"), "rows", "version 2 of document in/a came from no message"},
		{"document taken from its message", `UPDATE documents SET item_key = NULL WHERE name = 'a'`, "rows", "came from no message"},
		{"folded name of a document", `UPDATE documents SET name_key = 'x' WHERE name = 'a'`, "books", `the name "x", which are not the folded forms`},
		{"folded folder of a document", `UPDATE documents SET folder_key = 'x' WHERE name = 'a'`, "books", `the folder "x"`},
		{"blob of a document", `UPDATE documents SET blob = (SELECT blob FROM documents WHERE name = 'c') WHERE name = 'a'`, "rows", "refers to another blob"},
		{"document without a digest", `UPDATE documents SET digest = NULL WHERE name = 'a'`, "rows", "refers to another blob"},
		{"bytes of a current document let go", `UPDATE documents SET blob = NULL WHERE name = 'a'`, "books", "its row lets its bytes go"},
		{"library of a document", `UPDATE documents SET library = 'x' WHERE name = 'a'`, "rows", "refers to a row of libraries"},
		{"digest of held mail", `UPDATE held SET digest = randomblob(32)`, "rows", "held message 1: it refers to another blob"},
		{"held since later", `UPDATE held SET since = since + 86400000000`, "rows", "held message 1: it is held since"},
		{"held since earlier", `UPDATE held SET since = 1`, "rows", "held message 1: it is held since"},
		{"announced before it was held", `UPDATE held SET announced = 1`, "rows", "its end was announced at"},
		{"announced in the future", `UPDATE held SET announced = since + 86400000000`, "rows", "its end was announced at"},
		{"end of what waits", `UPDATE held SET actor = 'x'`, "rows", "it waits, and there is an end of it"},
		{"state of held mail, made up", `UPDATE held SET state = 'lost'`, "rows", `"lost" is no state`},
		{"released to nobody", `UPDATE held SET state = 'released', ended = since`, "rows", "not said to which library"},
		{"refused to a library", `UPDATE held SET state = 'refused', ended = since, library = 'in'`, "rows", "it is refused, and has a library"},
		{"refused at no time", `UPDATE held SET state = 'refused'`, "rows", "it is refused since"},
		{"end in no books", `UPDATE held SET state = 'refused', ended = since, end_run = 'x'`, "books", `run "x", whose books say what became of held message 1`},
		{"recipient of held mail", `UPDATE held SET recipient_key = 'x'`, "rows", "refers to a row of outcomes"},
		{"bytes of an outcome", `UPDATE outcomes SET bytes = bytes + 1 WHERE state = 'filed'`, "books", "bytes were filed, and its documents have"},
		{"place of an outcome", `UPDATE outcomes SET unfiled = NULL WHERE state = 'held'`, "rows", "its place among those that are not filed"},
		{"outcome of no item", `UPDATE outcomes SET item_key = randomblob(32) WHERE state = 'deleted'`, "rows", "refers to a row of items"},
		{"state of a blob", `UPDATE blobs SET state = 3`, "rows", "3 is no state of a blob"},
		{"mark of a live blob", `UPDATE blobs SET doomed = 1`, "rows", "whether and when it was marked"},
		{"no sum of held mail", `DELETE FROM held_total`, "rows", "no sum of held mail"},
		{"two sums of held mail", `INSERT INTO held_total SELECT bytes FROM held_total`, "rows", "has 2 rows"},
		{"message of no run", `UPDATE processed SET run = 'x' WHERE seq = 3`, "rows", "refers to a row of runs"},
	} {
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

// What was released has the library and the author that the release says, also while no
// run has it in its books.
func TestReleasedToAnother(t *testing.T) {
	t.Parallel()
	f, db := booksOnDisk(t)
	must(f.release(f.Store, f.heldByID(1), "r"))
	f.verify()
	if _, err := db.ExecContext(t.Context(), `UPDATE documents SET author = 'mallory' WHERE name = 'r'`); err != nil {
		t.Fatal(err)
	}
	wantFault(t, f.faults(), "books", "has the author mallory")
}

// Repair never shows a document whose rows are at fault: whoever put it there wants that.
func TestRepairPublishesNoForgery(t *testing.T) {
	t.Parallel()
	const one, four = `(SELECT item_key FROM items WHERE message_id = '<one>')`, `(SELECT item_key FROM items WHERE message_id = '<four>')`
	for name, plant := range map[string]string{
		"of no message":       forge("c", "NULL"),
		"of a known message":  forge("c", one),
		"of another message":  forge("c", four),
		"of an unknown one":   forge("c", "randomblob(32)"),
		"under another name":  forge("c", four) + `; UPDATE documents SET name_key = 'b', version = 7 WHERE version = 2`,
		"in place of another": `UPDATE documents SET (digest, blob, size) = (SELECT digest, blob, size FROM documents WHERE name = 'c') WHERE name = 'a'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, db := booksOnDisk(t)
			if _, err := db.ExecContext(t.Context(), plant); err != nil {
				t.Fatal(err)
			}
			left := 0
			for finding, err := range f.Repair(t.Context()) {
				f.must(err)
				if finding.OK || !strings.Contains(finding.Detail, "rows are at fault") {
					t.Errorf("got %+v, want only what is left alone", finding)
				}
				left++
			}
			if left != 1 {
				t.Errorf("got %d documents left alone, want 1", left)
			}
			for _, name := range []string{"a", "b"} {
				b := must(f.blobs.Open(t.Context(), sha256.Sum256([]byte("bytes of one"))))
				f.must(errors.Join(f.tree.Check(t.Context(), "default/in/"+name, b), b.Close()))
			}
			if f.faults() == nil {
				t.Error("got no fault after the repair, want that of the forgery")
			}
		})
	}
}

// The sum that held_max goes by is computed anew, and nothing else is touched.
func TestRepairHeldBytes(t *testing.T) {
	t.Parallel()
	for _, plant := range []string{
		`UPDATE held_total SET bytes = bytes + 1`, `DELETE FROM held_total`, `INSERT INTO held_total SELECT 7`,
	} {
		t.Run(plant, func(t *testing.T) {
			t.Parallel()
			f, db := booksOnDisk(t)
			if _, err := db.ExecContext(t.Context(), plant); err != nil {
				t.Fatal(err)
			}
			if f.faults() == nil {
				t.Fatal("got no fault before the repair")
			}
			for _, err := range f.Repair(t.Context()) {
				f.must(err)
			}
			f.verify()
			if got := must(f.HeldBytes(t.Context())); got != 12 {
				t.Errorf("got %d bytes of held mail, want 12", got)
			}
			for finding, err := range f.Repair(t.Context()) {
				t.Errorf("the second repair found something to do: %+v, %v", finding, err)
			}
		})
	}
}

// Bytes that a blob has lost come back from the tree, and only the right ones.
func TestRepairTakesBytesFromTheTree(t *testing.T) {
	t.Parallel()
	for name, whole := range map[string]bool{"the tree has them": true, "the tree has others": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			f := newFarm(t)
			for _, key := range []string{"a", "b"} {
				f.settle(letter{key: key, names: []string{key}})
			}
			must(f.Publish(ctx))
			if !whole {
				other := must(f.blobs.Open(ctx, sha256.Sum256([]byte("bytes of b"))))
				f.must(errors.Join(f.tree.Publish(ctx, "default/in/a", other), other.Close()))
			}
			f.must(f.blobs.Delete(ctx, sha256.Sum256([]byte("bytes of a"))))
			var mended []string
			for finding, err := range f.Repair(ctx) {
				f.must(err)
				mended = append(mended, fmt.Sprint(finding.Check, " ", finding.Mended))
			}
			if !whole {
				if mended != nil || f.stored("bytes of a") {
					t.Errorf("got %q mended, want nothing", mended)
				}
				wantFault(t, f.faults(), "blobs", "is missing")
				return
			}
			if len(mended) != 1 || mended[0] != "blobs true" {
				t.Errorf("got %q, want one blob mended", mended)
			}
			f.verify()
		})
	}
}

// The bytes in a damaged blob are replaced by those of the tree.
func TestRepairReplacesDamagedBytes(t *testing.T) {
	t.Parallel()
	blobs := &damaged{}
	f := newFarm(t, func(o *store.Options) { blobs.Blobs = o.Blobs; o.Blobs = healing{blobs} })
	f.settle(letter{key: "1", names: []string{"a"}})
	must(f.Publish(t.Context()))
	blobs.now = true
	for finding, err := range f.Repair(t.Context()) {
		f.must(err)
		if finding.Check != "blobs" || !finding.Mended {
			t.Errorf("got %+v, want the blob mended", finding)
		}
	}
	f.verify()
}

// healing is a damaged that is whole again once anything is uploaded.
type healing struct{ *damaged }

func (h healing) Barrier(ctx context.Context) error {
	h.now = false
	return h.damaged.Barrier(ctx)
}
