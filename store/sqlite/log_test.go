package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailchute/store"
)

// openLimited opens a catalog with a log of these limits.
func openLimited(t *testing.T, limits logLimits) (c *catalog, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "catalog.db")
	c, err := open(t.Context(), path, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c, path
}

const (
	pageSize = 4096
	framed   = pageSize + 24 // a page in the log
)

// putSites puts so many sites, each in an Update that writes at least two pages.
func putSites(t *testing.T, c *catalog, prefix string, n int) {
	t.Helper()
	for i := range n {
		if err := c.Update(t.Context(), putSite(fmt.Sprint(prefix, i), 2*pageSize)); err != nil {
			t.Fatal(err)
		}
	}
}

func logOf(t *testing.T, c *catalog) logState {
	t.Helper()
	l, err := checkpoint(c.copier, "NOOP")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLogBeginsAgain(t *testing.T) {
	t.Parallel()
	const long, update = 100, 20 // an Update writes no more pages than that
	for what, due := range map[string]int{"copied beside": 1, "never copied beside": 10 * long} {
		c, path := openLimited(t, logLimits{due: due, long: long})
		putSites(t, c, "a", 200)
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if got, most := info.Size(), int64((long+update)*framed); got > most {
			t.Errorf("%s: got a log of %d bytes, want at most %d", what, got, most)
		}
	}
}

func TestLogIsCopiedBesideUpdates(t *testing.T) {
	t.Parallel()
	c, _ := openLimited(t, logLimits{due: 10, long: 1 << 30})
	for i := 0; logOf(t, c).copied == 0; i++ { // until the test's time is over
		putSites(t, c, fmt.Sprint(i, "-"), 10)
	}
}

func TestLogThatSomebodyReads(t *testing.T) {
	t.Parallel()
	const long = 50
	c, _ := openLimited(t, logLimits{due: 10, long: long})
	putSites(t, c, "a", 1)
	err := c.View(t.Context(), func(tx store.Tx) error {
		if _, err := tx.Sites(); err != nil {
			return err
		}
		putSites(t, c, "b", 2*long)
		got, err := tx.Sites()
		if len(got) != 1 {
			t.Errorf("the reader: got %d sites, want the one of its beginning", len(got))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := logOf(t, c).pages; got < 2*long {
		t.Errorf("while somebody read: got a log of %d pages, want all that was written", got)
	}
	putSites(t, c, "c", 2)
	if got := logOf(t, c).pages; got >= long {
		t.Errorf("afterwards: got a log of %d pages, want it to have begun again", got)
	}
	if got := siteCount(t, c); got != 1+2*long+2 {
		t.Errorf("got %d sites, want %d", got, 1+2*long+2)
	}
}

func TestNoUpdateWithoutItsLog(t *testing.T) {
	t.Parallel()
	c, _ := openLimited(t, usualLimits())
	if err := c.copier.Close(); err != nil {
		t.Fatal(err)
	}
	wantTransient(t, "Update", c.Update(t.Context(), func(store.Tx) error {
		t.Error("the change was begun")
		return nil
	}))
}
