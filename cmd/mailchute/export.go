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
	"mailchute/store"
)

// export writes a blob to a new file or, where file is "", to standard output; never to a
// terminal, which would obey what strangers wrote.
func (c *cli) export(file string, perm fs.FileMode, open func() (store.Blob, error)) error {
	if file == "" && isTerminal(c.out) {
		return usage(errors.New("standard output is a terminal: name a file with -o, or use a pipe"))
	}
	b, err := open()
	if err != nil {
		return err
	}
	if file == "" {
		_, err = io.Copy(c.out, b)
	} else {
		err = exportFile(file, perm, b)
	}
	return errors.Join(err, b.Close())
}

// exportFile makes a new file, whole or not at all.
func exportFile(file string, perm fs.FileMode, r io.Reader) error {
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	err = exportTo(dir, filepath.Base(file), perm, r)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s is there already: name a new file: %w", file, fault.ErrConflict)
	}
	return errors.Join(err, dir.Close())
}

func exportTo(dir durable.FS, name string, perm fs.FileMode, r io.Reader) error {
	if _, err := dir.Lstat(name); err == nil {
		return fs.ErrExist
	}
	half := ".mailchute." + rand.Text()
	if err := writeFile(dir, half, perm, r); err != nil {
		return err
	}
	if err := dir.Rename(half, name); err != nil {
		return errors.Join(err, dir.Remove(half))
	}
	return dir.SyncDir(".")
}
