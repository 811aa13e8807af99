//go:build linux

package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"mailchute/pkg/durable"
)

func TestLock(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	again, err := durable.Open(dir)
	ok(t, err)
	defer again.Close()
	ok(t, fsys.Mkdir("a", 0o700))
	lock, err := fsys.Lock("a")
	ok(t, err)
	_, err = fsys.Lock("a")
	wantErr(t, "second Lock", err, durable.ErrLocked)
	_, err = again.Lock("a")
	wantErr(t, "Lock by another", err, durable.ErrLocked)
	ok(t, lock.Close())
	lock, err = again.Lock("a")
	ok(t, err)
	ok(t, lock.Close())
}

// TestLockOfARemovedName lets folders be removed by whoever holds their lock: nobody
// may be left with a lock on a folder that is gone.
func TestLockOfARemovedName(t *testing.T) {
	t.Parallel()
	fsys, _ := open(t)
	for range 100 {
		ok(t, fsys.Mkdir("a", 0o700))
		var removed atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				lock, err := fsys.Lock("a")
				if err != nil {
					return
				}
				defer lock.Close()
				if err := fsys.Remove("a"); err != nil {
					t.Errorf("locked, but: %v", err)
				}
				removed.Add(1)
			})
		}
		wg.Wait()
		if n := removed.Load(); n != 1 {
			t.Fatalf("%d locks on one folder, want 1", n)
		}
	}
}

func TestLinkToAnotherFileSystem(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	shm, err := os.MkdirTemp("/dev/shm", "durable") //nolint:usetesting // t.TempDir is on the first folder's file system
	if err != nil {
		t.Skipf("needs a second file system: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(shm); err != nil {
			t.Error(err)
		}
	})
	var here, there unix.Stat_t
	ok(t, unix.Stat(dir, &here))
	ok(t, unix.Stat(shm, &there))
	if here.Dev == there.Dev {
		t.Skip("needs a second file system: /dev/shm is on that of the temporary folder")
	}
	write(t, filepath.Join(dir, "a"), "a")
	f, err := fsys.Open("a")
	ok(t, err)
	defer f.Close()
	other, err := durable.Open(shm)
	ok(t, err)
	defer other.Close()
	err = other.Link(f, "b")
	wantErr(t, "Link", err, durable.ErrCannotLink)
	wantErr(t, "Link", err, unix.EXDEV)
}

func TestSpace(t *testing.T) {
	t.Parallel()
	fsys, _ := open(t)
	free, total, err := fsys.Space()
	ok(t, err)
	if total <= 0 || free < 0 || free > total {
		t.Errorf("got %d of %d bytes free", free, total)
	}
}

func TestNoWriter(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	name := filepath.Join(dir, "a")
	write(t, name, "a")
	writer, err := os.OpenFile(name, os.O_WRONLY, 0)
	ok(t, err)
	f, err := fsys.Open("a")
	ok(t, err)
	defer f.Close()
	if f.NoWriter() {
		t.Error("NoWriter says true beside a writer")
	}
	ok(t, writer.Close())
	var st unix.Statfs_t
	ok(t, unix.Statfs(dir, &st))
	want := st.Type == unix.EXT4_SUPER_MAGIC || st.Type == unix.TMPFS_MAGIC
	if got := f.NoWriter(); got != want {
		t.Errorf("without a writer: got %v, want %v", got, want)
	}
	// The lease is gone: a writer need not wait for it.
	writer, err = os.OpenFile(name, os.O_WRONLY|unix.O_NONBLOCK, 0)
	ok(t, err)
	ok(t, writer.Close())
}

