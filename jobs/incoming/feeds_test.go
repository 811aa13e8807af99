package incoming_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
)

// threeFeeds lets a new world have the feeds main (eml), list (drop-write) and box
// (postfix). Box takes files of another user only.
func threeFeeds(open func(path string) (durable.FS, error)) func(*world) {
	return with(func(o *incoming.Options) {
		main := o.Feeds[0]
		list, box := main, main
		list.Name, list.Path, list.Format = "list", filepath.Join(filepath.Dir(main.Path), "list"), "drop-write"
		box.Name, box.Path, box.Format = "box", filepath.Join(filepath.Dir(main.Path), "box"), "postfix"
		box.Owners = []int{os.Geteuid() + 1}
		o.Feeds = []incoming.Feed{main, list, box}
		o.OpenFolder = func(path string) (durable.FS, error) {
			if path == main.Path {
				return open(path)
			}
			return durable.Open(path)
		}
	})
}

// makeMaildir makes a maildir as a mail system does.
func (w *world) makeMaildir(path string) {
	w.t.Helper()
	for _, sub := range []string{"tmp", "new", "cur"} {
		w.must(os.MkdirAll(filepath.Join(path, sub), 0o700))
	}
}

// Of three feeds, each is drained in its own format and takes the files of its own
// owners. One in trouble does not delay the others, not by a run.
func TestThreeFeeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m mount
		w := newWorld(t, "eml", threeFeeds(m.open))
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		for _, feed := range []string{"list", "box"} {
			w.makeMaildir(filepath.Join(w.dir, feed))
		}
		arrive := func(name string) {
			w.drop(name+".eml", good())
			w.write(filepath.Join(w.dir, "list/new", name), mail("alice@case.test", "invoices@case.test")+"X-EndOfInjectedXHeaders: 1\r\n"+letter)
		}
		foreign := filepath.Join(w.dir, "box/new/foreign")
		w.write(foreign, "Return-Path: <alice@case.test>\r\nX-Original-To: invoices@case.test\r\n"+letter)

		m.goAway(syscall.EIO)
		for i, name := range []string{"1", "2", "3"} {
			arrive(name)
			w.runFor(time.Minute)
			if got := len(w.documents("invoices")); got != i+1 {
				t.Errorf("run %d: got %d documents, want those of the feed that is well", i+1, got)
			}
		}
		w.said(cannotDrain, 1)
		w.said("whose files this feed does not take", 1)
		m.comeBack(true)
		w.runFor(time.Minute)
		w.said(cannotDrain, 1)
		w.said(drainsAgain, 1)
		w.said(`"feed":"list"`, 0) // nothing is wrong there
		if _, err := os.Stat(foreign); err != nil {
			t.Errorf("another user's file is not where it was: %v", err)
		}
		if got := len(w.documents("invoices")); got != 6 {
			t.Errorf("got %d documents, want 3 of each feed", got)
		}
		w.verify()
	})
}

// A feed that cannot be opened keeps nobody from hearing of arrivals in another.
func TestArrivalsBesideTrouble(t *testing.T) {
	t.Parallel()
	processed := make(chan incoming.Progress, 10)
	var m mount
	m.goAway(syscall.EIO)
	three := threeFeeds(m.open)
	w := newWorld(t, "eml", func(w *world) {
		three(w)
		change := w.change
		w.change = func(o *incoming.Options) {
			change(o)
			o.Progress = func(p incoming.Progress) { processed <- p }
		}
	})
	w.library(library.Library{Name: "invoices"})
	for _, feed := range []string{"list", "box"} {
		w.makeMaildir(filepath.Join(w.dir, feed))
	}
	ctx, stop := context.WithCancel(t.Context())
	bell := jobs.NewBell()
	watching := make(chan bool, 1000)
	var wg sync.WaitGroup
	wg.Go(func() {
		w.job.Watch(ctx, func() {
			bell.Ring()
			watching <- true
		})
	})
	soon(t, watching) // one of the two
	soon(t, watching) // and the other
	wg.Go(func() { jobs.Loop(ctx, w.job, bell, jobs.Pace{}, zerolog.Nop()) })
	name := filepath.Join(w.dir, "list/new/1")
	w.write(filepath.Join(w.dir, "1"), mail("alice@case.test", "invoices@case.test")+"X-EndOfInjectedXHeaders: 1\r\n"+letter)
	w.must(os.Rename(filepath.Join(w.dir, "1"), name))
	if p := soon(t, processed); p.Documents != 1 {
		t.Errorf("got progress %+v, want the message filed", p)
	}
	stop()
	wg.Wait()
}

