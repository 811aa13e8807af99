package durabletest

import (
	"io"
	"io/fs"
	"path"
	"time"
)

// simFile is one open file of a simFS. What writes has made the file, and nobody else
// writes to it: so files only grow.
type simFile struct {
	fsys   *simFS
	name   string // as opened
	node   *node
	at     int // where the next Read begins
	writes bool
	closed bool
}

func (f *simFile) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, f.do("read", func() error { return nil })
	}
	err = f.do("read", func() error {
		n = copy(p, f.node.data[f.at:])
		f.at += n
		return nil
	})
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, err
}

func (f *simFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.do("read", func() error {
		if off < 0 {
			return fs.ErrInvalid
		}
		n = copy(p, f.node.data[min(off, int64(len(f.node.data))):])
		return nil
	})
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (f *simFile) Write(p []byte) (int, error) {
	err := f.do("write", func() error {
		if !f.writes {
			return fs.ErrPermission
		}
		f.node.data = append(f.node.data, p...)
		f.node.modified = time.Now()
		f.at = len(f.node.data)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *simFile) Stat() (info fs.FileInfo, err error) {
	err = f.do("stat", func() error {
		info = f.node.info(f.name)
		return nil
	})
	return info, err
}

func (f *simFile) Sync() error {
	return f.do("sync", func() error {
		f.node.synced = len(f.node.data)
		return nil
	})
}

func (f *simFile) Close() error {
	f.fsys.disk.mu.Lock()
	defer f.fsys.disk.mu.Unlock()
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	if f.writes {
		f.fsys.files = append(f.fsys.files, f.node)
	}
	return nil
}

// NoWriter proves nothing.
func (f *simFile) NoWriter() bool { return false }

// do does something with an open file.
func (f *simFile) do(op string, act func() error) error {
	f.fsys.disk.mu.Lock()
	defer f.fsys.disk.mu.Unlock()
	switch {
	case f.fsys.disk.off:
		return f.fail(op, ErrPower)
	case f.closed:
		return f.fail(op, fs.ErrClosed)
	}
	if err := act(); err != nil {
		return f.fail(op, err)
	}
	return nil
}

func (f *simFile) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: path.Join(f.fsys.path, f.name), Err: err}
}

// info describes n at this moment.
func (n *node) info(name string) fs.FileInfo {
	return fileInfo{name: path.Base(name), size: int64(len(n.data)), mode: n.mode, modified: n.modified}
}

type fileInfo struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return i.modified }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }
