package sqlite_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// firstSchema makes a catalog as the first schema was, with these rows.
func firstSchema(t *testing.T, rows string, args ...any) string {
	t.Helper()
	path := newPath(t)
	schema, err := os.ReadFile(filepath.Join("..", "sqlcat", "migrations", "0001_catalog.sql"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{
		string(schema),
		`CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version (version) VALUES (1)`,
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(t.Context(), rows, args...); err != nil {
		t.Fatal(err)
	}
	return path
}

// A catalog of the first schema keeps its rows, and takes what came with the later ones.
func TestFirstSchemaIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	digest, item := message.Digest(sha256.Sum256([]byte("bytes"))), message.Digest(sha256.Sum256([]byte("item")))
	path := firstSchema(t, `
		INSERT INTO sites VALUES ('default', 'Default');
		INSERT INTO libraries VALUES ('in', 'default', '', '', TRUE, FALSE, '{}');
		INSERT INTO blobs VALUES (1, $1, 5, 1, 0);
		INSERT INTO items VALUES ($2, 'main', 'eml', 'm.eml', '<m>', 'a@case.test', 2, '', '', 9, 9);
		INSERT INTO documents VALUES ('in', 'f', 'a', 1, 'F', 'A', 5, $1, 1, '', 'text/plain', 'alice', 1, 'dkim', 1000000, 'a.txt', '2',
			'<m>', 's', 'f', 't', 'c', 'subject', 'date', $2, 'in@case.test')`, digest[:], item[:])
	want := []store.Document{{
		Library: "in", Folder: "F", FolderKey: "f", Name: "A", NameKey: "a", Version: 1,
		Content: message.Content{Size: 5, Digest: digest}, ContentType: "text/plain", Author: "alice",
		Rung: access.Aligned, Evidence: "dkim", Created: time.Unix(1, 0).UTC(), OriginalName: "a.txt", Part: "2",
		Columns: store.Columns{MessageID: "<m>", Sender: "s", From: "f", To: "t", Cc: "c", Subject: "subject", Date: "date"},
		Key:     item, RecipientKey: "in@case.test",
	}}
	for range 2 {
		c := open(t, path)
		if diff := cmp.Diff(want, versions(t, c)); diff != "" {
			t.Fatalf("versions (-want +got):\n%s", diff)
		}
		newer := store.Document{
			Library: "in", Folder: "F", FolderKey: "f", Name: "A", NameKey: "a", Version: len(want) + 1,
			Author: "root", Created: time.Unix(2, 0).UTC(), Removed: true,
		}
		err := c.Update(t.Context(), func(tx store.Tx) error {
			if err := tx.PutHeader("in", item, "Subject: subject"); err != nil {
				return err
			}
			if err := tx.CountSent("alice", time.Unix(3, 0)); err != nil {
				return err
			}
			return tx.InsertDocument(newer)
		})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, newer)
	}
}

// Libraries keep their local parts; those of groups, which nobody could set, are gone.
func TestLocalPartsAreCarriedOver(t *testing.T) {
	t.Parallel()
	path := firstSchema(t, `
		INSERT INTO sites VALUES ('default', 'Default');
		INSERT INTO libraries VALUES ('in', 'default', '', 'Docs', TRUE, FALSE, '{}'), ('out', 'default', '', '', TRUE, FALSE, '{}');
		INSERT INTO groups VALUES ('team', 'Team', 'default', 'Team');
		INSERT INTO group_members VALUES ('user', 'alice', 'team', 0);
		INSERT INTO local_parts VALUES ('docs', 'in', NULL), ('team', NULL, 'team')`)
	group := access.Group{
		Name: "team", Title: "Team", Site: "default", Members: []access.Principal{{Kind: access.KindUser, Name: "alice"}},
	}
	for range 2 {
		c := open(t, path)
		err := c.Update(t.Context(), func(tx store.Tx) error {
			if o, err := tx.OwnerOf("docs"); o != (store.Owner{Library: "in"}) {
				t.Errorf("owner: got %v and error %v, want the library", o, err)
			}
			if _, err := tx.OwnerOf("team"); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("owner of a group's local part: got error %v, want %v", err, fault.ErrNotFound)
			}
			if err := tx.ClaimLocalPart("docs", store.Owner{Library: "out"}); !errors.Is(err, fault.ErrConflict) {
				t.Errorf("claim of a local part that has an owner: got error %v, want %v", err, fault.ErrConflict)
			}
			got, err := tx.Group("team")
			if diff := cmp.Diff(group, got); diff != "" {
				t.Errorf("group (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func versions(t *testing.T, c store.Catalog) (all []store.Document) {
	t.Helper()
	err := c.View(t.Context(), func(tx store.Tx) (err error) {
		all, err = tx.Versions("in", "f", "a")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
