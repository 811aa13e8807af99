package mem

import (
	"context"
	"iter"

	"mailchute/store"
)

// CheckIntegrity implements store.Catalog. Nothing can be wrong with memory.
func (c *Catalog) CheckIntegrity(ctx context.Context, _ func(done, total int64)) ([]string, error) {
	return nil, ctx.Err()
}

// MendHeldBytes does nothing: HeldBytes computes the sum each time.
func (t *tx) MendHeldBytes() error { return nil }

func (t *tx) StrayDocuments() iter.Seq2[store.Document, error] {
	return func(yield func(store.Document, error) bool) {
		for _, d := range t.documents.under("") {
			if d.Key.IsZero() && !yield(d, nil) {
				return
			}
		}
	}
}