// A drop folder that has to do with another one, or with the store, is not drained,
// whichever links lead there, and the others are.
func TestOverlappingFeeds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		second func(dir string) (path string, err error) // of a second feed; the first is dir/drop
		want   string
		first  bool // the first is refused as well
	}{
		{"a folder of its own", func(dir string) (string, error) {
			return dir + "/second", os.Mkdir(dir+"/second", 0o700)
		}, "", false},
		{"its name begins like the other's", func(dir string) (string, error) {
			return dir + "/drop2", os.Mkdir(dir+"/drop2", 0o700)
		}, "", false},
		{"a link to a folder of its own", func(dir string) (string, error) {
			return dir + "/drop2", errors.Join(os.Mkdir(dir+"/second", 0o700), os.Symlink("second", dir+"/drop2"))
		}, "", false},
		{"the same folder by a link", func(dir string) (string, error) {
			return dir + "/second", os.Symlink("drop", dir+"/second")
		}, "is also the drop folder of feed main", true},
		{"inside the other", func(dir string) (string, error) {
			return dir + "/drop/sub", os.Mkdir(dir+"/drop/sub", 0o700)
		}, "lies in the drop folder of feed main", true},
		{"inside the other by a link", func(dir string) (string, error) {
			return dir + "/second", errors.Join(os.Mkdir(dir+"/drop/sub", 0o700), os.Symlink("drop/sub", dir+"/second"))
		}, "lies in the drop folder of feed main", true},
		{"around the other and the store", func(dir string) (string, error) { return dir, nil }, "holds the blobs", true},
		{"inside the blobs by a link", func(dir string) (string, error) {
			return dir + "/second", errors.Join(os.Mkdir(dir+"/blobs/sub", 0o700), os.Symlink("blobs/sub", dir+"/second"))
		}, "lies in the blobs", false},
		{"around the catalog", func(dir string) (string, error) {
			return dir + "/second", errors.Join(os.Mkdir(dir+"/second", 0o700), os.WriteFile(dir+"/second/other.db", nil, 0o600))
		}, "holds the catalog", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml", func(w *world) {
				path, err := row.second(w.dir)
				w.must(err)
				w.change = func(o *incoming.Options) {
					second := o.Feeds[0]
					second.Name, second.Path = "second", path
					o.Feeds = append(o.Feeds, second)
					o.Apart = []incoming.Neighbour{
						{Name: "the blobs", Path: filepath.Join(w.dir, "blobs")}, {Name: "the catalog", Path: filepath.Join(w.dir, "second/other.db")},
					}
				}
			})
			w.library(library.Library{Name: "invoices"})
			w.drop("1.eml", good())
			sum, err := w.job.Drain(t.Context())
			told := err != nil && strings.Contains(err.Error(), row.want) && strings.Contains(err.Error(), "give the feed a folder of its own")
			if (row.want == "" && err != nil) || (row.want != "" && !told) {
				t.Errorf("got %v, want to hear of %q", err, row.want)
			}
			if wantFiled := map[bool]int{true: 0, false: 1}[row.first]; sum.Filed != wantFiled {
				t.Errorf("got %d filed from the first feed, want %d", sum.Filed, wantFiled)
			}
			got := map[string]bool{}
			for _, c := range w.job.Check(t.Context()) {
				if !c.Warning {
					got[c.Name] = c.OK
				}
			}
			if diff := cmp.Diff(map[string]bool{"feed main": !row.first, "feed second": row.want == ""}, got); diff != "" {
				t.Errorf("check (-want +got):\n%s", diff)
			}
		})
	}
}

// What is doubtful about a drop folder is a warning: once while it is drained, and in
// each check.
func TestDoubtfulDropFolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m mount
		w := newWorld(t, "eml", with(func(o *incoming.Options) { o.OpenFolder = m.open }))
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		w.must(os.Chmod(filepath.Join(w.dir, "drop"), 0o777)) //nolint:gosec // that all may write is the point
		w.drop("1.eml", good())
		w.runFor(5 * time.Minute)
		m.goAway(syscall.EIO)
		w.runFor(5 * time.Minute)
		m.comeBack(true) // opened anew
		w.runFor(5 * time.Minute)
		w.said("can be written by every user", 1)
		w.filed(1)
		warnings := 0
		for _, c := range w.job.Check(t.Context()) {
			if c.Warning && c.OK && c.Name == "feed main" && strings.Contains(c.Detail, "chmod o-w") {
				warnings++
			}
		}
		if warnings != 1 {
			t.Errorf("got %d warnings of check, want 1", warnings)
		}
	})
}
