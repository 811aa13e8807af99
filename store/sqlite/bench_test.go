package sqlite_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"mailchute/pkg/durable"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/mem"
)

// BenchmarkGroup commits groups of 100 items, each with all the rows of a message that
// becomes one document.
func BenchmarkGroup(b *testing.B) {
	c := open(b, newPath(b))
	prepareRows(b, c)
	started := time.Now()
	const group = 100
	n := 0
	for b.Loop() {
		err := c.Update(b.Context(), func(tx store.Tx) error {
			for range group {
				n++
				if err := tx.Savepoint(func() error { return settle(tx, n, started) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "items/s")
}

// prepareRows puts what a settlement needs.
func prepareRows(b testing.TB, c store.Catalog) {
	b.Helper()
	err := c.Update(b.Context(), func(tx store.Tx) error {
		if err := tx.InsertSite(library.Site{Name: "default"}); err != nil {
			return err
		}
		if err := tx.InsertLibrary(library.Library{Name: "invoices", Site: "default"}); err != nil {
			return err
		}
		for _, id := range []string{"old", "run"} {
			if err := tx.InsertRun(store.Run{ID: id, Started: time.Now(), State: store.RunOpen}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkClose closes the books of a run with 10,000 messages.
func BenchmarkClose(b *testing.B) {
	locks, err := durable.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	c := open(b, newPath(b))
	s, err := store.Open(b.Context(), store.Options{Catalog: c, Blobs: mem.NewBlobs(), Tree: mem.NewTree(), Locks: locks})
	if err != nil {
		b.Fatal(err)
	}
	run := store.Run{ID: "run", Started: time.Now(), State: store.RunOpen}
	err = c.Update(b.Context(), func(tx store.Tx) error {
		if err := tx.InsertLibrary(library.Library{Name: "invoices", Site: "default"}); err != nil {
			return err
		}
		if err := tx.InsertRun(run); err != nil {
			return err
		}
		for n := range 10_000 {
			if err := settle(tx, n, run.Started); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.CloseRun(b.Context(), "run", store.Backlog{}); err != nil {
			b.Fatal(err)
		}
		if err := c.Update(b.Context(), func(tx store.Tx) error { return tx.UpdateRun(run) }); err != nil {
			b.Fatal(err)
		}
	}
}

// settle writes the rows of the n-th item.
func settle(tx store.Tx, n int, now time.Time) error {
	key := message.Digest(sha256.Sum256([]byte(fmt.Sprint(n))))
	blob := message.Digest(sha256.Sum256(key[:]))
	file, name := fmt.Sprintf("%x.eml", key[:8]), fmt.Sprintf("invoice %d.pdf", n)
	const recipient = "invoices@example.com"
	if _, err := tx.Outcomes(key); err != nil {
		return err
	}
	if err := tx.PutBlob(blob, 48<<10); err != nil {
		return err
	}
	if _, err := tx.PutItem(store.Item{
		Key: key, Feed: "drop", Format: "postfix", File: file, MessageID: "<" + file + "@example.com>",
		Sender: "supplier@example.net", Login: "supplier", Size: 70 << 10,
	}); err != nil {
		return err
	}
	if err := tx.InsertOutcome(store.Outcome{
		Key: key, Recipient: recipient, RecipientKey: recipient, State: store.Filed, Library: "invoices",
		Run: "run", At: now, Documents: 1, Bytes: 48 << 10,
	}); err != nil {
		return err
	}
	if err := tx.InsertDocument(store.Document{
		Library: "invoices", Name: name, NameKey: name, Version: 1, Content: message.Content{Size: 48 << 10, Digest: blob},
		ContentType: "application/pdf", Author: "supplier", Created: now, OriginalName: name, Part: "2",
		Columns: store.Columns{MessageID: "<" + file + "@example.com>", Sender: "supplier@example.net", Subject: name},
		Key:     key, RecipientKey: recipient,
	}); err != nil {
		return err
	}
	publication := store.Publication{Library: "invoices", Name: name, NameKey: name, Version: 1}
	if err := tx.PutPublication(publication); err != nil {
		return err
	}
	return tx.InsertProcessed(store.Processed{
		Run: "run", At: now, Key: key, Feed: "drop", File: file, MessageID: "<" + file + "@example.com>",
		State: store.Filed, Documents: 1, Bytes: 48 << 10,
	})
}
