package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
)

// replaceFile writes a file whole and durable, in place of one that may be there and
// whose mode it keeps; a link to one stays a link.
func replaceFile(file string, perm fs.FileMode, r io.Reader) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(replaceIn(dir, filepath.Base(file), perm, r), dir.Close())
}

func replaceIn(dir durable.FS, name string, perm fs.FileMode, r io.Reader) error {
	info, err := dir.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file: name one, or a new one: %w", filepath.Join(dir.Path(), name), fault.ErrConflict)
	default:
		perm = info.Mode().Perm()
	}
	defer exactModes()()
	half := "." + name + "." + rand.Text()
	if err := writeFile(dir, half, perm, r); err != nil {
		return err
	}
	if err := dir.Replace(half, name); err != nil {
		return errors.Join(err, dir.Remove(half))
	}
	return dir.SyncDir(".")
}
