package storetest

import (
	"errors"
	"io/fs"

	"mailchute/pkg/durable"
)

// FS returns an FS whose changes are effects. Files opened through one such FS can be
// linked through another, but not through a bare FS: wrap both.
func (e *Effects) FS(inner durable.FS) durable.FS { return effectFS{FS: inner, effects: e} }

type effectFS struct {
	durable.FS
	effects *Effects
}

func (f effectFS) Open(name string) (durable.File, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return effectFile{File: file, effects: f.effects, name: name}, nil
}

func (f effectFS) Create(name string, perm fs.FileMode) (durable.File, error) {
	var file durable.File
	err := f.effects.do("create "+name, func() (err error) {
		file, err = f.FS.Create(name, perm)
		return err
	})
	if err != nil {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
		return nil, err
	}
	return effectFile{File: file, effects: f.effects, name: name}, nil
}

func (f effectFS) Mkdir(name string, perm fs.FileMode) error {
	return f.effects.do("mkdir "+name, func() error { return f.FS.Mkdir(name, perm) })
}

func (f effectFS) Rename(oldname, newname string) error {
	return f.effects.do("rename "+oldname+" "+newname, func() error { return f.FS.Rename(oldname, newname) })
}

func (f effectFS) Replace(oldname, newname string) error {
	return f.effects.do("replace "+oldname+" "+newname, func() error { return f.FS.Replace(oldname, newname) })
}

func (f effectFS) Link(file durable.File, newname string) error {
	if wrapped, ok := file.(effectFile); ok {
		file = wrapped.File
	}
	return f.effects.do("link "+newname, func() error { return f.FS.Link(file, newname) })
}

func (f effectFS) Remove(name string) error {
	return f.effects.do("remove "+name, func() error { return f.FS.Remove(name) })
}

func (f effectFS) SyncDir(name string) error {
	return f.effects.do("syncdir "+name, func() error { return f.FS.SyncDir(name) })
}

func (f effectFS) Barrier() error {
	return f.effects.do("barrier", f.FS.Barrier)
}

type effectFile struct {
	durable.File
	effects *Effects
	name    string
}

func (f effectFile) Write(p []byte) (n int, err error) {
	err = f.effects.doOrPart("write "+f.name,
		func() (err error) { n, err = f.File.Write(p); return err },
		func() { n, _ = f.File.Write(p[:len(p)/2]) })
	return n, err
}

func (f effectFile) Sync() error {
	return f.effects.do("sync "+f.name, f.File.Sync)
}
