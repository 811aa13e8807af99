package sqlite_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

// integrityMessages are those of the catalog that is checked: a tenth of a full one.
const integrityMessages = 100_000

// BenchmarkIntegrity tells what the database's own check costs for each row.
func BenchmarkIntegrity(b *testing.B) {
	path := filepath.Join(b.TempDir(), "catalog.db")
	prepare(b, path)
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=temp_store(MEMORY)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	args := []any{1, integrityMessages}
	for _, q := range fillings() {
		if _, err = db.ExecContext(b.Context(), q, args...); err != nil {
			break
		}
		args = nil
	}
	if err := errors.Join(err, db.Close()); err != nil {
		b.Fatal(err)
	}
	c := open(b, path)
	rows := int64(0)
	for b.Loop() {
		_, err := c.CheckIntegrity(b.Context(), func(_, total int64) { rows = total })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(int64(b.N)*rows), "µs/row")
}
