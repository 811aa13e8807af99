package durabletest

import (
	"errors"
	"io/fs"
	"testing"

	"mailchute/pkg/durable"
)

// TestFS holds a maker of durable.FS to its contract, as far as one process can see it.
// open returns one on an empty folder, each time another; all of them can link each
// other's files. It is called once or twice for each row.
func TestFS(t *testing.T, open func(t *testing.T) durable.FS) {
	rows := []struct {
		sentence string
		test     func(t *testing.T, w world)
	}{
		{"what Create writes is read by Open", testCreate},
		{"Create, Mkdir, Rename and Link take no name that is taken", testTaken},
		{"what is not there is not found", testAbsent},
		{"Open takes files only, for reading only", testOpen},
		{"an open file is the same whatever its name", testOpenFileStays},
		{"ReadAt reads anywhere and moves nothing", testReadAt},
		{"Lstat and List describe files and folders", testDescribe},
		{"List is stopped by its reader", testListStops},
		{"Rename moves a file or a folder with what it holds", testRename},
		{"Replace moves a file over another or none", testReplace},
		{"Link names the open file, of this FS or another", testLink},
		{"Link says which files it cannot link", testCannotLink},
		{"Remove removes files and empty folders", testRemove},
		{"syncs change nothing that is seen", testSyncs},
		{"a lock is had once", testLock},
		{"a lock ends with Close, not with its name", testLockEnds},
		{"Space is known", testSpace},
		{"errors name the file", testErrors},
		{"a name is a path below the folder", testInside},
		{"no name is longer than the file system has it", testTooLong},
		{"files stay usable when their FS is closed", testClose},
		{"of two movers of one name, one moves", testRaces},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			row.test(t, world{FS: open(t), t: t, another: open})
		})
	}
}

func testSyncs(t *testing.T, w world) {
	w.ok(w.Mkdir("d", 0o700))
	w.write("d/a", "a")
	w.ok(errors.Join(w.SyncDir("d"), w.SyncDir("."), w.Barrier(), w.Barrier(), w.open("d/a").Sync()))
	if err := w.SyncDir("d/a"); err == nil {
		t.Error("SyncDir of a file: got no error")
	}
	w.wantTree("d/", "d/a=a")
}

func testLock(t *testing.T, w world) {
	w.ok(w.Mkdir("folder", 0o700))
	w.write("file", "")
	for _, name := range []string{"folder", "file"} {
		lock, err := w.Lock(name)
		needsLinux(t, err)
		w.ok(err)
		_, err = w.Lock(name)
		w.wantErr("second Lock of the "+name, err, durable.ErrLocked)
		w.ok(lock.Close())
		lock, err = w.Lock(name)
		w.ok(err)
		w.ok(lock.Close())
	}
	_, err := w.Lock("none")
	w.wantErr("Lock", err, fs.ErrNotExist)
}

func testLockEnds(t *testing.T, w world) {
	w.ok(w.Mkdir("a", 0o700))
	lock, err := w.Lock("a")
	needsLinux(t, err)
	w.ok(err)
	w.ok(w.Rename("a", "b"))
	_, err = w.Lock("b")
	w.wantErr("Lock of the new name", err, durable.ErrLocked)
	w.ok(w.Remove("b"))
	_, err = w.Lock("b")
	w.wantErr("Lock of what is gone", err, fs.ErrNotExist)
	w.ok(w.Mkdir("b", 0o700))
	next, err := w.Lock("b")
	w.ok(err)
	w.ok(errors.Join(lock.Close(), next.Close()))
}

func testSpace(t *testing.T, w world) {
	free, total, err := w.Space()
	needsLinux(t, err)
	w.ok(err)
	if total <= 0 || free < 0 || free > total {
		t.Errorf("got %d of %d bytes free", free, total)
	}
}
