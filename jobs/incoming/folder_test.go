package incoming_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
)

// A drop folder that cannot be drained is not drained, says so once, and keeps its mail.
func TestReadOnlyDropFolder(t *testing.T) {
	t.Parallel()
	var locked atomic.Bool
	locked.Store(true)
	readOnly := func(op, name string) error {
		if op != "open" && locked.Load() {
			return &fs.PathError{Op: op, Path: name, Err: syscall.EROFS}
		}
		return nil
	}
	w := newWorld(t, "eml", with(func(o *incoming.Options) { o.OpenFolder = wrapped(hooked(readOnly)) }))
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", good())
	for range 3 {
		if sum := w.drainBadly("read-only"); sum.Processed != 0 {
			t.Errorf("got summary %+v, want nothing processed", sum)
		}
	}
	if got := strings.Count(w.log.String(), "cannot be drained"); got != 1 {
		t.Errorf("got %d complaints, want one:\n%s", got, w.log)
	}
	if !strings.Contains(w.log.String(), "read-only") {
		t.Errorf("got no word of what is wrong:\n%s", w.log)
	}
	locked.Store(false)
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the message filed", sum)
	}
	if !strings.Contains(w.log.String(), "drained again") {
		t.Errorf("got no word that the folder is drained again:\n%s", w.log)
	}
	w.drained()
}

// A drop folder that is not there, or no folder, keeps nobody else waiting.
func TestDropFolderAbsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml", with(func(o *incoming.Options) {
		absent, file := o.Feeds[0], o.Feeds[0]
		absent.Name, absent.Path = "absent", filepath.Join(t.TempDir(), "absent")
		file.Name, file.Path = "file", filepath.Join(filepath.Dir(o.Feeds[0].Path), "catalog.db")
		o.Feeds = []incoming.Feed{absent, file, o.Feeds[0]}
	}))
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", good())
	if sum := w.drainBadly("feed absent"); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the message of the third feed filed", sum)
	}
	if got := strings.Count(w.log.String(), "cannot be drained"); got != 2 {
		t.Errorf("got %d complaints, want one for each feed that cannot be drained:\n%s", got, w.log)
	}
}

// A link to a drop folder is followed once, when it is opened.
func TestSymlinkedDropFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	target := t.TempDir()
	w.must(os.Remove(filepath.Join(w.dir, "drop")))
	w.must(os.Symlink(target, filepath.Join(w.dir, "drop")))
	w.drop("1.eml", good())
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the message filed", sum)
	}
	w.write(filepath.Join(target, "2.eml"), good())
	w.must(os.Remove(filepath.Join(w.dir, "drop")))
	w.must(os.Symlink(t.TempDir(), filepath.Join(w.dir, "drop")))
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the folder that was opened drained still", sum)
	}
}

// What .mailchute leads to is not ours where it is a link.
func TestLinkInPlaceOfOurFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	elsewhere := t.TempDir()
	w.must(os.Symlink(elsewhere, filepath.Join(w.dir, "drop", ".mailchute")))
	w.drop("1.eml", good())
	if sum := w.drainBadly(".mailchute is not a folder"); sum.Processed != 0 {
		t.Errorf("got summary %+v, want nothing processed", sum)
	}
	entries, err := os.ReadDir(elsewhere)
	if err != nil || len(entries) > 0 {
		t.Errorf("got %v, %v behind the link, want nothing", entries, err)
	}
	if !strings.Contains(w.log.String(), ".mailchute") {
		t.Errorf("got no word of .mailchute:\n%s", w.log)
	}
}

// A drop folder that is moved away is left alone, and the one that takes its place is
// drained, whether or not the job was asked to look meanwhile.
func TestDropFolderReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.drain()
	drop := filepath.Join(w.dir, "drop")
	w.must(os.Rename(drop, filepath.Join(w.dir, "old")))
	w.write(filepath.Join(w.dir, "old", "1.eml"), good())
	if _, err := w.job.Drain(t.Context()); err == nil {
		t.Error("got no word of the drop folder that is gone")
	}
	w.must(os.Mkdir(drop, 0o755))
	w.drop("2.eml", good())
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the new folder's message filed", sum)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "old", "1.eml")); err != nil {
		t.Errorf("the folder that was moved away was drained: %v", err)
	}
	w.drained()
}

// An address that Unicode makes look like a user's is nobody's: an MTA that ties senders
// to logins knows nothing of it.
func TestLookAlikeSender(t *testing.T) {
	t.Parallel()
	for _, sender := range []string{"alice@case\u3002test", "alice@\uff43ase.test", "alice@ca\u00adse.test"} {
		w := newWorld(t, "eml")
		w.library(library.Library{Name: "invoices"})
		w.drop("1.eml", mail(sender, "invoices@case.test")+letter)
		w.drain()
		if diff := cmp.Diff([]string{"held ambiguous-sender invoices@case.test"}, w.verdicts("1.eml")); diff != "" {
			t.Errorf("%q: verdicts (-want +got):\n%s", sender, diff)
		}
	}
}

// A file that cannot be claimed is said in each run; its folder stays open, with all that
// is known of it.
func TestDamagedFileKeepsFolderOpen(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	w := newWorld(t, "eml", with(func(o *incoming.Options) {
		o.OpenFolder = wrapped(func(inner durable.FS) durable.FS {
			opened.Add(1)
			return damagedFS{inner}
		})
	}))
	w.library(library.Library{Name: "invoices"})
	w.drop("bad.eml", good())
	w.drop("1.eml", good())
	if sum := w.drainBadly("input/output error"); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the other message filed", sum)
	}
	before := opened.Load()
	w.drainBadly("input/output error")
	if got := opened.Load(); got != before {
		t.Errorf("got %d folders opened anew, want none", got-before)
	}
}

// damagedFS fails to rename bad.eml.
type damagedFS struct{ durable.FS }

func (d damagedFS) Rename(oldname, newname string) error {
	if strings.HasSuffix(oldname, "bad.eml") {
		return syscall.EIO
	}
	return d.FS.Rename(oldname, newname)
}
