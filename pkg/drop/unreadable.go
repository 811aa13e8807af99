package drop

import (
	"errors"
	"fmt"
)

// Unreadable is the error of a file that we may not read or move: of another owner, with
// rights that keep us out, or no regular file. It stays in the drop folder and counts in
// the backlog. A process says so once, until the file changes.
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

// shun is what a file looked like when it was found unreadable.
type shun struct {
	file  string
	print fingerprint
	pass  int
}

// unreadable puts the file back and remembers it.
func (it *Item) unreadable(cause error) error {
	file, met, err := it.putBack()
	if err != nil {
		return errors.Join(cause, err)
	}
	it.folder.shun(met, file)
	return &Unreadable{Name: it.Name, Err: cause}
}

// shun remembers a file that scans meet under the name met.
func (f *Folder) shun(met, file string) {
	info, err := f.fs.Lstat(file)
	if err != nil {
		return // gone: there is nothing to remember
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shunned[met] = &shun{file: file, print: fingerprintOf(info), pass: f.pass}
}

// isShunned reports whether the file that a scan meets under this name was unreadable and
// has not changed since.
func (f *Folder) isShunned(met string) bool {
	f.mu.Lock()
	s := f.shunned[met]
	f.mu.Unlock()
	if s == nil {
		return false
	}
	info, err := f.fs.Lstat(s.file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil || fingerprintOf(info) != s.print {
		delete(f.shunned, met)
		return false
	}
	s.pass = f.pass
	return true
}
