package incoming_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/library"
)

// good is a message that alice may send to invoices.
func good() string { return mail("alice@case.test", "invoices@case.test") + letter }

// Names that only some formats take, and temporary ones, are left alone.
func TestNotOfTheFormat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	for _, name := range []string{"readme.txt", "a.eml.part", "~a.eml", "noext", "eml"} {
		w.drop(name, good())
	}
	w.drop("A.EML", good())
	if sum := w.drain(); sum.Filed != 1 || sum.Backlog != 0 {
		t.Errorf("got summary %+v, want A.EML filed and nothing else", sum)
	}
	if diff := cmp.Diff([]string{"a.eml.part", "eml", "noext", "readme.txt", "~a.eml"}, w.waiting()); diff != "" {
		t.Errorf("the drop folder (-want +got):\n%s", diff)
	}
}

// An empty file is one that nobody has begun to write, unless the format renames.
func TestEmptyFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", "")
	if sum := w.drain(); sum.Processed != 0 || sum.Backlog != 1 {
		t.Errorf("got summary %+v, want the empty file left waiting", sum)
	}
	w.write(filepath.Join(w.dir, "drop", "1.eml"), good())
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want it filed once it is written", sum)
	}
	w.drained()

	maildir := newWorld(t, "postfix")
	maildir.must(os.Mkdir(filepath.Join(maildir.dir, "drop", "new"), 0o700))
	maildir.drop("new/1", "")
	if sum := maildir.drain(); sum.Held != 1 || sum.Failed[0].Reason != "no-envelope" {
		t.Errorf("got summary %+v, want the empty file held", sum)
	}
	if got := len(maildir.events(6872)); got != 1 {
		t.Errorf("got %d events 6872, want one:\n%s", got, maildir.log)
	}
	maildir.drained()
}

// A file that we may not read stays where it is, is complained of once and counted.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*incoming.Options){
		"of another owner": func(o *incoming.Options) { o.Feeds[0].Owners = []int{os.Geteuid() + 1} },
		"without the right": func(o *incoming.Options) {
			o.OpenFolder = wrapped(hooked(func(op, name string) error {
				if op == "open" && strings.HasSuffix(name, "1.eml") {
					return &fs.PathError{Op: op, Path: name, Err: syscall.EACCES}
				}
				return nil
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml", with(change))
			w.library(library.Library{Name: "invoices"})
			w.drop("1.eml", good())
			for range 3 {
				if sum := w.drain(); sum.Processed != 0 || sum.Backlog != 1 {
					t.Errorf("got summary %+v, want the file left waiting", sum)
				}
			}
			if diff := cmp.Diff([]string{"1.eml"}, w.waiting()); diff != "" {
				t.Errorf("the drop folder (-want +got):\n%s", diff)
			}
			if e := w.events(6872); len(e) != 1 || e[0]["file"] != "1.eml" || e[0]["detail"] == "" {
				t.Errorf("got events 6872 %v, want one of 1.eml", e)
			}
			w.restart()
			if sum := w.drain(); sum.Filed != 1 {
				t.Errorf("got summary %+v, want the file filed once it can be read", sum)
			}
			w.drained()
		})
	}
}

// A file that somebody else removes on its way is no message any more, and hurts no other.
func TestVanishes(t *testing.T) {
	t.Parallel()
	const claimed = ".mailchute/claimed/"
	for _, row := range []struct {
		before, folder string
		want           counts
	}{
		{"rename", "1.eml", counts{filed: 1}},
		{"open", "1.eml", counts{filed: 1}},
		{"open", claimed, counts{filed: 1}},
		{"remove", claimed, counts{filed: 2}}, // it has been filed by then
	} {
		t.Run(row.before+" "+row.folder, func(t *testing.T) {
			t.Parallel()
			var w *world
			var removed atomic.Bool
			w = newWorld(t, "eml", with(func(o *incoming.Options) {
				o.OpenFolder = wrapped(hooked(func(op, name string) error {
					if op == row.before && path.Base(name) == "1.eml" && strings.HasPrefix(name, row.folder) && removed.CompareAndSwap(false, true) {
						return os.Remove(filepath.Join(w.dir, "drop", name))
					}
					return nil
				}))
			}))
			w.library(library.Library{Name: "invoices"})
			w.drop("1.eml", good())
			w.drop("2.eml", good())
			sum := w.drain()
			if got := countsOf(sum); got != row.want || sum.Backlog != 0 || !removed.Load() {
				t.Errorf("got summary %+v, want %+v and nothing waiting", sum, row.want)
			}
			w.drained()
			if row.want.filed == 1 {
				w.drop("1.eml", good())
				if sum := w.drain(); sum.Filed != 1 {
					t.Errorf("got summary %+v, want a file of that name filed later", sum)
				}
			}
			w.verify()
		})
	}
}

// A file whose writer goes on while it is read is put back, and filed when it is whole.
func TestChangesWhileRead(t *testing.T) {
	t.Parallel()
	half, rest, _ := strings.Cut(good(), "b\r\n--b--")
	rest = "b\r\n--b--" + rest
	var w *world
	var dropped atomic.Bool
	goOn := func(op, name string) error {
		if op != "read" || path.Base(name) != "1.eml" || !parsing() || !dropped.CompareAndSwap(true, false) {
			return nil
		}
		claimed, err := filepath.Glob(filepath.Join(w.dir, "drop/.mailchute/claimed/*/*/1.eml"))
		if err != nil || len(claimed) != 1 {
			t.Errorf("got %q, %v; want the claimed file", claimed, err)
			return nil
		}
		syscall.ForkLock.RLock() // see world.write
		defer syscall.ForkLock.RUnlock()
		f, err := os.OpenFile(claimed[0], os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(rest)
		return errors.Join(err, f.Close())
	}
	w = newWorld(t, "eml", with(func(o *incoming.Options) { o.OpenFolder = wrapped(hooked(goOn)) }))
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", half)
	dropped.Store(true)
	if sum := w.drain(); sum.Processed != 1 || sum.Filed != 1 {
		t.Errorf("got summary %+v, want the message filed once", sum)
	}
	if dropped.Load() {
		t.Error("the file was never changed: the test proves nothing")
	}
	docs := w.documents("invoices")
	if len(docs) != 1 || docs[0].Content.Digest.String() != hexDigest([]byte("a;b")) {
		t.Errorf("got %+v, want the whole attachment", docs)
	}
	w.drained()
	w.verify()
}
