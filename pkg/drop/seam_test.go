package drop_test

import (
	"io"
	"io/fs"
	"iter"

	"mailchute/pkg/durable"
)

// hookedFS asks before each operation: list, lstat, open, create, write, mkdir, rename,
// remove, syncdir or lock. An error is what happens instead.
type hookedFS struct {
	durable.FS
	before func(op, name string) error
}

func (h hookedFS) List(name string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		if err := h.before("list", name); err != nil {
			yield(nil, err)
			return
		}
		h.FS.List(name)(yield)
	}
}

func (h hookedFS) Lstat(name string) (fs.FileInfo, error) {
	if err := h.before("lstat", name); err != nil {
		return nil, err
	}
	return h.FS.Lstat(name)
}

func (h hookedFS) Open(name string) (durable.File, error) {
	if err := h.before("open", name); err != nil {
		return nil, err
	}
	return h.FS.Open(name)
}

func (h hookedFS) Create(name string, perm fs.FileMode) (durable.File, error) {
	if err := h.before("create", name); err != nil {
		return nil, err
	}
	f, err := h.FS.Create(name, perm)
	return hookedFile{f, h, name}, err
}

func (h hookedFS) Mkdir(name string, perm fs.FileMode) error {
	if err := h.before("mkdir", name); err != nil {
		return err
	}
	return h.FS.Mkdir(name, perm)
}

func (h hookedFS) Rename(oldname, newname string) error {
	if err := h.before("rename", oldname); err != nil {
		return err
	}
	return h.FS.Rename(oldname, newname)
}

func (h hookedFS) Remove(name string) error {
	if err := h.before("remove", name); err != nil {
		return err
	}
	return h.FS.Remove(name)
}

func (h hookedFS) SyncDir(name string) error {
	if err := h.before("syncdir", name); err != nil {
		return err
	}
	return h.FS.SyncDir(name)
}

func (h hookedFS) Lock(name string) (io.Closer, error) {
	if err := h.before("lock", name); err != nil {
		return nil, err
	}
	return h.FS.Lock(name)
}

type hookedFile struct {
	durable.File
	fsys hookedFS
	name string
}

func (f hookedFile) Write(p []byte) (int, error) {
	if err := f.fsys.before("write", f.name); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}
