package remote

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

// maxFile is how large a file of users, certificates or keys may be, in bytes.
const maxFile = 1 << 20

// readFile reads a file, and returns what it was like then.
func readFile(path string) ([]byte, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s: it is larger than %d bytes", path, maxFile)
	}
	return content, info, err
}

// readPrivate is readFile for a secret: others than its owner must have no rights to it.
func readPrivate(path string) ([]byte, os.FileInfo, error) {
	content, info, err := readFile(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("%s: others than its owner have rights to it (mode %#o): chmod 600 it", path, info.Mode().Perm())
	}
	return content, info, err
}

// unchanged reports whether a file is the one that was read, as far as can be told without
// reading it.
func unchanged(now, read os.FileInfo) bool {
	return os.SameFile(now, read) && now.ModTime().Equal(read.ModTime()) && now.Size() == read.Size()
}
