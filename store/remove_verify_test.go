package store_test

import (
	"context"
	"errors"
	"testing"

	"mailchute/pkg/library"
	"mailchute/store"
)

// Rows that say of documents that they were removed, and should not, are found.
func TestForgedRemovals(t *testing.T) {
	t.Parallel()
	const insert = `INSERT INTO documents (library, folder_key, name_key, version, folder, name, size, digest, blob, damaged, content_type,
		author, rung, evidence, created, original_name, part, message_id, email_sender, email_from, email_to, email_cc, email_subject,
		email_date, item_key, recipient_key, removed)
		SELECT library, folder_key, `
	const from = ` content_type, 'mallory', 0, '', created, '', '', '', '', '', '', '', '', '', NULL, '', TRUE FROM documents WHERE name = 'a' AND version = 1`
	for _, tt := range []struct{ name, plant, check, want string }{
		{"of a document that never was", insert + `'z', 2, folder, 'z', 0, NULL, NULL, '',` + from, "rows", "a document was removed which was not there"},
		{"of one that was removed already", insert + `name_key, 4, folder, name, 0, NULL, NULL, '',` + from, "rows", "a document was removed which was not there"},
		{"under another name", insert + `name_key, 3, folder, 'b', 0, NULL, NULL, '',` + from, "rows", "more than who did it and when"},
		{"with a size", insert + `name_key, 3, folder, name, 9, NULL, NULL, '',` + from, "rows", "more than who did it and when"},
		{"with a digest", insert + `name_key, 3, folder, name, 0, digest, NULL, '',` + from, "rows", "another blob than its digest says"},
		{"in place of a document", `UPDATE documents SET removed = TRUE WHERE name = 'c'`, "books", "came from a message, and says that the document was removed"},
		{"taken away, and the file with it", `DELETE FROM documents WHERE removed`, "tree", "default/in/a: the tree does not show"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, db := booksOnDisk(t)
			f.openRun()
			f.remove("a")
			f.verify()
			if _, err := db.ExecContext(t.Context(), tt.plant); err != nil {
				t.Fatal(err)
			}
			wantFault(t, f.faults(), tt.check, tt.want)
		})
	}
}

// A file of a document that was removed is a fault, and Repair takes it away.
func TestRemovedAndStillShown(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f, c := newClockFarm(t)
	f.settle(letter{key: "1", names: []string{"a", "b"}})
	v := must(f.Versions(ctx, "in", "a"))[0]
	f.remove("a")
	must(f.Publish(ctx))
	b := must(f.OpenDocument(ctx, v))
	f.must(errors.Join(f.tree.Publish(ctx, "default/in/a", b), b.Close()))
	wantFault(t, f.faults(), "tree", "default/in/a", "which was removed")
	c.pass(day)
	mended := 0
	for finding, err := range f.Repair(ctx) {
		f.must(err)
		if !finding.OK || !finding.Mended {
			t.Errorf("got %+v, want it mended", finding)
		}
		mended++
	}
	if mended != 1 {
		t.Errorf("got %d mended, want 1", mended)
	}
	f.wantShown("b")
	f.verify()
}

// stuckTree takes nothing away.
type stuckTree struct{ store.Tree }

func (stuckTree) Unpublish(context.Context, string) error { return errors.New("read-only file system") }

// A removal may wait to be shown for a while; then it is a fault.
func TestRemovalThatIsNeverShown(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t, func(o *store.Options) { o.Tree = stuckTree{o.Tree} })
	f.settle(letter{key: "1", names: []string{"a"}})
	if removal, err := f.RemoveDocument(t.Context(), "in", "a"); err != nil || removal.Tree == nil {
		t.Fatalf("got %+v, %v; want it removed, and what kept the tree", removal, err)
	}
	f.verify()
	c.pass(day)
	wantFault(t, f.faults(), "tree", "default/in/a", "waits to be taken away since")
}

// kept settles a letter with a header that the library keeps.
func (f *farm) kept(l letter, header string) {
	f.Helper()
	st := f.settlement(l)
	st.Decided[0].Header = header
	st.Columns.InReplyTo, st.Columns.References = "<0@case.test>", "<0@case.test> <1@case.test>"
	done, err := f.Settle(f.Context(), st)
	f.must(errors.Join(err, done.Tree, st.Staging.Close()))
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := newFarm(t)
	f.must(f.AddLibrary(ctx, library.Library{Name: "other", Site: "default"}))
	const header = "Received: by x\r\nSubject: a\r\n"
	f.kept(letter{key: "1", names: []string{"a", "b"}}, header)
	f.kept(letter{key: "2", names: []string{"c"}}, "")
	second := f.settlement(letter{key: "1", to: "other@case.test", names: []string{"a"}})
	second.Decided[0].Library = "other"
	must(f.Settle(ctx, second))
	h := f.held(letter{key: "3"})
	_, err := f.release(f.Store, h, "d")
	f.must(err)
	for _, row := range []struct{ library, name, want string }{
		{"in", "a", header}, {"in", "b", header}, {"in", "c", ""}, {"in", "d", ""}, {"other", "a", ""},
	} {
		d := must(f.Versions(ctx, row.library, row.name))[0]
		if got := must(f.Header(ctx, d)); got != row.want {
			t.Errorf("header of %s/%s: got %q, want %q", row.library, row.name, got, row.want)
		}
	}
	d := must(f.Versions(ctx, "in", "a"))[0]
	if d.Columns.InReplyTo != "<0@case.test>" || d.Columns.References != "<0@case.test> <1@case.test>" {
		t.Errorf("got columns %+v, want those of the message", d.Columns)
	}
	f.verify()
}

// A header is bound by the seal of what was filed with it, and of what was released.
func TestForgedHeaders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, plant, want string }{
		{"another header", `UPDATE headers SET header = 'x' WHERE item_key = (SELECT item_key FROM items WHERE file = 'five.eml')`, "its documents are not those that were filed"},
		{"no header", `DELETE FROM headers`, "its documents are not those that were filed"},
		{"one more header", `INSERT INTO headers SELECT 'in', item_key, 'x' FROM items WHERE file = 'one.eml'`, "its documents are not those that were filed"},
		{"another header of what was released", `UPDATE headers SET header = 'x' WHERE item_key = (SELECT item_key FROM items WHERE file = 'six.eml')`, "its documents are not those that it was released as"},
		{"other references", `UPDATE documents SET email_references = 'x' WHERE name = 'e'`, "its documents are not those that were filed"},
		{"another message replied to", `UPDATE documents SET email_in_reply_to = 'x' WHERE name = 'e'`, "its documents are not those that were filed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, db := booksOnDisk(t)
			f.openRun()
			f.kept(letter{key: "five", names: []string{"e"}}, "Subject: e\r\n")
			f.releaseKept(f.held(letter{key: "six"}), "Subject: f\r\n")
			f.closeRun()
			f.verify()
			if _, err := db.ExecContext(t.Context(), tt.plant); err != nil {
				t.Fatal(err)
			}
			wantFault(t, f.faults(), "books", tt.want)
		})
	}
}

// releaseKept releases held mail to the library "in" as the document "f", with a header.
func (f *farm) releaseKept(h store.HeldMail, header string) {
	f.Helper()
	g := f.Stage()
	b := must(f.OpenHeld(f.Context(), h))
	c := must(g.Write(f.Context(), copyOf(b)))
	done, err := f.Release(f.Context(), store.Release{Held: h, Staging: g, Decided: store.Decided{
		Library: "in", Author: "alice", Header: header, Drafts: []library.Draft{{Name: "f", Part: "1", Content: c}},
	}})
	f.must(errors.Join(err, done.Tree, b.Close(), g.Close()))
}
