package drop

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Exposed says how every user of this system can write the place itself, sticky bit or not,
// or put something else there (ExposedAbove); "" they cannot.
func (p Place) Exposed() string { return p.exposed(true) }

// ExposedAbove says in which folder above the place every user of this system can put
// something else in its way; "" in none. What others may not search lets nobody through to
// what is in it, and the sticky bit guards it.
func (p Place) ExposedAbove() string { return p.exposed(false) }

func (p Place) exposed(itself bool) (how string) {
	if runtime.GOOS == "windows" {
		return "" // modes say nothing there
	}
	below, at, info := "", p.path, p.info
	for at != below {
		others := info.Mode().Perm() & 0o007
		switch {
		case info.IsDir() && others&0o001 == 0:
			how = ""
		case how != "" || others&0o002 == 0:
		case below == "" && itself:
			how = fmt.Sprintf("%s can be written by every user of this system (mode %04o); chmod o-w it", at, octal(info.Mode()))
		case below != "" && info.Mode()&fs.ModeSticky == 0:
			how = fmt.Sprintf("every user of this system can put something else in place of %s, for all may write %s (mode %04o); chmod o-w it",
				below, at, octal(info.Mode()))
		}
		below, at = at, filepath.Dir(at)
		var err error
		if info, err = os.Lstat(at); err != nil {
			return how // it was moved since: who uses it finds out
		}
	}
	return how
}

// Owner returns the uid of who owns the place, where the system knows owners.
func (p Place) Owner() (uid int, ok bool) { return ownerOf(p.info) }
