package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
)

type openat2 func(dir int, name string, how *unix.OpenHow) (int, error)

func refused(errno unix.Errno) openat2 {
	return func(int, string, *unix.OpenHow) (int, error) { return -1, errno }
}

// interrupted is openat2 where a call is interrupted, and the next comes while a folder is
// moved, before one succeeds.
func interrupted() openat2 {
	var calls atomic.Int64
	return func(dir int, name string, how *unix.OpenHow) (int, error) {
		switch calls.Add(1) % 3 {
		case 1:
			return -1, unix.EINTR
		case 2:
			return -1, unix.EAGAIN
		}
		return unix.Openat2(dir, name, how)
	}
}

// kernels are what openat2 may do, by name.
func kernels() map[string]openat2 {
	return map[string]openat2{
		"openat2": unix.Openat2, "interrupted": interrupted(),
		"older": refused(unix.ENOSYS), "forbidden": refused(unix.EPERM), "moved all the while": refused(unix.EAGAIN),
	}
}

// eachKernel runs a test on a new folder for whatever openat2 may do.
func eachKernel(t *testing.T, test func(t *testing.T, fsys durable.FS, dir string)) {
	t.Helper()
	for name, call := range kernels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys, dir := open(t)
			durable.Openat2(fsys, call)
			test(t, fsys, dir)
		})
	}
}

func TestContractOfKernels(t *testing.T) {
	t.Parallel()
	for name, call := range kernels() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			durabletest.TestFS(t, func(t *testing.T) durable.FS {
				fsys, err := durable.Open(t.TempDir())
				check(t, err)
				t.Cleanup(func() { _ = fsys.Close() }) // some rows have closed it
				durable.Openat2(fsys, call)
				return fsys
			})
		})
	}
}

func TestOpenReadsRegularFilesOnly(t *testing.T) {
	t.Parallel()
	eachKernel(t, func(t *testing.T, fsys durable.FS, dir string) {
		ok(t, os.Mkdir(filepath.Join(dir, "d"), 0o700))
		for _, in := range []string{"", "d/"} {
			at := filepath.Join(dir, in)
			write(t, filepath.Join(at, "file"), "text")
			ok(t, os.Symlink("file", filepath.Join(at, "link")))
			ok(t, os.Symlink("none", filepath.Join(at, "dangling")))
			ok(t, os.Mkdir(filepath.Join(at, "folder"), 0o700))
			ok(t, unix.Mkfifo(filepath.Join(at, "fifo"), 0o600))
			ok(t, unix.Mknod(filepath.Join(at, "socket"), unix.S_IFSOCK|0o600, 0))
			for _, name := range []string{"link", "dangling", "folder", "fifo", "socket"} {
				_, err := fsys.Open(in + name)
				wantErr(t, "Open of "+in+name, err, durable.ErrNotRegular)
			}
			for _, err := range fsys.List(in + "fifo") {
				wantErr(t, "List of a FIFO", err, unix.ENOTDIR)
			}
			wantErr(t, "SyncDir of a FIFO", fsys.SyncDir(in+"fifo"), unix.ENOTDIR)
			_, err := fsys.Lstat(in + "fifo/x")
			wantErr(t, "Lstat below a FIFO", err, unix.ENOTDIR)
			f, err := fsys.Open(in + "file")
			ok(t, err)
			ok(t, f.Close())
		}
	})
}

