package drop_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/drop"
)

func TestClaimTakesMessagesOnly(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		format      string
		take, leave []string
	}{
		{
			"postfix",
			[]string{"new/1.V1I1M1.mx", "new/1.V1I1M1.mx,S=1:2,S", "new/new\nline", "new/\x1b[31m\u202e", "new/\xff\xfe", "new/a.tmp", "new/" + strings.Repeat("x", 255)},
			[]string{"new/.hidden", "tmp/1.P1.mx", "cur/1.mx:2,S", "dovecot-uidlist", ".Junk/new/1.mx"},
		},
		{
			"eml",
			[]string{"a.eml", "A.EML", "\xff\n.eml", "x y.eml", strings.Repeat("x", 251) + ".eml"},
			[]string{".a.eml", "~a.eml", "temp.1.eml", "a.eml.tmp", "a.eml.part", "readme.txt", "new/a.eml", "eml"},
		},
	} {
		t.Run(row.format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := []string{}
			for _, name := range row.take {
				w.write(name, eml)
				want = append(want, filepath.Base(name))
			}
			for _, name := range row.leave {
				w.write(name, eml)
			}
			arrival := filepath.Join(w.dir, filepath.Dir(row.take[0]))
			ok(t, os.Symlink("/etc/passwd", filepath.Join(arrival, "link.eml")))
			ok(t, mkfifo(filepath.Join(arrival, "fifo.eml")))
			ok(t, os.Mkdir(filepath.Join(arrival, "folder.eml"), 0o700))
			folder := w.open(w.fs(), row.format)
			items := claim(t, folder)
			slices.Sort(want)
			if diff := cmp.Diff(want, names(items)); diff != "" {
				t.Error(diff)
			}
			if again := claim(t, folder); len(again) != 0 {
				t.Errorf("claimed twice: %q", names(again))
			}
			for _, item := range items {
				ok(t, item.Finish())
			}
			ok(t, folder.Close())
			for _, name := range row.leave {
				if _, err := os.Stat(filepath.Join(w.dir, name)); err != nil {
					t.Error(err)
				}
			}
			if left := w.files(".mailchute"); len(left) != 0 {
				t.Errorf("left in .mailchute: %q", left)
			}
		})
	}
}

func TestFolderSamples(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ folder, format, arrival string }{
		{"maildir-edge", "postfix", "new/"},
		{"iis-smtp", "iis", ""},
		{"eml-dir-edge", "exim-files", ""},
	} {
		t.Run(row.folder, func(t *testing.T) {
			t.Parallel()
			all := samples(t, row.folder)
			if len(all) == 0 {
				t.Skip("../shared/dropfiles is not beside the checkout")
			}
			w := newWorld(t)
			want := []string{}
			for _, s := range all {
				w.write(s.File, string(s.content))
				// A file that was left half written looks settled; an empty one does not.
				if strings.HasPrefix(s.File, row.arrival) && s.State != "ignore" && len(s.content) > 0 {
					want = append(want, filepath.Base(s.File))
				}
			}
			slices.Sort(want)
			folder := w.open(w.fs(), row.format)
			w.pass(drop.DefaultSettle)
			if diff := cmp.Diff(want, names(claim(t, folder))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClaimStopsWithTheContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.write(fmt.Sprintf("new/%d", i), eml)
	}
	folder := w.open(w.fs(), "postfix")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var claimed int
	var last error
	for item, err := range folder.Claim(ctx) {
		if last = err; err != nil {
			continue
		}
		claimed++
		ok(t, item.Return())
		cancel()
	}
	if claimed != 1 || !errors.Is(last, context.Canceled) {
		t.Errorf("got %d items and %v, want 1 and canceled", claimed, last)
	}
	if got := w.files("new"); len(got) != 3 {
		t.Errorf("got %q, want all three back", got)
	}
}

func TestFolderRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.open(w.fs(), "postfix")
	ok(t, os.RemoveAll(w.dir))
	var last error
	for _, err := range folder.Claim(t.Context()) {
		last = err
	}
	wantErr(t, "Claim", last, os.ErrNotExist)
}

// TestVanish lets a file go in the moment between the list and the claim.
func TestVanish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	w.write("new/b", eml)
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	fsys.rename = func(oldname, _ string) error {
		if oldname == "new/a" {
			return os.Remove(filepath.Join(w.dir, oldname))
		}
		return nil
	}
	if got := names(claim(t, folder)); !slices.Equal(got, []string{"b"}) {
		t.Errorf("got %q, want b", got)
	}
}

func TestSameNameAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.eml", eml)
	folder := w.open(w.fs(), "eml")
	first := claimOne(t, folder)
	w.write("a.eml", eml+"second")
	second := claimOne(t, folder)
	w.write("a.eml", eml+"third")
	ok(t, first.Return()) // its name is taken
	if got := w.files(".mailchute/retry"); !slices.Equal(got, []string{"a.eml"}) {
		t.Errorf("in retry: got %q, want the returned one", got)
	}
	ok(t, second.Finish())
	sizes := map[int64]bool{}
	for _, item := range claim(t, folder) {
		_, file, err := item.Open()
		ok(t, err)
		ok(t, file.Close())
		if item.Crashes != 0 || item.Deferrals != 0 {
			t.Errorf("got %d crashes, %d deferrals; want none", item.Crashes, item.Deferrals)
		}
		sizes[item.Size] = true
		ok(t, item.Finish())
	}
	if want := map[int64]bool{int64(len(eml)): true, int64(len(eml + "third")): true}; !cmp.Equal(want, sizes) {
		t.Errorf("got sizes %v, want %v", sizes, want)
	}
	ok(t, folder.Close())
}

// TestEachFileOnce lets two Folders of one process and two processes drain one folder.
func TestEachFileOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 1000
	for i := range n {
		w.write(fmt.Sprintf("new/%d", i), eml)
	}
	var mu sync.Mutex
	count := map[string]int{}
	add := func(names ...string) {
		mu.Lock()
		defer mu.Unlock()
		for _, name := range names {
			count[name]++
		}
	}
	var wg sync.WaitGroup
	for range 2 {
		folder := w.open(w.fs(), "postfix")
		wg.Go(func() {
			var ended sync.WaitGroup
			for item, err := range folder.Claim(context.Background()) {
				if err != nil {
					t.Error(err)
					return
				}
				add(item.Name)
				ended.Go(func() {
					if err := item.Finish(); err != nil {
						t.Error(err)
					}
				})
			}
			ended.Wait()
			if err := folder.Close(); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			names, err := process(t, w.dir, false)
			if err != nil {
				t.Error(err)
			}
			add(names...)
		})
	}
	wg.Wait()
	for i := range n {
		if got := count[fmt.Sprint(i)]; got != 1 {
			t.Errorf("file %d was claimed %d times", i, got)
		}
	}
	if left := w.files("."); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// TestFullDisk claims where no folder can be made any more.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	full := true
	fsys.mkdir = func(string) error {
		if full {
			return syscall.ENOSPC
		}
		return nil
	}
	for _, err := range folder.Claim(t.Context()) {
		wantErr(t, "Claim", err, syscall.ENOSPC)
	}
	full = false
	item := claimOne(t, folder)
	full = true
	wantErr(t, "Defer", item.Defer(true), syscall.ENOSPC)
	ok(t, item.Return())
	if got := w.files("new"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q, want a back", got)
	}
	wantErr(t, "Finish after Return", item.Finish(), os.ErrClosed)
	ok(t, folder.Close())
}
