package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// Check implements store.Tree. A link or a folder at path is fault.ErrStale. A hard link
// to the blob's file is believed without reading it.
func (t *Tree) Check(ctx context.Context, path string, b store.Blob) error {
	if err := checkPath(ctx, path); err != nil {
		return err
	}
	err := t.check(path, b)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fault.ErrNotFound
	case errors.Is(err, durable.ErrNotRegular):
		err = fault.ErrStale
	}
	if err != nil {
		return fmt.Errorf("%q in the tree: %w", path, err)
	}
	return nil
}

func (t *Tree) check(path string, b store.Blob) error {
	f, err := t.open(path)
	if err != nil {
		return err
	}
	return errors.Join(compare(f, b), f.Close())
}

// compare fails with fault.ErrStale where the file does not have the blob's bytes.
func compare(f durable.File, b store.Blob) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != b.Size() {
		return fault.ErrStale
	}
	if fb, ok := b.(store.FileBlob); ok {
		other, err := fb.File().Stat()
		if err != nil {
			return err
		}
		if os.SameFile(info, other) {
			return nil
		}
	}
	return compareBytes(io.NewSectionReader(f, 0, b.Size()), io.NewSectionReader(b, 0, b.Size()))
}

// compareBytes reads two sources of one length.
func compareBytes(a, b io.Reader) error {
	const block = 64 << 10
	bufA, bufB := make([]byte, block), make([]byte, block)
	for {
		n, err := io.ReadFull(a, bufA)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if _, err := io.ReadFull(b, bufB[:n]); err != nil {
			return err
		}
		if !bytes.Equal(bufA[:n], bufB[:n]) {
			return fault.ErrStale
		}
		if n < block {
			return nil
		}
	}
}
