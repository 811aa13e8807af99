// Package durabletest holds every durable.FS to its contract, and simulates a disk whose
// power can be cut.
//
// # What a power loss leaves
//
// A Disk knows what processes see and what is durable. Between the two stand bytes and
// changes of names that nobody has synced. Its rules are those of POSIX, read as strictly
// as a file system in use might; ext4, XFS and Btrfs are kinder in most of them:
//
//   - Bytes are durable after a Sync of their file. A Barrier does it for the files that
//     were made through its FS and closed. Of other bytes a power loss leaves all, none, a
//     beginning of any length, or zeros in place of any block.
//   - A Sync makes no name durable. A Create, Mkdir, Rename, Replace, Link or Remove is
//     durable after a SyncDir of a folder whose names it changed, or a Barrier of the FS that
//     it was made through; that reaches the names of the folders above, too.
//     Of other changes a power loss leaves any, in whatever order they were made.
//   - A Rename or Replace is one change: it leaves the file under its old name or under
//     its new one, never under both or neither.
//   - Changes of one name keep their order: what came later is durable only with what
//     came before.
//   - The removal of a folder is durable only with the changes that emptied it.
//   - A name is found where its folder is found. What was moved into a new folder is lost
//     with it while the folder's own name is not durable.
//   - A Barrier reaches no more than the contract says; syncfs(2) reaches the whole file
//     system.
//   - Locks end.
//
// Nothing here fails by itself: the disk is never full, what a call has made durable
// stays, and NoWriter proves nothing.
package durabletest

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"mailchute/pkg/durable"
)

// ErrPower is the error of whatever is asked of a disk after its PowerLoss.
var ErrPower = errors.New("the power is gone")

// Disk is one simulated file system. It is safe for concurrent use.
type Disk struct {
	mu      sync.Mutex
	off     bool
	root    *node
	made    uint64    // nodes so far
	pending []*change // what is not durable yet, oldest first
	locks   map[*node]bool
}

// node is a file or a folder, whatever its names.
type node struct {
	number   uint64
	mode     fs.FileMode
	modified time.Time
	links    int // names that it has
	file
	folder
}

// file is what a node has that is a file.
type file struct {
	data   []byte
	synced int // so many bytes of data are durable
}

// folder is what a node has that is a folder.
type folder struct {
	names   map[string]*node // as processes see them
	durable map[string]*node // as a power loss leaves them at least
}

// NewDisk returns a disk with an empty root folder, "/".
func NewDisk() *Disk {
	d := &Disk{locks: map[*node]bool{}}
	d.root = d.newNode(fs.ModeDir | 0o755)
	d.root.links = 1
	return d
}

// Open opens a folder by its path from the root, "/spool/drop", as durable.Open does.
// Files of one FS can be linked through another of the same disk.
func (d *Disk) Open(path string) (durable.FS, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.folderAt(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open folder", Path: path, Err: err}
	}
	return &simFS{disk: d, path: path, root: n}, nil
}

func (d *Disk) folderAt(path string) (*node, error) {
	if d.off {
		return nil, ErrPower
	}
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("not a path from the root: %w", fs.ErrInvalid)
	}
	name := strings.TrimPrefix(path, "/")
	if name == "" {
		name = "."
	}
	n, err := d.root.find(name)
	if err == nil {
		err = n.wantFolder()
	}
	return n, err
}

// newNode returns a node without a name.
func (d *Disk) newNode(mode fs.FileMode) *node {
	d.made++
	n := &node{number: d.made, mode: mode, modified: time.Now()}
	if mode.IsDir() {
		n.names, n.durable = map[string]*node{}, map[string]*node{}
	}
	return n
}
