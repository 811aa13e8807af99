package incoming_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/library"
)

// needsRoot skips a test that gives files away; where MAILCHUTE_TEST_SERVERS=require, the
// test fails.
func needsRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("MAILCHUTE_TEST_SERVERS") == "require":
		t.Fatal("needs the rights of root")
	default:
		t.Skip("needs the rights of root")
	}
}

// A folder that somebody else has put in the place of the drop folder brings no mail: its
// owner is none whose files are read, and that is said.
func TestDropFolderSwapped(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	const mta, stranger = 65534, 65533
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	drop := filepath.Join(w.dir, "drop")
	give := func(owner int, names ...string) {
		for _, name := range names {
			w.must(os.Lchown(filepath.Join(drop, name), owner, owner))
		}
	}
	w.drop("1.eml", good())
	give(mta, ".", "1.eml")
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("got summary %+v, want the mail of the folder's owner filed", sum)
	}

	w.must(os.Rename(drop, filepath.Join(w.dir, "old")))
	w.must(os.Mkdir(drop, 0o755))
	w.drop("2.eml", good()+"2")
	w.drop("3.eml", good()+"3")
	give(stranger, ".", "2.eml")
	give(mta, "3.eml")
	if sum := w.drain(); sum.Filed != 1 || sum.Processed != 1 || sum.Backlog != 1 {
		t.Errorf("got summary %+v, want the file of the folder's new owner left waiting", sum)
	}
	for _, want := range []string{
		"drop belongs to user 65533, who can remove and replace mail there, and whose files this feed does not take",
		"it belongs to user 65533, whose files this feed does not take",
	} {
		if n := strings.Count(w.log.String(), want); n != 1 {
			t.Errorf("got %q %d times in the log, want once:\n%s", want, n, w.log)
		}
	}

	// Who starts the service anew takes the folder as it is.
	w.restart()
	if sum := w.drain(); sum.Filed != 1 {
		t.Errorf("after a restart: got summary %+v, want the file filed", sum)
	}
}
