package incoming_test

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
)

// The sentences that begin and end the trouble of a feed.
const (
	cannotDrain = "cannot be drained"
	drainsAgain = "drained again"
)

// said fails the test unless the log has this as often.
func (w *world) said(sentence string, times int) {
	w.t.Helper()
	if got := strings.Count(w.log.String(), sentence); got != times {
		w.t.Errorf("got %q %d times in the log, want %d:\n%s", sentence, got, times, w.logged())
	}
}

// logged returns the log without the events of runs.
func (w *world) logged() string {
	var b strings.Builder
	for line := range strings.Lines(w.log.String()) {
		if !strings.Contains(line, `"event_id":6871`) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// filed fails the test unless there are so many documents, nothing is left, and all agrees.
func (w *world) filed(documents int) {
	w.t.Helper()
	if got := len(w.documents("invoices")); got != documents {
		w.t.Errorf("got %d documents, want %d; the log is\n%s", got, documents, w.logged())
	}
	w.drained()
	w.verify()
}

// A drop folder whose file system goes away, or whose rights do, is said to be in trouble
// once, however long that lasts, and drained again when it is back, whether it comes back
// as it was or as another mount.
func TestDropFolderUnmounted(t *testing.T) {
	t.Parallel()
	for _, trouble := range []syscall.Errno{syscall.ENOENT, syscall.EIO, syscall.ESTALE, syscall.ENOTCONN, syscall.EACCES} {
		for name, anew := range map[string]bool{"back as it was": false, "mounted anew": true} {
			t.Run(trouble.Error()+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var m mount
					w := newWorld(t, "eml", with(func(o *incoming.Options) { o.OpenFolder = m.open }))
					defer w.end()
					w.library(library.Library{Name: "invoices"})
					w.drop("1.eml", good())
					w.runFor(time.Minute)
					m.goAway(trouble)
					w.drop("2.eml", good())
					w.runFor(10 * time.Minute)
					w.said(cannotDrain, 1)
					w.said(drainsAgain, 0)
					w.said(trouble.Error()+"; ", 1) // and what to do about it
					m.comeBack(anew)
					w.runFor(2 * time.Minute)
					w.said(cannotDrain, 1)
					w.said(drainsAgain, 1)
					w.filed(2)
				})
			})
		}
	}
}

// A file system that goes away while a message is in hand: the message is filed once.
func TestUnmountedWithMailInHand(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"rename", "open", "read", "remove"} {
		for _, row := range []struct {
			name    string
			trouble syscall.Errno
			anew    bool
		}{
			{"EIO for a while", syscall.EIO, false},
			{"EIO, mounted anew", syscall.EIO, true},
			{"ESTALE for ever", syscall.ESTALE, true},
			{"ENOENT, mounted anew", syscall.ENOENT, true},
		} {
			t.Run(op+", "+row.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var m mount
					w := newWorld(t, "eml", with(func(o *incoming.Options) { o.OpenFolder = m.open }))
					defer w.end()
					w.library(library.Library{Name: "invoices"})
					w.drop("1.eml", good())
					w.drop("2.eml", good())
					m.goAwayAt(op, row.trouble)
					w.runFor(5 * time.Minute)
					if !m.away() {
						t.Fatal("it never went away: the test proves nothing")
					}
					m.comeBack(row.anew)
					w.runFor(10 * time.Minute)
					w.said(cannotDrain, 1)
					w.said(drainsAgain, 1)
					w.filed(2)
				})
			})
		}
	}
}

