package durabletest

import (
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"

	"mailchute/pkg/durable"
)

// capacity is the size of every disk.
const capacity = 1 << 40

// simFS is one open folder of a Disk.
type simFS struct {
	disk   *Disk
	path   string
	root   *node
	closed bool
	touched
}

// touched is what was changed through one FS since its last Barrier.
type touched struct {
	files   []*node // written and closed
	folders []*node
}

// touch notes the folders that lead to names which were changed.
func (f *simFS) touch(names ...string) {
	for _, name := range names {
		n := f.root
		f.folders = append(f.folders, n)
		for part := range strings.SplitSeq(path.Dir(name), "/") {
			if n = n.names[part]; n == nil {
				break
			}
			f.folders = append(f.folders, n)
		}
	}
}

func (f *simFS) Path() string { return f.path }

// InPlace is true: a Disk's own folders stay where they are.
func (f *simFS) InPlace() bool { return true }

func (f *simFS) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.closed = true
	return nil
}

func (f *simFS) Open(name string) (opened durable.File, err error) {
	err = f.do("open", name, func() error {
		n, err := f.root.find(name)
		if err == nil && n.mode.IsDir() {
			err = durable.ErrNotRegular
		}
		opened = &simFile{fsys: f, name: name, node: n}
		return err
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

func (f *simFS) Lstat(name string) (info fs.FileInfo, err error) {
	err = f.do("lstat", name, func() error {
		n, err := f.root.find(name)
		if err == nil {
			info = n.info(name)
		}
		return err
	})
	return info, err
}

// List yields the entries by name.
func (f *simFS) List(name string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		var entries []fs.DirEntry
		err := f.do("list", name, func() error {
			n, err := f.root.find(name)
			if err == nil {
				err = n.wantFolder()
			}
			if err != nil {
				return err
			}
			for _, child := range slices.Sorted(maps.Keys(n.names)) {
				entries = append(entries, fs.FileInfoToDirEntry(n.names[child].info(child)))
			}
			return nil
		})
		if err != nil {
			yield(nil, err)
			return
		}
		for _, entry := range entries {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (f *simFS) Create(name string, perm fs.FileMode) (created durable.File, err error) {
	err = f.do("create", name, func() error {
		n, err := f.makeNode(name, perm.Perm())
		created = &simFile{fsys: f, name: name, node: n, writes: true}
		return err
	})
	if err != nil {
		return nil, err
	}
	return created, nil
}

func (f *simFS) Mkdir(name string, perm fs.FileMode) error {
	return f.do("make folder", name, func() error {
		_, err := f.makeNode(name, fs.ModeDir|perm.Perm())
		return err
	})
}

func (f *simFS) makeNode(name string, mode fs.FileMode) (*node, error) {
	at, err := f.free(name)
	if err != nil {
		return nil, err
	}
	at.to = f.disk.newNode(mode)
	f.disk.change(&change{sets: []set{at}})
	f.touch(name)
	return at.to, nil
}

func (f *simFS) Rename(oldname, newname string) error {
	return f.do("rename to "+newname, oldname, func() error {
		from, err := f.taken(oldname)
		if err != nil {
			return err
		}
		to, err := f.free(newname)
		if err != nil {
			return err
		}
		return f.move(from, to, oldname, newname)
	})
}

// Replace moves files only, as the contract has it; rename(2) takes folders too.
func (f *simFS) Replace(oldname, newname string) error {
	return f.do("rename over "+newname, oldname, func() error {
		from, err := f.taken(oldname)
		if err != nil {
			return err
		}
		to, err := f.slot(newname)
		if err != nil {
			return err
		}
		switch there := to.dir.names[to.name]; {
		case from.to.mode.IsDir():
			return syscall.ENOTDIR
		case there == from.to:
			return nil // rename(2) leaves both names of one file
		case there != nil && there.mode.IsDir():
			return syscall.EISDIR
		}
		return f.move(from, to, oldname, newname)
	})
}

func (f *simFS) move(from, to set, oldname, newname string) error {
	if from.to.holds(to.dir) {
		return syscall.EINVAL
	}
	to.to, from.to = from.to, nil
	f.disk.change(&change{sets: []set{from, to}})
	f.touch(oldname, newname)
	return nil
}

func (f *simFS) Link(file durable.File, newname string) error {
	return f.do("link", newname, func() error {
		s, ok := file.(*simFile)
		if !ok || s.fsys.disk != f.disk {
			return durable.ErrCannotLink
		}
		to, err := f.free(newname)
		if err != nil {
			return err
		}
		if s.node.links == 0 {
			return fs.ErrNotExist
		}
		to.to = s.node
		f.disk.change(&change{sets: []set{to}})
		f.touch(newname)
		return nil
	})
}

func (f *simFS) Remove(name string) error {
	return f.do("remove", name, func() error {
		at, err := f.taken(name)
		if err != nil {
			return err
		}
		c := &change{}
		if at.to.mode.IsDir() {
			if len(at.to.names) > 0 {
				return syscall.ENOTEMPTY
			}
			c.removed = at.to
		}
		at.to = nil
		c.sets = []set{at}
		f.disk.change(c)
		f.touch(name)
		return nil
	})
}

func (f *simFS) SyncDir(name string) error {
	return f.do("sync folder", name, func() error {
		n, err := f.root.find(name)
		if err == nil {
			err = n.wantFolder()
		}
		if err == nil {
			f.disk.sync(n)
		}
		return err
	})
}

func (f *simFS) Barrier() error {
	return f.do("sync", ".", func() error {
		for _, n := range f.files {
			n.synced = len(n.data)
		}
		f.disk.sync(f.folders...)
		f.touched = touched{}
		return nil
	})
}

func (f *simFS) Space() (free, total int64, err error) {
	err = f.do("statfs", ".", func() error { return nil })
	if err != nil {
		return 0, 0, err
	}
	return capacity, capacity, nil
}

// do does something that is about a name, unless the power or the folder is gone.
func (f *simFS) do(op, name string, act func() error) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	var err error
	switch {
	case f.disk.off:
		err = ErrPower
	case f.closed:
		err = fs.ErrClosed
	default:
		err = act()
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: path.Join(f.path, name), Err: err}
	}
	return nil
}
