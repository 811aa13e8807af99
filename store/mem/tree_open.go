package mem

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"mailchute/pkg/fault"
)

// Open implements store.Tree.
func (t *Tree) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	if err := checkPath(ctx, path); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	data, ok := t.shown[path]
	if !ok {
		return nil, fmt.Errorf("%q in the tree: %w", path, fault.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}
