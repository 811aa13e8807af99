package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
)

// Open implements store.Tree.
func (t *Tree) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	if err := checkPath(ctx, path); err != nil {
		return nil, err
	}
	f, err := t.open(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fault.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("%q in the tree: %w", path, err)
	}
	return f, nil
}

// open opens a file for reading, through no link.
func (t *Tree) open(path string) (durable.File, error) {
	if _, err := t.lstat(path); err != nil {
		return nil, err
	}
	return t.fsys.Open(path)
}
