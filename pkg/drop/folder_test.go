package drop_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mailchute/pkg/drop"
)

func TestOpenMakesTheMaildir(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.open(w.fs(), "postfix")
	for _, name := range []string{"tmp", "new", "cur", ".mailchute"} {
		info, err := os.Lstat(filepath.Join(w.dir, name))
		ok(t, err)
		if !info.IsDir() {
			t.Errorf("%s is no folder", name)
		}
		if name == ".mailchute" && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	ok(t, folder.Close())
	for _, dir := range []string{".mailchute/tmp", ".mailchute/claimed", ".mailchute/retry", "new"} {
		entries, err := os.ReadDir(filepath.Join(w.dir, dir))
		if err != nil || len(entries) != 0 {
			t.Errorf("%s: got %v, %v; want it empty", dir, entries, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		make func(dir string) error
		want string
	}{
		{".mailchute is a link", func(dir string) error { return os.Symlink(os.TempDir(), dir+"/.mailchute") }, "not a folder"},
		{"a link within", func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/x", 0o700), os.Symlink("x", dir+"/.mailchute"))
		}, "not a folder"},
		{".mailchute is a file", func(dir string) error { return os.WriteFile(dir+"/.mailchute", nil, 0o600) }, "not a folder"},
		{".mailchute is open to all", func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/.mailchute", 0o700), os.Chmod(dir+"/.mailchute", 0o755))
		}, "mode 0700 (it has 0755)"},
		{"claimed is a link", func(dir string) error {
			return errors.Join(os.Mkdir(dir+"/.mailchute", 0o700), os.Symlink("..", dir+"/.mailchute/claimed"))
		}, "not a folder"},
		{"new is a link", func(dir string) error { return os.Symlink(os.TempDir(), dir+"/new") }, "not a folder"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ok(t, row.make(w.dir))
			_, err := drop.Open(w.fs(), w.options("postfix"))
			if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), w.dir) {
				t.Errorf("got %v, want %q and the path in it", err, row.want)
			}
		})
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		damage func(*faultyFS)
		cause  error
		want   string
	}{
		{
			"read-only file system", func(f *faultyFS) { f.mkdir = func(string) error { return syscall.EROFS } },
			syscall.EROFS, "mounted read-only",
		},
		{
			"read-only folder", func(f *faultyFS) { f.mkdir = func(string) error { return syscall.EACCES } },
			fs.ErrPermission, "needs the rights to read, write and search",
		},
		{
			"new on another file system", func(f *faultyFS) { f.rename = func(string, string) error { return syscall.EXDEV } },
			syscall.EXDEV, "must lie on one file system",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			fsys := w.fs()
			row.damage(fsys)
			_, err := drop.Open(fsys, w.options("postfix"))
			wantErr(t, "Open", err, row.cause)
			if err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %q, want %q in it", err, row.want)
			}
		})
	}
}

func TestSymlinkedDropFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	link := filepath.Join(t.TempDir(), "drop")
	ok(t, os.Symlink(w.dir, link))
	target := w.dir
	w.dir = link
	folder := w.open(w.fs(), "postfix")
	ok(t, os.Remove(link)) // it was resolved once
	ok(t, claimOne(t, folder).Finish())
	ok(t, folder.Close())
	w.dir = target
	if left := w.files("."); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

func TestOpenSweepsFailedStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ok(t, w.open(w.fs(), "postfix").Close())
	w.write(".mailchute/tmp/dead/probe", "x")
	ok(t, os.Mkdir(filepath.Join(w.dir, ".mailchute/tmp/empty"), 0o700))
	ok(t, w.open(w.fs(), "postfix").Close())
	if entries, err := os.ReadDir(filepath.Join(w.dir, ".mailchute/tmp")); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v; want nothing left", entries, err)
	}
}

// TestOpenTogether lets many start at once: each sweeps while others make their folders.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	done := make(chan error)
	for range 8 {
		fsys := w.fs()
		go func() {
			for range 10 {
				folder, err := drop.Open(fsys, w.options("postfix"))
				if err == nil {
					err = folder.Close()
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestCloseWithItemsInHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	folder := w.open(w.fs(), "postfix")
	claimOne(t, folder)
	if err := folder.Close(); err == nil {
		t.Error("nothing said about the item in hand")
	}
	item := claimOne(t, w.open(w.fs(), "postfix"))
	if item.Name != "a" || item.Crashes != 1 {
		t.Errorf("got %+v, want a after one crash", item)
	}
}

func TestItemOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("good.eml", eml)
	w.write("bad.eml", "Subject: x\n\n")
	folder := w.open(w.fs(), "eml")
	for _, item := range claim(t, folder) {
		env, file, err := item.Open()
		if (err == nil) != (item.Name == "good.eml") || file == nil {
			t.Fatalf("%s: got %+v, file %v, %v", item.Name, env, file, err)
		}
		buf := make([]byte, item.Size)
		_, err = file.ReadAt(buf, 0)
		ok(t, err)
		ok(t, file.Close())
		if item.Name == "good.eml" && (plain(env.Sender) != "a@b.test" || string(buf) != eml) {
			t.Errorf("got %+v and %q", env, buf)
		}
		if item.Feed != "test" || item.Format != "eml" {
			t.Errorf("got feed %q, format %q", item.Feed, item.Format)
		}
		ok(t, item.Finish())
		_, _, err = item.Open()
		wantErr(t, "Open after Finish", err, os.ErrClosed)
	}
	if left := w.files("."); !slices.Equal(left, []string{}) {
		t.Errorf("left: %q", left)
	}
}

// TestFifoInPlaceOfAClaim puts a FIFO where a claimed file was, as another process of our
// own user could: opening it must not wait.
func TestFifoInPlaceOfAClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	fsys := w.fs()
	folder := w.open(fsys, "postfix")
	fsys.rename = func(oldname, _ string) error {
		if oldname != "new/a" {
			return nil
		}
		fsys.rename = nil
		path := filepath.Join(w.dir, oldname)
		return errors.Join(os.Remove(path), mkfifo(path))
	}
	item := claimOne(t, folder)
	_, _, err := item.Open()
	if _, unreadable := errors.AsType[*drop.Unreadable](err); !unreadable {
		t.Errorf("got %v, want an Unreadable", err)
	}
}
