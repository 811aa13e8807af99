package store

import (
	"context"
	"fmt"
)

// HeldMail returns what is held in any of these states, oldest first; in all of them
// where none is given.
func (s *Store) HeldMail(ctx context.Context, states ...HeldState) (out []HeldMail, err error) {
	err = s.view(ctx, "held mail", func(tx Tx) error {
		out = nil
		for h, err := range tx.Held(states...) {
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}

// HeldByID returns one held message: fault.ErrNotFound.
func (s *Store) HeldByID(ctx context.Context, id int64) (h HeldMail, err error) {
	err = s.view(ctx, fmt.Sprintf("held message %d", id), func(tx Tx) error {
		h, err = tx.HeldByID(id)
		return err
	})
	return h, err
}

// OpenHeld opens the drop file of a held message, byte for byte.
func (s *Store) OpenHeld(ctx context.Context, h HeldMail) (Blob, error) {
	return s.blobs.Open(ctx, h.Blob)
}
