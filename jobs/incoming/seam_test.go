package incoming_test

import (
	"io/fs"

	"mailchute/pkg/durable"
)

// hook is asked before a folder does something: open, read (at an offset), create, write,
// sync, mkdir, rename, replace, link, remove, syncdir or barrier. An error is what happens
// instead; nil lets it happen.
type hook func(op, name string) error

// hooked wraps a folder in a hook.
func hooked(before hook) func(durable.FS) durable.FS {
	return func(inner durable.FS) durable.FS { return hookedFS{inner, before} }
}

type hookedFS struct {
	durable.FS
	before hook
}

func (h hookedFS) Open(name string) (durable.File, error) {
	if err := h.before("open", name); err != nil {
		return nil, err
	}
	f, err := h.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return hookedFile{f, h.before, name}, nil
}

func (h hookedFS) Create(name string, perm fs.FileMode) (durable.File, error) {
	if err := h.before("create", name); err != nil {
		return nil, err
	}
	f, err := h.FS.Create(name, perm)
	if err != nil {
		return nil, err
	}
	return hookedFile{f, h.before, name}, nil
}

type hookedFile struct {
	durable.File
	before hook
	name   string
}

func (f hookedFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.before("read", f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f hookedFile) Sync() error {
	if err := f.before("sync", f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f hookedFile) Write(p []byte) (int, error) {
	if err := f.before("write", f.name); err != nil {
		return 0, err
	}
	return f.File.Write(p)
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

func (h hookedFS) Replace(oldname, newname string) error {
	if err := h.before("replace", oldname); err != nil {
		return err
	}
	return h.FS.Replace(oldname, newname)
}

func (h hookedFS) SyncDir(name string) error {
	if err := h.before("syncdir", name); err != nil {
		return err
	}
	return h.FS.SyncDir(name)
}

func (h hookedFS) Barrier() error {
	if err := h.before("barrier", "."); err != nil {
		return err
	}
	return h.FS.Barrier()
}

func (h hookedFS) Link(f durable.File, newname string) error {
	if err := h.before("link", newname); err != nil {
		return err
	}
	if wrapped, ok := f.(hookedFile); ok {
		f = wrapped.File
	}
	return h.FS.Link(f, newname)
}

func (h hookedFS) Remove(name string) error {
	if err := h.before("remove", name); err != nil {
		return err
	}
	return h.FS.Remove(name)
}
