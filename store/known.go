package store

import "context"

// KeyOfFile returns the key under which a drop file's message was settled, known by its
// feed, name, size and mark; ok is false where it was not. It is for a file that cannot
// be read any more: its key cannot be computed, but its outcomes may be there.
func (s *Store) KeyOfFile(ctx context.Context, it Item) (k Key, ok bool, err error) {
	err = s.view(ctx, "item of the drop file "+it.File, func(tx Tx) error {
		var keys []Key
		for p, err := range tx.ProcessedAt(it.File) {
			if err != nil {
				return err
			}
			if p.Feed == it.Feed && p.File == it.File && p.State != Deferred {
				keys = append(keys, p.Key)
			}
		}
		for _, key := range keys {
			known, err := tx.Item(key)
			if err != nil {
				return err
			}
			if known.Size == it.Size && known.Mark == it.Mark {
				k, ok = key, true
			}
		}
		return nil
	})
	return k, ok, err
}
