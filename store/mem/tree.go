package mem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"strings"
	"sync"

	"mailchute/pkg/fault"
	"mailchute/store"
)

// Tree is a store.Tree in memory. Like a disk it knows two states: what is shown, and
// what a power loss would leave. Unlike a disk it has no folders without files.
type Tree struct {
	mu      sync.Mutex
	shown   map[string][]byte
	durable map[string][]byte
}

var _ store.Tree = (*Tree)(nil)

// NewTree returns a Tree without any file.
func NewTree() *Tree {
	return &Tree{shown: map[string][]byte{}, durable: map[string][]byte{}}
}

// LosePower takes everything back that was not synced.
func (t *Tree) LosePower() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shown = maps.Clone(t.durable)
}

var errInTheWay = errors.New("a file and a folder cannot have one name")

// Publish implements store.Tree.
func (t *Tree) Publish(ctx context.Context, path string, b store.Blob) error {
	if err := checkPath(ctx, path); err != nil {
		return err
	}
	data, err := bytesOf(b)
	if err != nil {
		return fmt.Errorf("publish %q: %w", path, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for other := range t.shown {
		if strings.HasPrefix(other, path+"/") || strings.HasPrefix(path, other+"/") {
			return fmt.Errorf("publish %q beside %q: %w", path, other, errInTheWay)
		}
	}
	t.shown[path] = data
	return nil
}

// Unpublish implements store.Tree.
func (t *Tree) Unpublish(ctx context.Context, path string) error {
	if err := checkPath(ctx, path); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.shown, path)
	return nil
}

// Sync implements store.Tree.
func (t *Tree) Sync(ctx context.Context, paths []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, path := range paths {
		if err := checkPath(ctx, path); err != nil {
			return err
		}
		data, ok := t.shown[path]
		if ok {
			t.durable[path] = data
		} else {
			delete(t.durable, path)
		}
	}
	return nil
}

// Check implements store.Tree.
func (t *Tree) Check(ctx context.Context, path string, b store.Blob) error {
	if err := checkPath(ctx, path); err != nil {
		return err
	}
	want, err := bytesOf(b)
	if err != nil {
		return fmt.Errorf("%q in the tree: %w", path, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	got, ok := t.shown[path]
	if !ok {
		return fmt.Errorf("%q in the tree: %w", path, fault.ErrNotFound)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%q in the tree: %w", path, fault.ErrStale)
	}
	return nil
}

// All implements store.Tree.
func (t *Tree) All(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := ctx.Err(); err != nil {
			yield("", err)
			return
		}
		for path := range t.snapshot() {
			if !yield(path, nil) {
				return
			}
		}
	}
}

func (t *Tree) snapshot() map[string][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.shown)
}

// bytesOf reads a blob from its start, wherever its reader stands.
func bytesOf(b store.Blob) ([]byte, error) {
	data := make([]byte, b.Size())
	_, err := io.ReadFull(io.NewSectionReader(b, 0, b.Size()), data)
	return data, err
}

func checkPath(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !fs.ValidPath(path) || path == "." {
		return fmt.Errorf("path %q in the tree: %w", path, fs.ErrInvalid)
	}
	return nil
}
