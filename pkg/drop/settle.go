package drop

import (
	"errors"
	"io/fs"
	"os"
	"path"
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

// wholeFactor is how many times longer than others a file has to stand still that looks
// as if it ended in the middle.
const wholeFactor = 10

// clockTick is how much younger a file may seem than it is: the clocks that file systems
// go by move in ticks of up to that.
const clockTick = 10 * time.Millisecond

// settled reports whether the writer of a file is done with it. If not, NextDue says when
// to ask again. A file that nobody has open, as a lease proves, is done if it looks whole;
// else it has to stand still: its writer may open it again. Where no lease tells, a file has
// to stand still, and for long if it looks unfinished: a share may tell late of what its writer does. An empty file is never taken:
// nobody has begun to write it, or somebody has given up, which an Unreadable says in time.
func (f *Folder) settled(name string, info fs.FileInfo) (bool, error) {
	now := f.o.Now()
	// The age is told by the file system's own clock. A file from the future has none.
	age := now.Add(f.skew).Sub(touched(info))
	if info.Size() == 0 {
		return false, f.leftEmpty(name, age)
	}
	if !f.leases && age >= wholeFactor*f.o.Settle {
		return true, nil
	}
	file, err := f.openSettling(name, info)
	if err != nil {
		return false, err
	}
	closed := false
	if file != nil {
		defer file.Close()
		open, known := f.hasWriter(file, info)
		if open {
			f.dueAt(now.Add(f.o.Settle))
			return false, nil
		}
		if closed = known; closed && (age+clockTick >= f.o.Settle || looksWhole(file, info.Size())) {
			return true, nil
		}
	}
	still, need := age, f.o.Settle
	if still < need {
		still = max(age, f.stoodStill(name, info, now))
	}
	if file != nil && !closed && still >= need && still < wholeFactor*need && !looksWhole(file, info.Size()) {
		need *= wholeFactor
	}
	if still >= need {
		return true, nil
	}
	f.dueAt(now.Add(need - still))
	return false, nil
}

// leftEmpty says of a file that has been empty for long that it stays where it is.
func (f *Folder) leftEmpty(name string, age time.Duration) error {
	if age < wholeFactor*f.o.Settle {
		return nil
	}
	f.shun(name)
	return &Unreadable{Name: path.Base(name), Err: errEmpty}
}

var errEmpty = errors.New("it is empty: its writer has written nothing, or has given up")

// openSettling opens a file that settles; nil where it is gone or may not be read, which
// its claim will tell. Other errors prove nothing: no descriptor is left, or the disk fails.
func (f *Folder) openSettling(name string, info fs.FileInfo) (durable.File, error) {
	if !f.mayRead(info) {
		return nil, nil
	}
	file, err := f.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, durable.ErrNotRegular) {
		return nil, nil
	}
	return file, err
}

// hasWriter reports whether a process has the file open for writing, where that can be
// known: by leases, which are for the file's owner. A lease that is had proves that there
// is none. One that is not had proves that there is one where leases can be had at all.
func (f *Folder) hasWriter(file durable.File, info fs.FileInfo) (open, known bool) {
	if uid, ok := ownerOf(info); !ok || uid != os.Geteuid() {
		return false, false
	}
	if file.NoWriter() {
		f.leases = true
		return false, true
	}
	return f.leases, f.leases
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
