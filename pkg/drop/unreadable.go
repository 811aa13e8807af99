package drop

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"path"
)

// Unreadable is the error of a file that we may not read or move: of another owner, with
// rights that keep us out, or no regular file; and of one that its writer has left empty.
// It stays in the drop folder and counts in the backlog. A process says so once, until the
// file changes.
type Unreadable struct {
	Name string // the file's name in the drop folder
	Err  error
}

// Error says what is wrong with the file.
func (e *Unreadable) Error() string {
	return fmt.Sprintf("drop file %s stays where it is: %v", e.Name, e.Err)
}

// Unwrap returns the cause.
func (e *Unreadable) Unwrap() error { return e.Err }

// shun is what is remembered of an unreadable file. Every file of a folder may be one, so
// it is two numbers: where two looks of one file hash to the same, a change goes unseen.
type shun struct {
	print uint32
	pass  uint32
}

// unreadable puts the file back and remembers it.
func (it *Item) unreadable(cause error) error {
	met, err := it.putBack()
	if err != nil {
		return errors.Join(cause, err)
	}
	it.folder.shun(met)
	return &Unreadable{Name: it.Name, Err: cause}
}

// shun remembers the file that scans meet under this name.
func (f *Folder) shun(met string) {
	print, err := f.look(met)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shunned[maphash.String(f.seed, met)] = shun{print: print, pass: f.pass}
}

// isShunned reports whether the file that a scan meets under this name was unreadable and
// has not changed since.
func (f *Folder) isShunned(met string) bool {
	key := maphash.String(f.seed, met)
	f.mu.Lock()
	s, ok := f.shunned[key]
	f.mu.Unlock()
	if !ok {
		return false
	}
	print, err := f.look(met)
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(err, fs.ErrNotExist) || (err == nil && print != s.print) {
		delete(f.shunned, key)
		return false
	}
	s.pass = f.pass
	f.shunned[key] = s
	return true
}

// look returns the hash of what a file looks like that a scan meets under this name; that
// of nothing, and the error, where it cannot be looked at.
func (f *Folder) look(met string) (uint32, error) {
	file, err := met, error(nil)
	if path.Dir(met) == retryDir {
		file, err = f.inBox(met)
	}
	var print fingerprint
	if err == nil {
		var info fs.FileInfo
		if info, err = f.fs.Lstat(file); err == nil {
			print = fingerprintOf(info)
		}
	}
	return uint32(maphash.Comparable(f.seed, print)), err
}
