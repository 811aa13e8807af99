package drop

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"mailchute/pkg/durable"
)

// look is what a file that is written in place looked like when it was last seen to
// change, and when that was.
type look struct {
	print fingerprint
	since time.Time
	pass  uint32
}

// fingerprint tells whether a file has changed.
type fingerprint struct {
	size    int64
	mode    fs.FileMode
	owner   int
	touched int64
}

func fingerprintOf(info fs.FileInfo) fingerprint {
	owner, _ := ownerOf(info)
	return fingerprint{size: info.Size(), mode: info.Mode(), owner: owner, touched: touched(info).UnixNano()}
}

// maxLooks bounds how many settling files are remembered; the others wait their turn.
const maxLooks = 10_000

// settled reports whether the writer of a file is done with it. If not, NextDue says when
// to ask again, except for an empty file: that is one that nobody has begun to write.
func (f *Folder) settled(name string, info fs.FileInfo) (bool, error) {
	if info.Size() == 0 {
		return false, nil
	}
	now := f.o.Now()
	open, known, err := f.hasWriter(name, info)
	if err != nil {
		return false, err
	}
	if known {
		if open {
			f.dueAt(now.Add(f.o.Settle))
		}
		return !open, nil
	}
	// The age is told by the file system's own clock. A file from the future has none.
	age := now.Add(f.skew).Sub(touched(info))
	if age >= f.o.Settle {
		return true, nil
	}
	stood := f.stoodStill(name, info, now)
	if stood >= f.o.Settle {
		return true, nil
	}
	f.dueAt(now.Add(f.o.Settle - max(age, stood)))
	return false, nil
}

// hasWriter reports whether a process has the file open for writing, where that can be
// known: by leases, which are for the file's owner.
func (f *Folder) hasWriter(name string, info fs.FileInfo) (open, known bool, err error) {
	uid, ok := ownerOf(info)
	if !f.leases || !ok || uid != os.Geteuid() {
		return false, false, nil
	}
	file, err := f.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, durable.ErrNotRegular) {
		return false, false, nil
	}
	if err != nil { // no descriptor is left, or the disk fails: that proves nothing
		return false, false, err
	}
	defer file.Close()
	return !file.NoWriter(), true, nil
}

// stoodStill returns for how long, by our own clock, a file has looked as it looks now.
func (f *Folder) stoodStill(name string, info fs.FileInfo, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	print := fingerprintOf(info)
	l := f.looks[name]
	switch {
	case l == nil && len(f.looks) >= maxLooks:
		return 0
	case l == nil || l.print != print:
		f.looks[name] = &look{print: print, since: now, pass: f.pass}
		return 0
	}
	l.pass = f.pass
	return now.Sub(l.since)
}