func TestRenameByLink(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	write(t, filepath.Join(dir, "a"), "a")
	write(t, filepath.Join(dir, "b"), "b")
	wantErr(t, "taken name", durable.RenameByLink(fsys, "a", "b"), fs.ErrExist)
	ok(t, durable.RenameByLink(fsys, "a", "c"))
	wantErr(t, "no such file", durable.RenameByLink(fsys, "a", "d"), fs.ErrNotExist)
	if got := read(t, filepath.Join(dir, "c")); got != "a" {
		t.Errorf("got %q, want a", got)
	}
	for i := range 200 {
		write(t, filepath.Join(dir, "from"), "x")
		var errs [2]error
		var wg sync.WaitGroup
		for m := range errs {
			wg.Go(func() { errs[m] = durable.RenameByLink(fsys, "from", fmt.Sprintf("to%d-%d", i, m)) })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("two movers of one file: got errors %v and %v, want one", errs[0], errs[1])
		}
	}
	if names, err := filepath.Glob(filepath.Join(dir, "to*")); err != nil || len(names) != 200 {
		t.Errorf("got %d files (%v), want 200", len(names), err)
	}
}

func TestRenameChecked(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	ok(t, fsys.Mkdir("a", 0o700))
	ok(t, fsys.Mkdir("b", 0o700))
	wantErr(t, "taken name", durable.RenameChecked(fsys, "a", "b"), fs.ErrExist)
	ok(t, durable.RenameChecked(fsys, "a", "c"))
	if _, err := os.Stat(filepath.Join(dir, "c")); err != nil {
		t.Error(err)
	}
}

func TestLinkByProc(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	write(t, filepath.Join(dir, "a"), "wanted")
	f, err := fsys.Open("a")
	ok(t, err)
	defer f.Close()
	ok(t, os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "moved")))
	write(t, filepath.Join(dir, "a"), "another")
	ok(t, durable.LinkByProc(fsys, f, "b"))
	if got := read(t, filepath.Join(dir, "b")); got != "wanted" {
		t.Errorf("got %q, want that of the open file", got)
	}
	wantErr(t, "taken name", durable.LinkByProc(fsys, f, "a"), fs.ErrExist)
}

func TestLinkByName(t *testing.T) {
	t.Parallel()
	fsys, dir := open(t)
	write(t, filepath.Join(dir, "a"), "wanted")
	f, err := fsys.Open("a")
	ok(t, err)
	defer f.Close()
	ok(t, durable.LinkByName(fsys, f, "b"))
	ok(t, os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "moved")))
	write(t, filepath.Join(dir, "a"), "another")
	wantErr(t, "another file by now", durable.LinkByName(fsys, f, "c"), fs.ErrNotExist)
	if _, err := os.Stat(filepath.Join(dir, "c")); err == nil {
		t.Error("another file got the name")
	}
}

func TestSyncfsIsBelievedSince(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]bool{
		"6.1.0-18-amd64": true, "5.8.0": true, "5.10.0-28": true, "5.7.19": false, "4.19.0": false, "": false, "odd": false,
	} {
		if got := durable.TellsErrors(release); got != want {
			t.Errorf("%q: got %v, want %v", release, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	way, why, err := durable.Choose(dir)
	check(t, err)
	if why == "" {
		t.Error("got no reason")
	}
	fsys, err := durable.OpenWay(dir, way)
	check(t, err)
	check(t, fsys.Close())
	if way, _, err := durable.Choose("/"); err != nil || way != durable.Fsync {
		t.Errorf("got %q, %v for the file system of everybody, want %q", way, err, durable.Fsync)
	}
	if _, _, err := durable.Choose(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

// What was removed is not kept open: its room is free at once.
func TestFsyncForgetsRemoved(t *testing.T) {
	t.Parallel()
	fsys, _ := openFsync(t)
	for _, name := range []string{"removed", "renamed", "linked", "stays"} {
		check(t, makeFile(fsys, name))
	}
	check(t, fsys.Rename("renamed", "other"))
	f, err := fsys.Open("linked")
	check(t, err)
	check(t, errors.Join(fsys.Link(f, "again"), f.Close()))
	for _, name := range []string{"removed", "other", "linked"} {
		check(t, fsys.Remove(name))
	}
	if files, _ := durable.Changes(fsys); files != 2 {
		t.Errorf("got %d files that wait for the barrier, want the two that have names", files)
	}
	check(t, fsys.Barrier())
}
