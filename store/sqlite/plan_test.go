package sqlite

import (
	"database/sql"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailchute/store"
	"mailchute/store/storetest"
)

// An allowance lets a query read or sort more than an index would give it.
type allowance struct {
	query string // part of it
	step  string // begin of the plan's step
	why   string
}

func allowances() []allowance {
	return []allowance{
		{"FROM changes ORDER BY id DESC LIMIT", "SCAN changes USING INDEX", "in order, ends at the limit"},
		{"FROM publications p ORDER BY p.seq", "SCAN p", "all are asked for, in order"},
		{"WHERE p.process = $1 ORDER BY p.seq LIMIT", "SCAN p", "in order; the rest is what others have in hand"},
		{"SELECT DISTINCT process FROM publications", "", "once a run: what is in hand, and what failed"},
		{"publications SET process", "SCAN publications", "a process has died"},
		{"FROM publications WHERE process = $2", "SCAN publications", "a process has died"},
		{"FROM blobs b WHERE state = 2", "SCAN b USING INDEX blobs_doomed", "the index has no others"},
		{"FROM runs WHERE state = 'open'", "SCAN runs USING INDEX runs_open", "the index has no others"},
		{"FROM blobs b ORDER BY digest", "SCAN b USING INDEX", "all are asked for, in order"},
		{"FROM blobs b WHERE state = $1 AND NOT", "SCAN b USING INDEX", "a sweep looks at all, in order"},
		{"WHERE NOT removed AND version = (SELECT MAX", "SCAN d USING INDEX", "all are asked for, in order"},
		{"WHERE removed AND version = (SELECT MAX", "SCAN d USING INDEX documents_removed", "the index has no others"},
		{"WHERE removed AND created <= $1", "SCAN documents USING INDEX documents_removed", "the index has no others"},
		{"WHERE removed AND created <= $1", "USE TEMP B-TREE FOR LAST TERM", "the versions of one document"},
		{"h.recipient_key ORDER BY h.id", "SCAN h USING INDEX", "all are asked for, in order"},
		{"WHERE h.state IN ($1, ", "USE TEMP B-TREE", "of each state in order"},
		{"i.file = $1 ORDER BY i.item_key", "SCAN i USING INDEX", "trace may read all: an index of file names costs every message"},
		{"WHERE item_key = $1 ORDER BY library", "USE TEMP B-TREE", "those of one message"},
		{"SELECT DISTINCT item_key FROM processed", "USE TEMP B-TREE", "a range of the keys of one run"},
		{"found (run, seq)", "USE TEMP B-TREE", "those of one name"},
		{"FROM distributions ORDER BY key", "SCAN distributions USING INDEX", "all are asked for, in order"},
		{"FROM farm_contacts ORDER BY alias", "SCAN farm_contacts USING INDEX", "all are asked for, in order"},
		{"FROM known_objects ORDER BY key", "SCAN known_objects USING INDEX", "all are asked for, in order"},
		{"FROM entries ORDER BY id", "SCAN entries USING INDEX", "all are asked for, in order"},
		{"FROM requests ORDER BY id", "SCAN requests USING INDEX", "all are asked for, in order"},
		{"FROM requests WHERE state IN ($1, ", "USE TEMP B-TREE", "of each state in order"},
		{"FROM local_parts WHERE library IS NULL", "USE TEMP B-TREE", "few beside those of libraries"},
		{"FROM documents d LEFT JOIN blobs", "SCAN d", "verify looks at all"},
		{"FROM held WHERE blob <> digest", "SCAN held USING INDEX", "verify looks at all"},
		{"FROM outcomes WHERE (state = 'filed')", "SCAN outcomes", "verify looks at all"},
	}
}

// bounded are the tables that do not grow with the mail, and what a query makes itself.
var bounded = regexp.MustCompile(`^SCAN (sites|libraries|u|g|grants|settings|held_total|days|found|waiting)\b`)

var (
	costly    = regexp.MustCompile(`^SCAN |TEMP B-TREE|AUTOMATIC`)
	statement = regexp.MustCompile(`^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b`)
	indexName = regexp.MustCompile(`INDEX (\w+)`)
)

// TestPlans looks at what SQLite does for every query of the suite, the references that
// it checks included. It has no statistics, so the plans are the same for any number of rows.
func TestPlans(t *testing.T) {
	t.Parallel()
	queries := recordedQueries(t)
	db := emptyDatabase(t)
	indexes := ownIndexes(t, db)
	unused := allowances()
	for _, q := range queries {
		for _, step := range planOf(t, db, q) {
			for _, m := range indexName.FindAllStringSubmatch(step, -1) {
				delete(indexes, m[1])
			}
			if !costly.MatchString(step) || bounded.MatchString(step) {
				continue
			}
			allowed := func(a allowance) bool { return strings.Contains(q, a.query) && strings.HasPrefix(step, a.step) }
			if !slices.ContainsFunc(allowances(), allowed) {
				t.Errorf("%s: got step %q, want an index", q, step)
			}
			unused = slices.DeleteFunc(unused, allowed)
		}
	}
	for _, a := range unused {
		t.Errorf("no query needs the allowance of %q for %q", a.step, a.query)
	}
	for name := range indexes {
		t.Errorf("no query uses the index %s", name)
	}
}

// TestPlansShowReferences proves that a plan has the rows that refer to what is deleted.
func TestPlansShowReferences(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	for _, name := range []string{"documents_blob", "held_blob"} {
		if _, err := db.ExecContext(t.Context(), "DROP INDEX "+name); err != nil {
			t.Fatal(err)
		}
	}
	got := planOf(t, db, "DELETE FROM blobs WHERE digest = $1")
	for _, want := range []string{"SCAN documents", "SCAN held"} {
		if !slices.Contains(got, want) {
			t.Errorf("without the indexes: got steps %q, want %q among them", got, want)
		}
	}
}

// emptyDatabase returns a connection to an empty catalog as its writer has.
func emptyDatabase(t *testing.T) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	c, err := open(t.Context(), path, usualLimits())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dsn(path, "immediate", writerPragmas()))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// ownIndexes returns the names of the indexes that keep nothing unique by themselves.
func ownIndexes(t *testing.T, db *sql.DB) map[string]bool {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names[name] = true
	}
	if err := rows.Err(); err != nil || len(names) == 0 {
		t.Fatalf("got indexes %v and error %v, want some", names, err)
	}
	return names
}

// planOf returns the steps of a query.
func planOf(t *testing.T, db *sql.DB, query string) (steps []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "$"))...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// recordedQueries runs the suite of catalogs and returns what it asked the database.
func recordedQueries(t *testing.T) []string {
	t.Helper()
	r := &recorder{queries: map[string]int{}}
	t.Run("suite", func(t *testing.T) {
		storetest.TestCatalog(t, func(t *testing.T) store.Catalog {
			path := filepath.Join(t.TempDir(), "catalog.db")
			writer := r.open(t, dsn(path, "immediate", append(writerPragmas(), "synchronous(OFF)")))
			writer.SetMaxOpenConns(1)
			c, err := newCatalog(t.Context(), writer, r.open(t, dsn(path, "deferred", readerPragmas())))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := c.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			return c
		})
	})
	queries := slices.DeleteFunc(slices.Sorted(maps.Keys(r.queries)), func(q string) bool { return !statement.MatchString(q) })
	if len(queries) < 50 {
		t.Fatalf("the suite asked %d queries, want all", len(queries))
	}
	return queries
}
