package sqlcat

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"mailchute/store"
)

// contradictions are queries that return what names a row whose columns contradict each
// other in what a Tx does not show, and the sentence about it.
var contradictions = [...]struct{ query, fault string }{
	{
		`SELECT d.library || '/' || d.folder_key || '/' || d.name_key || ' version ' || d.version
			FROM documents d LEFT JOIN blobs b ON b.id = d.blob
			WHERE (d.digest IS NULL) <> d.removed OR d.blob IS NOT NULL AND (b.digest IS NULL OR b.digest <> d.digest) LIMIT 100`,
		"document %s: it refers to another blob than its digest says",
	},
	{`SELECT id FROM held WHERE blob <> digest LIMIT 100`, "held message %s: it refers to another blob than its digest says"},
	{
		`SELECT recipient || ' in run ' || run FROM outcomes WHERE (state = 'filed') <> (unfiled IS NULL) LIMIT 100`,
		"outcome for %s: its place among those that are not filed contradicts its state",
	},
	{`SELECT COUNT(*) FROM held_total HAVING COUNT(*) <> 1`, "the sum of held mail has %s rows instead of one"},
}

// CheckIntegrity implements store.Catalog, as far as SQL can tell.
func (c *Catalog) CheckIntegrity(ctx context.Context, _ func(done, total int64)) (faults []string, err error) {
	for _, k := range contradictions {
		rows, err := c.contradicting(ctx, k.query)
		if err != nil {
			return faults, fmt.Errorf("check the columns: %w", err)
		}
		for _, row := range rows {
			faults = append(faults, fmt.Sprintf(k.fault, row))
		}
	}
	return faults, nil
}

// contradicting returns the texts that a query returns. It ends when ctx does, as no
// transaction would.
func (c *Catalog) contradicting(ctx context.Context, query string) (found []string, err error) {
	rows, err := c.reader.DB.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, rows.Err()
}

// mendHeldTotal makes the one row of held_total anew.
var mendHeldTotal = [...]string{
	`DELETE FROM held_total`,
	`INSERT INTO held_total (bytes) SELECT COALESCE(SUM(size), 0) FROM blobs
		WHERE state = 1 AND digest IN (SELECT blob FROM held WHERE state = 'held')`,
}

func (t *tx) MendHeldBytes() error {
	for _, statement := range mendHeldTotal {
		if _, err := t.exec("sum of held mail", statement); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) StrayDocuments() iter.Seq2[store.Document, error] {
	return each(t, "documents of no item", scanDocument, selectDocuments+` WHERE item_key IS NULL`)
}
