package incoming_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
)

// What is no regular file of a message's name is neither read nor counted nor moved.
func TestNeverRead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ format, folder string }{{"eml", ""}, {"drop-write", "new"}} {
		t.Run(row.format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, row.format)
			w.library(library.Library{Name: "invoices"})
			dir := filepath.Join(w.dir, "drop", row.folder)
			secret := filepath.Join(t.TempDir(), "secret.eml")
			w.write(secret, good())
			w.must(os.MkdirAll(filepath.Join(dir, "folder.eml"), 0o700))
			w.write(filepath.Join(dir, "folder.eml", "within.eml"), good())
			w.write(filepath.Join(dir, ".hidden.eml"), good())
			w.must(os.Symlink(secret, filepath.Join(dir, "link.eml")))
			w.must(os.Symlink("/etc", filepath.Join(dir, "etc.eml")))
			w.must(os.Symlink(filepath.Join(dir, "loop.eml"), filepath.Join(dir, "loop.eml")))
			w.must(syscall.Mkfifo(filepath.Join(dir, "fifo.eml"), 0o600))
			before := w.waiting()

			if sum := w.drain(); sum.Processed != 0 || sum.Backlog != 0 {
				t.Errorf("got summary %+v, want nothing processed and nothing waiting", sum)
			}
			if diff := cmp.Diff(before, w.waiting()); diff != "" {
				t.Errorf("the drop folder (-before +after):\n%s", diff)
			}
			if left := w.ours(); len(left) > 0 {
				t.Errorf("got %q in .mailchute, want nothing", left)
			}
			if w.log.Len() == 0 || len(w.events(6872))+len(w.events(6873)) > 0 {
				t.Errorf("got the log\n%s\nwant event 6871 and nothing else", w.log)
			}
		})
	}
}