// Whatever somebody removes, moves or puts in another's place, in the drop folder or
// with it, the job says so once, goes on by itself where nobody's help is needed, and else
// as soon as somebody has helped.
func TestDropFolderTakenApart(t *testing.T) {
	t.Parallel()
	remove := func(names ...string) func(string) error {
		return func(drop string) (err error) {
			for _, name := range names {
				err = errors.Join(err, os.RemoveAll(filepath.Join(drop, name)))
			}
			return err
		}
	}
	replace := func(name string, with func(path string) error) func(string) error {
		return func(drop string) error {
			return errors.Join(os.RemoveAll(filepath.Join(drop, name)), with(filepath.Join(drop, name)))
		}
	}
	folder := func(path string) error { return os.Mkdir(path, 0o700) }
	link := func(path string) error { return os.Symlink(os.TempDir(), path) }
	file := func(path string) error { return os.WriteFile(path, nil, 0o600) }
	for _, row := range []struct {
		name   string
		change func(drop string) error
		help   func(drop string) error // after some minutes; nil: nobody helps
		told   int                     // how often trouble is said
	}{
		{"new removed", remove("new"), nil, 1},
		{"new replaced by another", replace("new", folder), nil, 0},
		{"new replaced by a link", replace("new", link), replace("new", folder), 1},
		{"new replaced by a file", replace("new", file), remove("new"), 1},
		{"all of the maildir removed", remove("new", "tmp", "cur"), nil, 1},
		{"our folder removed", remove(".mailchute"), nil, 1},
		{"our folder emptied", remove(".mailchute/claimed", ".mailchute/retry", ".mailchute/tmp"), nil, 1},
		{"our folder of claims emptied", func(drop string) error {
			claims, err := filepath.Glob(filepath.Join(drop, ".mailchute/claimed/*"))
			if err == nil && len(claims) != 1 {
				err = errors.New("there is no instance to remove")
			}
			return errors.Join(err, remove(".mailchute/claimed")(drop), os.Mkdir(filepath.Join(drop, ".mailchute/claimed"), 0o700))
		}, nil, 1},
		{"our folder replaced by a link", replace(".mailchute", link), remove(".mailchute"), 1},
		{"our folder replaced by a file", replace(".mailchute", file), remove(".mailchute"), 1},
		{"the folder removed", remove("."), folder, 1},
		{"the folder replaced by another", replace(".", folder), nil, 0},
		{"the folder replaced by a file", replace(".", file), replace(".", folder), 1},
		{"the folder moved away", func(drop string) error { return os.Rename(drop, drop+".away") }, folder, 1},
		{
			"the folder moved away and back", func(drop string) error { return os.Rename(drop, drop+".away") },
			func(drop string) error { return os.Rename(drop+".away", drop) }, 1,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "drop-write")
				defer w.end()
				w.library(library.Library{Name: "invoices"})
				drop := filepath.Join(w.dir, "drop")
				arrive := func(name string) {
					w.must(os.MkdirAll(filepath.Join(drop, "new"), 0o700))
					w.drop(filepath.Join("new", name), mail("alice@case.test", "invoices@case.test")+"X-EndOfInjectedXHeaders: 1\r\n"+letter)
				}
				arrive("1")
				w.runFor(time.Minute)
				w.must(row.change(drop))
				w.runFor(5 * time.Minute)
				if row.help != nil {
					w.said(cannotDrain, row.told)
					w.must(row.help(drop))
				}
				arrive("2")
				w.runFor(2 * time.Minute)
				w.said(cannotDrain, row.told)
				w.said(drainsAgain, row.told)
				w.filed(2)
			})
		})
	}
}

// uncountedFS fails to list the drop folder while fail is set.
type uncountedFS struct {
	durable.FS
	fail *atomic.Bool
}

func (f uncountedFS) List(name string) iter.Seq2[fs.DirEntry, error] {
	if name == "." && f.fail.Load() {
		return func(yield func(fs.DirEntry, error) bool) { yield(nil, syscall.EIO) }
	}
	return f.FS.List(name)
}

// A backlog that cannot be counted while the folder is drained is said once, and is no
// trouble of the folder's, which would begin and end with each run.
func TestBacklogUncounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fail atomic.Bool
		w := newWorld(t, "eml", with(func(o *incoming.Options) {
			o.OpenFolder = wrapped(func(inner durable.FS) durable.FS { return uncountedFS{inner, &fail} })
			o.Progress = func(incoming.Progress) { fail.Store(true) }
		}))
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		for _, name := range []string{"1.eml", "2.eml", "3.eml"} {
			w.drop(name, good())
			w.runFor(time.Minute)
			fail.Store(false)
		}
		w.said("cannot be counted", 1)
		w.said("counted again", 0)
		w.runFor(time.Minute)
		w.said("counted again", 1)
		w.said(cannotDrain, 0)
		w.filed(3)
	})
}