// Links on the way are followed as long as they stay in the folder; by Link they are not.
func TestLinksOnTheWay(t *testing.T) {
	t.Parallel()
	eachKernel(t, func(t *testing.T, fsys durable.FS, dir string) {
		ok(t, os.MkdirAll(filepath.Join(dir, "d/e"), 0o700))
		ok(t, os.Symlink("d", filepath.Join(dir, "link")))
		ok(t, os.Symlink("../link/e", filepath.Join(dir, "d/round")))
		for _, in := range []string{"link/", "link/e/", "link/round/", "d/round/"} {
			ok(t, makeFile(fsys, in+"a"))
			ok(t, fsys.Rename(in+"a", in+"b"))
			ok(t, fsys.Rename(in+"b", "c"))
			ok(t, fsys.Replace("c", in+"d"))
			ok(t, fsys.Mkdir(in+"folder", 0o700))
			ok(t, fsys.SyncDir(in+"folder"))
			_, err := fsys.Lstat(in + "d")
			ok(t, err)
			f, err := fsys.Open(in + "d")
			ok(t, err)
			wantErr(t, "Link to "+in+"l", fsys.Link(f, in+"l"), unix.ELOOP)
			ok(t, errors.Join(fsys.Link(f, "d/e/l"), fsys.Remove("d/e/l"), f.Close()))
			lock, err := fsys.Lock(in + "d")
			ok(t, err)
			ok(t, lock.Close())
			for _, name := range []string{"d", "folder"} {
				ok(t, fsys.Remove(in+name))
			}
			for _, err := range fsys.List(in + "none") {
				wantErr(t, "List", err, fs.ErrNotExist)
			}
		}
	})
}

func TestLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	eachKernel(t, func(t *testing.T, fsys durable.FS, dir string) {
		outside := t.TempDir()
		write(t, filepath.Join(outside, "x"), "theirs")
		write(t, filepath.Join(dir, "mine"), "mine")
		ok(t, os.Mkdir(filepath.Join(dir, "d"), 0o700))
		up, err := filepath.Rel(dir, outside)
		ok(t, err)
		for name, to := range map[string]string{
			"absolute": outside, "back": filepath.Join(dir, "d"), "up": up, "dots": "..", "magic": "/proc/self/cwd", "loop": "loop",
		} {
			ok(t, os.Symlink(to, filepath.Join(dir, name)))
			for call, err := range callBelow(fsys, name) {
				if err == nil || errors.Is(err, durable.ErrNotRegular) || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s through a link to %s: got %v", call, to, err)
				}
				if name == "loop" {
					wantErr(t, call, err, unix.ELOOP)
				}
			}
		}
		if got := read(t, filepath.Join(outside, "x")); got != "theirs" {
			t.Errorf("the file outside has become %q", got)
		}
		if got := read(t, filepath.Join(dir, "mine")); got != "mine" {
			t.Errorf("the file inside has become %q", got)
		}
	})
}

// While others put a link that leads out in a folder's place, and take it away, nothing is
// made, moved or removed outside.
func TestNothingLeavesASwappedFolder(t *testing.T) {
	t.Parallel()
	eachKernel(t, func(t *testing.T, fsys durable.FS, dir string) {
		outside := t.TempDir()
		write(t, filepath.Join(outside, "x"), "theirs")
		write(t, filepath.Join(dir, "mine"), "mine")
		ok(t, os.Mkdir(filepath.Join(dir, "d"), 0o700))
		ok(t, os.Symlink(outside, filepath.Join(dir, "way-out")))
		done := make(chan struct{})
		var swapping sync.WaitGroup
		swapping.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					err := unix.Renameat2(unix.AT_FDCWD, filepath.Join(dir, "d"),
						unix.AT_FDCWD, filepath.Join(dir, "way-out"), unix.RENAME_EXCHANGE)
					if err != nil {
						t.Errorf("swap: %v", err)
						return
					}
				}
			}
		})
		for range 200 {
			callBelow(fsys, "d")
		}
		close(done)
		swapping.Wait()
		wantEntries(t, outside, 1)
		if got := read(t, filepath.Join(outside, "x")); got != "theirs" {
			t.Errorf("the file outside has become %q", got)
		}
	})
}

