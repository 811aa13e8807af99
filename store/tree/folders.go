package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
)

// parents yields the folders that path lies in, outermost first.
func parents(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, c := range path {
			if c == '/' && !yield(path[:i]) {
				return
			}
		}
	}
}

// makeFolders makes the folders that path lies in.
func (t *Tree) makeFolders(path string) error {
	for folder := range parents(path) {
		err := t.checkFolder(folder)
		if !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		if err := t.fsys.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := t.checkFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

// lstat describes the file at path, where nothing on the way to it is a link. (A link
// that is put there the moment after leads to another place in the tree at worst, since
// durable.FS does not leave it.)
func (t *Tree) lstat(path string) (fs.FileInfo, error) {
	for folder := range parents(path) {
		if err := t.checkFolder(folder); err != nil {
			return nil, err
		}
	}
	return t.fsys.Lstat(path)
}

// checkFolder fails where there is no folder of that name: fs.ErrNotExist where nothing is.
func (t *Tree) checkFolder(name string) error {
	info, err := t.fsys.Lstat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%q: %w", name, errNotFolder)
	}
	return nil
}
