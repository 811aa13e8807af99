package store

import (
	"context"
	"errors"
	"fmt"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// ErrDamaged: stored bytes are missing, or are not those that were stored.
var ErrDamaged = errors.New("the stored bytes are damaged")

// openIntact opens a blob whose bytes it has read whole and found to be those of its
// digest: ErrDamaged; fault.ErrNotFound where a sweep has let it go.
func (s *Store) openIntact(ctx context.Context, d message.Digest, size int64) (Blob, error) {
	wrong, err := s.blobFault(ctx, d, size)
	if err != nil {
		return nil, err
	}
	if wrong == "" {
		return s.blobs.Open(ctx, d)
	}
	var state BlobState
	err = s.view(ctx, "blob "+d.String(), func(tx Tx) error {
		state, err = tx.BlobState(d)
		return err
	})
	if err != nil {
		return nil, err
	}
	if state != BlobLive {
		return nil, fmt.Errorf("blob %s was swept: %w", d, fault.ErrNotFound)
	}
	return nil, fmt.Errorf("%w: blob %s %s", ErrDamaged, d, wrong)
}