// A link in a name's own place is what the methods work on, never what it leads to.
func TestLinkAsTheName(t *testing.T) {
	t.Parallel()
	eachKernel(t, func(t *testing.T, fsys durable.FS, dir string) {
		ok(t, os.MkdirAll(filepath.Join(dir, "d/e"), 0o700))
		for _, in := range []string{"", "d/", "d/e/"} {
			at := filepath.Join(dir, in)
			write(t, filepath.Join(at, "target"), "text")
			ok(t, os.Symlink("target", filepath.Join(at, "link")))
			ok(t, os.Symlink("none", filepath.Join(at, "dangling")))
			f, err := fsys.Open(in + "target")
			ok(t, err)
			for _, link := range []string{in + "link", in + "dangling"} {
				info, err := fsys.Lstat(link)
				ok(t, err)
				if info.Mode().Type() != fs.ModeSymlink || info.Name() != filepath.Base(link) {
					t.Errorf("Lstat(%q): got mode %v of %q", link, info.Mode(), info.Name())
				}
				_, err = fsys.Create(link, 0o600)
				wantErr(t, "Create", err, fs.ErrExist)
				wantErr(t, "Mkdir", fsys.Mkdir(link, 0o700), fs.ErrExist)
				wantErr(t, "Rename", fsys.Rename(in+"target", link), fs.ErrExist)
				wantErr(t, "Link", fsys.Link(f, link), fs.ErrExist)
				_, err = fsys.Lock(link)
				wantErr(t, "Lock", err, durable.ErrNotRegular)
				ok(t, fsys.Rename(link, in+"moved"))
				ok(t, fsys.Replace(in+"moved", link))
				ok(t, makeFile(fsys, in+"new"))
				ok(t, fsys.Replace(in+"new", link))
				ok(t, fsys.Remove(link))
			}
			ok(t, f.Close())
			if got := read(t, filepath.Join(at, "target")); got != "text" {
				t.Errorf("what the link led to: got %q", got)
			}
		}
		wantEntries(t, dir, 2)
		wantEntries(t, filepath.Join(dir, "d"), 2)
		wantEntries(t, filepath.Join(dir, "d/e"), 1)
	})
}

// No child process inherits a file, and reading one waits for it.
func TestDescriptorsOfFiles(t *testing.T) {
	t.Parallel()
	eachKernel(t, func(t *testing.T, fsys durable.FS, _ string) {
		ok(t, fsys.Mkdir("d", 0o700))
		made, err := fsys.Create("d/a", 0o640)
		ok(t, err)
		defer made.Close()
		opened, err := fsys.Open("d/a")
		ok(t, err)
		defer opened.Close()
		for what, f := range map[string]durable.File{"made": made, "opened": opened} {
			conn, err := f.(syscall.Conn).SyscallConn()
			ok(t, err)
			ok(t, conn.Control(func(fd uintptr) {
				if got, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil || got != unix.FD_CLOEXEC {
					t.Errorf("%s: got descriptor flags %#x, %v; want close-on-exec", what, got, err)
				}
				if got, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil || got&unix.O_NONBLOCK != 0 {
					t.Errorf("%s: got status flags %#x, %v; want no O_NONBLOCK", what, got, err)
				}
			}))
		}
	})
}

func TestLstatIsOfPackageOS(t *testing.T) {
	t.Parallel()
	eachKernel(t, func(t *testing.T, fsys durable.FS, dir string) {
		ok(t, errors.Join(fsys.Mkdir("d", 0o700), fsys.Mkdir("d/e", 0o700)))
		for _, name := range []string{"a", "d/a", "d/e/a"} {
			ok(t, makeFile(fsys, name))
			got, err := fsys.Lstat(name)
			ok(t, err)
			want, err := os.Lstat(filepath.Join(dir, name))
			ok(t, err)
			if _, isStat := got.Sys().(*syscall.Stat_t); !os.SameFile(got, want) || !isStat || got.Name() != "a" {
				t.Errorf("Lstat(%q): got %v, not the same file as %v", name, got, want)
			}
		}
	})
}
