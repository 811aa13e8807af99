package store_test

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/sqlite"
)

// thirdSchema undoes 0004_directory.sql.
const thirdSchema = `
	CREATE TABLE claimed AS SELECT local_key, library FROM local_parts;
	DROP TABLE local_parts;
	DROP TABLE request_events; DROP TABLE requests; DROP TABLE farm_contacts; DROP TABLE distributions;
	DROP TABLE known_objects; DROP TABLE directory_writes; DROP TABLE directory_runs; DROP TABLE leases;
	DROP TABLE entry_members; DROP TABLE entry_addresses; DROP TABLE entries;
	ALTER TABLE groups ADD COLUMN local_part TEXT NOT NULL DEFAULT '';
	CREATE TABLE local_parts (
		local_key  TEXT NOT NULL PRIMARY KEY,
		library    TEXT UNIQUE REFERENCES libraries (name) ON DELETE CASCADE,
		group_name TEXT UNIQUE REFERENCES groups (name),
		CHECK ((library IS NULL) <> (group_name IS NULL))
	);
	INSERT INTO local_parts (local_key, library) SELECT local_key, library FROM claimed;
	DROP TABLE claimed;
	DELETE FROM schema_version WHERE version > 3`

// A farm from before there was a directory is what it was, for however many processes come
// upon it at once; and its groups can have distribution groups.
func TestFarmOfTheThirdSchema(t *testing.T) {
	t.Parallel()
	f, db := booksOnDisk(t)
	ctx := t.Context()
	f.must(f.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"alice@corp.test"}}))
	f.must(f.AddGroup(ctx, access.Group{Name: "inner", Title: "Inner", Site: "default", Members: []access.Principal{access.UserPrincipal("alice")}}))
	f.must(f.AddGroup(ctx, access.Group{Name: "outer", Members: []access.Principal{access.GroupPrincipal("inner"), access.Everyone()}}))
	f.must(f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: access.ScopeSite, Name: "default"}, Principal: access.GroupPrincipal("outer"), Level: access.Edit}))
	f.must(f.AddLibrary(ctx, library.Library{Name: "old", Site: "default", LocalPart: "Old.Mail"}))
	f.must(f.AddLibrary(ctx, library.Library{Name: "mute", Site: "default"}))
	path := pathOf(t, db)
	before := dump(t, db)
	if len(before) < 20 {
		t.Fatalf("got %d rows: they are not read", len(before))
	}
	f.must(f.catalog.Close())
	if _, err := db.ExecContext(ctx, thirdSchema); err != nil {
		t.Fatal(err)
	}

	var all sync.WaitGroup
	opened := make([]store.Catalog, 4)
	for i := range opened {
		all.Go(func() {
			c, err := sqlite.Open(ctx, path)
			if err != nil {
				t.Error(err)
				return
			}
			opened[i] = c
			t.Cleanup(func() { _ = c.Close() })
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	if diff := cmp.Diff(before, dump(t, db)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
	after := newFarmOf(f, opened[0])
	after.verify()
	r := must(after.AskDistribution(ctx, "inner", store.Ask{Want: directory.Properties{LocalPart: "inner"}}))
	if r.Want.Title != "Inner" || r.State != directory.Pending {
		t.Errorf("got %+v", r)
	}
	_, err := after.AskDistribution(ctx, "outer", store.Ask{Want: directory.Properties{LocalPart: "OLD.mail"}})
	if err == nil || !strings.Contains(err.Error(), "library old") {
		t.Errorf("got %v, want the library's name", err)
	}
}

// newFarmOf is a farm on the same data with another catalog.
func newFarmOf(f *farm, c store.Catalog) *farm {
	f.Helper()
	s, err := store.Open(f.Context(), store.Options{Catalog: c, Blobs: f.blobs, Tree: f.tree, Locks: f.locks, Actor: "tester"})
	f.must(err)
	return &farm{T: f.T, Store: s, catalog: c, blobs: f.blobs, tree: f.tree, locks: f.locks}
}

func pathOf(t *testing.T, db *sql.DB) (path string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	return path
}

// dump returns all rows, as text.
func dump(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	for _, table := range texts(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_version' ORDER BY name`) {
		columns := strings.Join(texts(t, db, `SELECT 'quote("' || name || '")' FROM pragma_table_info('`+table+`') ORDER BY name`), ` || ' ' || `)
		for _, row := range texts(t, db, `SELECT `+columns+` FROM `+table+` ORDER BY 1`) {
			all = append(all, fmt.Sprint(table, " ", row))
		}
	}
	return all
}

func texts(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
