package drop

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Doubts says what about the owners and modes of the folder, of those above it and of the one
// where messages arrive lets strangers meddle with the mail, or keeps us from taking it. They were found
// by Open; the folder is drained all the same.
func (f *Folder) Doubts() []string { return f.doubts }

// doubt looks at a folder in which messages lie or arrive.
func (f *Folder) doubt(name string, info fs.FileInfo) {
	at := filepath.Join(f.fs.Path(), name)
	mode := octal(info.Mode())
	sticky := info.Mode()&fs.ModeSticky != 0
	say := func(format string, args ...any) { f.doubts = append(f.doubts, fmt.Sprintf(format, args...)) }
	if info.Mode().Perm()&0o002 != 0 && !sticky {
		say("%s can be written by every user of this system (mode %04o): any of them can remove and replace mail there; chmod o-w it", at, mode)
	}
	if name == "." {
		f.doubtAbove()
	}
	uid, known := ownerOf(info)
	if !known {
		return
	}
	us := os.Geteuid()
	if sticky && us != 0 && us != uid {
		say("%s has the sticky bit (mode %04o) and belongs to user %d: user %d can take only its own files there; chmod -t it", at, mode, uid, us)
	}
	if us != uid && uid != 0 && !slices.Contains(f.owners, uid) {
		say("%s belongs to user %d, who can remove and replace mail there, and whose files this feed does not take: chown it, or name the user in owners", at, uid)
	}
}

// doubtAbove looks at the folders above the drop folder.
func (f *Folder) doubtAbove() {
	place, err := PlaceOf(f.fs.Path())
	if err != nil {
		return // it was moved since it was opened: the next run tells
	}
	if how := place.ExposedAbove(); how != "" {
		f.doubts = append(f.doubts, how)
	}
}

// octal is a mode as chmod(1) writes it.
func octal(mode fs.FileMode) uint32 {
	n := uint32(mode.Perm())
	if mode&fs.ModeSticky != 0 {
		n |= 0o1000
	}
	return n
}
