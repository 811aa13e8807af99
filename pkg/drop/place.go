package drop

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Place is where a file or folder is, whichever path, link or bind mount leads there.
type Place struct {
	info   fs.FileInfo
	path   string // absolute, without links
	disk   string // the file system that it is on; "": not known
	inDisk string // the path there
}

// PlaceOf finds what path leads to, links included.
func PlaceOf(path string) (Place, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return Place{}, err
	}
	info, err := os.Stat(real)
	if err != nil {
		return Place{}, err
	}
	p := Place{info: info, path: real}
	p.disk, p.inDisk = onDisk(real)
	return p, nil
}

// Is reports whether the two are one file or folder.
func (p Place) Is(q Place) bool { return os.SameFile(p.info, q.info) }

// OneDisk reports whether the two are known to be on one file system.
func (p Place) OneDisk(q Place) bool { return p.disk != "" && p.disk == q.disk }

// Holds reports whether q is p or lies in it, at any depth.
func (p Place) Holds(q Place) bool {
	return p.Is(q) || isUnder(q.path, p.path) || (p.OneDisk(q) && isUnder(q.inDisk, p.inDisk))
}

// isUnder reports whether a clean absolute path is dir or lies in it.
func isUnder(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}
