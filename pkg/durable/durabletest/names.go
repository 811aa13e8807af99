package durabletest

import (
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// nameMax is the most bytes of a file's or folder's own name, as most file systems have it.
const nameMax = 255

// slot returns the place of a name, taken or free.
func (f *simFS) slot(name string) (set, error) {
	if name == "." || !fs.ValidPath(name) {
		return set{}, fs.ErrInvalid
	}
	dir, err := f.root.find(path.Dir(name))
	if err == nil {
		err = dir.wantFolder()
	}
	if err == nil && dir.links == 0 {
		err = fs.ErrNotExist // it was removed while this FS held it open
	}
	if err == nil && len(path.Base(name)) > nameMax {
		err = syscall.ENAMETOOLONG
	}
	return set{dir: dir, name: path.Base(name)}, err
}

// taken returns the place of a name, with what has it.
func (f *simFS) taken(name string) (set, error) {
	at, err := f.slot(name)
	if err != nil {
		return at, err
	}
	if at.to = at.dir.names[at.name]; at.to == nil {
		err = fs.ErrNotExist
	}
	return at, err
}

// free returns the place of a name that nothing has.
func (f *simFS) free(name string) (set, error) {
	at, err := f.slot(name)
	if err == nil && at.dir.names[at.name] != nil {
		err = fs.ErrExist
	}
	return at, err
}

// find returns what has a name below n, n itself for ".".
func (n *node) find(name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, fs.ErrInvalid
	}
	if name == "." {
		return n, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if err := n.wantFolder(); err != nil {
			return nil, err
		}
		if n = n.names[part]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

func (n *node) wantFolder() error {
	if !n.mode.IsDir() {
		return syscall.ENOTDIR
	}
	return nil
}

// holds reports whether dir is n or below it.
func (n *node) holds(dir *node) bool {
	if n == dir {
		return true
	}
	for _, child := range n.names {
		if child.mode.IsDir() && child.holds(dir) {
			return true
		}
	}
	return false
}
