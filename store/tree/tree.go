// Package tree shows documents as plain files that people open, share read-only and
// back up: site/library/folder/name below one folder.
//
// The tree is mailchute's: whatever stands where a document belongs, a person's own file
// or a link, is replaced by it. A folder is not: while it stands there, publishing fails.
// Links are never followed: below a link in place of a folder nothing is published,
// removed or believed. Files of other names are left alone.
//
// A hard link is made under its final name at once where that is free. Other files are made
// under temporary names in the hidden folder .mailchute (mode 0700) and then moved into
// place. Folders have mode 0755, files 0444, less what the umask takes.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
	"syscall"

	"mailchute/pkg/durable"
	"mailchute/store"
)

// Mode says what the files of a tree are.
type Mode string

// The modes.
const (
	Link Mode = "link" // hard links to the blobs' files where the file system can, else copies
	Copy Mode = "copy"
)

// hidden is the folder that holds temporary names.
const hidden = ".mailchute"

// errNotFolder: something else is where a folder belongs.
var errNotFolder = errors.New("not a folder (links are not followed)")

// Tree implements store.Tree on a folder. Several processes may use one folder.
type Tree struct {
	fsys durable.FS
	mode Mode
	tmp  *durable.Scratch
}

var _ store.Tree = (*Tree)(nil)

// Open opens the folder and removes the half files of processes that have died. It does
// not take fsys over, which must stay open until Close.
func Open(fsys durable.FS, mode Mode) (*Tree, error) {
	if mode != Link && mode != Copy {
		return nil, fmt.Errorf("tree mode %q: want %q or %q", mode, Link, Copy)
	}
	tmp, err := durable.OpenScratch(fsys, hidden)
	if err != nil {
		return nil, fmt.Errorf("open tree: %w", err)
	}
	return &Tree{fsys: fsys, mode: mode, tmp: tmp}, nil
}

// Close ends the use of the tree. No other method may be running.
func (t *Tree) Close() error { return t.tmp.Close() }

// Publish implements store.Tree.
func (t *Tree) Publish(ctx context.Context, path string, b store.Blob) error {
	if err := checkPath(ctx, path); err != nil {
		return err
	}
	err := t.link(path, b)
	if isInTheWay(err) {
		if err = t.makeFolders(path); err == nil {
			err = t.put(path, b)
		}
	}
	if err != nil {
		return fmt.Errorf("publish %q: %w", path, err)
	}
	return nil
}

// isInTheWay reports whether there may be more to do than to link: folders are missing, or
// something else is in their place, or in the document's.
func isInTheWay(err error) bool {
	for _, e := range []error{fs.ErrNotExist, fs.ErrExist, durable.ErrCannotLink, syscall.ELOOP, syscall.ENOTDIR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// put shows the blob's bytes at path, whatever is there.
func (t *Tree) put(path string, b store.Blob) error {
	err := t.link(path, b)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, durable.ErrCannotLink) {
		return t.replace(path, b)
	}
	return err
}

// link gives the blob's file a further name that is free: fs.ErrExist, or
// durable.ErrCannotLink.
func (t *Tree) link(name string, b store.Blob) error {
	f, ok := b.(store.FileBlob)
	if !ok || t.mode != Link {
		return durable.ErrCannotLink
	}
	return t.fsys.Link(f.File(), name)
}

func (t *Tree) replace(path string, b store.Blob) error {
	name := t.tmp.Name()
	err := t.stage(name, b)
	if err == nil {
		err = t.fsys.Replace(name, path)
	}
	// After a success too: rename(2) leaves both names where they are links to one file.
	return errors.Join(err, t.remove(name))
}

// stage makes the blob's bytes a file of this name.
func (t *Tree) stage(name string, b store.Blob) error {
	err := t.link(name, b)
	if errors.Is(err, durable.ErrCannotLink) {
		err = t.copy(name, b)
	}
	return err
}

func (t *Tree) copy(name string, b store.Blob) error {
	f, err := t.fsys.Create(name, 0o444)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.NewSectionReader(b, 0, b.Size()))
	if err == nil && n < b.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		// Before it has its name, lest a power loss leave a half file there.
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Unpublish implements store.Tree. Folders stay, also when they are empty then.
func (t *Tree) Unpublish(ctx context.Context, path string) error {
	if err := checkPath(ctx, path); err != nil {
		return err
	}
	info, err := t.lstat(path)
	if err == nil && !info.IsDir() {
		err = t.remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unpublish %q: %w", path, err)
	}
	return nil
}

// Sync implements store.Tree. It is one barrier over the whole tree: that reaches also the
// folders which another process made and did not live to sync.
func (t *Tree) Sync(ctx context.Context, paths []string) error {
	for _, p := range paths {
		if err := checkPath(ctx, p); err != nil {
			return err
		}
	}
	if len(paths) == 0 {
		return ctx.Err()
	}
	return t.fsys.Barrier()
}

// All implements store.Tree. Links and other things that are not folders count as
// files; a link is not followed. An error is the last.
func (t *Tree) All(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := ctx.Err(); err != nil {
			yield("", err)
			return
		}
		t.walk(ctx, ".", yield)
	}
}

// walk yields the files below a folder until yield says stop.
func (t *Tree) walk(ctx context.Context, folder string, yield func(string, error) bool) bool {
	for entry, err := range t.fsys.List(folder) {
		if errors.Is(err, fs.ErrNotExist) && folder != "." {
			return true // removed since
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield("", fmt.Errorf("list tree: %w", err))
			return false
		}
		name := path.Join(folder, entry.Name())
		switch {
		case name == hidden:
		case entry.IsDir():
			if !t.walk(ctx, name, yield) {
				return false
			}
		case !yield(name, nil):
			return false
		}
	}
	return true
}

// remove removes a file; nil where there is none.
func (t *Tree) remove(name string) error {
	err := t.fsys.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// checkPath refuses paths that are not below the tree: fs.ErrInvalid.
func checkPath(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	first, _, _ := strings.Cut(path, "/")
	if !fs.ValidPath(path) || path == "." || first == hidden {
		return fmt.Errorf("path %q in the tree: %w", path, fs.ErrInvalid)
	}
	return nil
}
