package sqlite_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/sqlite"
)

// fullMessages are the messages of a full catalog. With five rows for each, and some for
// held mail and runs, they are more than five million rows.
const fullMessages = 1_000_000

// fillings write the rows of the messages from $1 to $2, as settle does, over 400 days.
// Keys, digests, Message-IDs, file names and names of documents are scattered over their
// indexes, as those of life are.
func fillings() []string {
	return []string{
		`CREATE TEMP TABLE m AS WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
			SELECT i, 1700000000000000 + i * 34560000 AS at, randomblob(32) AS item_key, randomblob(32) AS blob,
				lower(hex(randomblob(8))) || '.eml' AS file FROM n`,
		`INSERT INTO blobs SELECT i, blob, 49152, 1, 0 FROM m`,
		`INSERT INTO items SELECT item_key, 'drop', 'postfix', file, '<' || file || '@example.com>',
			'supplier@example.net', 0, '', 'supplier', 71680, i FROM m`,
		`INSERT INTO outcomes SELECT item_key, 'invoices@example.com', 'invoices@example.com', 'filed', 'invoices', '', '',
			'old', NULL, at, 1, 49152, 0, blob FROM m`,
		`INSERT INTO documents SELECT 'invoices', '', 'invoice ' || file, 1, '', 'invoice ' || file, 49152, blob, i, '',
			'application/pdf', 'supplier', 0, '', at, 'invoice ' || file, '2', '<' || file || '@example.com>',
			'supplier@example.net', '', '', '', 'invoice ' || file, '', item_key, 'invoices@example.com' FROM m`,
		`INSERT INTO processed SELECT 'old', i, at, item_key, 'drop', file, '<' || file || '@example.com>',
			'filed', 1, 49152, 0, '', '' FROM m`,
		`INSERT INTO held SELECT i, item_key, 'invoices@example.com', 'held', at, blob, blob, 0, 0, '', '', '', '', NULL FROM m WHERE i % 100 = 0`,
		`INSERT INTO runs SELECT i, 'incoming', '', '', '', at, at, 'closed', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i, NULL, NULL, NULL, 0
			FROM m WHERE i % 10 = 0`,
		`DROP TABLE m`,
	}
}

// fill gives the closed catalog at path the rows of fullMessages messages.
func fill(b *testing.B, path string) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+
		"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-1500000)&_pragma=temp_store(MEMORY)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	const step = 100_000
	for i := 0; i < fullMessages && err == nil; i += step {
		args := []any{i + 1, i + step}
		for _, q := range fillings() {
			if _, err = db.ExecContext(b.Context(), q, args...); err != nil {
				break
			}
			args = nil
		}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		b.Fatal(err)
	}
}

// prepare makes a catalog that has what a settlement needs.
func prepare(b *testing.B, path string) {
	b.Helper()
	c, err := sqlite.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	prepareRows(b, c)
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFull compares an empty catalog with one of five million rows. It takes 1.5 GB
// and a minute to fill that.
func BenchmarkFull(b *testing.B) {
	dir := b.TempDir()
	paths := []string{filepath.Join(dir, "empty.db"), filepath.Join(dir, "full.db")}
	for _, path := range paths {
		prepare(b, path)
	}
	fill(b, paths[1])
	empty, full := open(b, paths[0]), open(b, paths[1])
	b.Run("settle", func(b *testing.B) { compareSettling(b, empty, full) })
	for name, f := range map[string]func(store.Tx) error{
		"newest runs":  func(tx store.Tx) error { return second(tx.Runs(time.Time{}, 20)) },
		"first held":   func(tx store.Tx) error { return leaveEarly(tx.Held(store.HeldWaiting)) },
		"first listed": func(tx store.Tx) error { return leaveEarly(tx.Documents("invoices")) },
		"unknown name": func(tx store.Tx) error { return leaveEarly(tx.ProcessedAt("x")) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := full.View(b.Context(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func second[V any](_ V, err error) error { return err }

// leaveEarly reads 20 rows at most.
func leaveEarly[V any](seq iter.Seq2[V, error]) error {
	n := 0
	for _, err := range seq {
		if n++; err != nil || n == 20 {
			return err
		}
	}
	return nil
}

// compareSettling settles groups of messages in both catalogs in turn, and reports what a
// message costs in each, and the ratio.
func compareSettling(b *testing.B, empty, full store.Catalog) {
	b.Helper()
	var inEmpty, inFull time.Duration
	n := 0
	for b.Loop() {
		inEmpty += settleGroup(b, empty, n)
		inFull += settleGroup(b, full, n)
		n += groupSize
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(inEmpty.Microseconds())/float64(n), "empty-µs/item")
	b.ReportMetric(float64(inFull.Microseconds())/float64(n), "full-µs/item")
	b.ReportMetric(inFull.Seconds()/inEmpty.Seconds(), "full/empty")
}

const groupSize = 100

// settleGroup settles the n-th message and those after it, with the lookups that come
// before each.
func settleGroup(b *testing.B, c store.Catalog, n int) time.Duration {
	b.Helper()
	began := time.Now()
	for i := range groupSize {
		for _, f := range lookups(n + i) {
			if err := c.View(b.Context(), f); err != nil {
				b.Fatal(err)
			}
		}
	}
	err := c.Update(b.Context(), func(tx store.Tx) error {
		for i := range groupSize {
			if err := tx.Savepoint(func() error { return settle(tx, n+i, began) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// lookups are the Views before the settlement of the n-th message.
func lookups(n int) []func(store.Tx) error {
	key := message.Digest(sha256.Sum256([]byte(fmt.Sprint(n))))
	return []func(store.Tx) error{
		func(tx store.Tx) error { return second(tx.Settings()) },
		func(tx store.Tx) error { return second(tx.Library("invoices")) },
		func(tx store.Tx) error { return second(tx.Outcomes(key)) },
		func(tx store.Tx) error { return second(tx.BlobState(message.Digest(sha256.Sum256(key[:])))) },
	}
}
