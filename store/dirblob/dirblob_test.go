package dirblob_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailchute/pkg/durable"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/storetest"
)

func TestBlobs(t *testing.T) {
	t.Parallel()
	storetest.TestBlobs(t, func(t *testing.T) store.Blobs {
		fsys, _ := openDir(t)
		return open(t, fsys)
	})
}

// Where a barrier syncs file by file, what is closed stays open until then.
func TestBlobsByFsync(t *testing.T) {
	t.Parallel()
	storetest.TestBlobs(t, func(t *testing.T) store.Blobs {
		fsys, err := durable.OpenWay(t.TempDir(), durable.Fsync)
		check(t, err)
		t.Cleanup(func() { check(t, fsys.Close()) })
		return open(t, fsys)
	})
}

func openDir(t testing.TB) (durable.FS, string) {
	t.Helper()
	dir := t.TempDir()
	fsys, err := durable.Open(dir)
	check(t, err)
	t.Cleanup(func() { check(t, fsys.Close()) })
	return fsys, dir
}

func open(t testing.TB, fsys durable.FS) *dirblob.Blobs {
	t.Helper()
	b, err := dirblob.Open(fsys)
	check(t, err)
	t.Cleanup(func() { check(t, b.Close()) })
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func digest(data []byte) message.Digest { return sha256.Sum256(data) }

// pathOf returns where a blob's file is.
func pathOf(dir string, data []byte) string {
	d := digest(data).String()
	return filepath.Join(dir, d[:2], d[2:])
}

// keep uploads data and keeps it under the digest of want.
func keep(t testing.TB, b store.Blobs, data, want []byte) {
	t.Helper()
	up, err := b.Create(t.Context())
	check(t, err)
	_, err = up.Write(data)
	check(t, err)
	check(t, up.Keep(t.Context(), digest(want)))
}

// wantClean checks that every file has the name of its digest: no upload is left, and
// nothing has a digest's name that does not have its bytes.
func wantClean(t *testing.T, dir, when string) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		check(t, err)
		data, err := os.ReadFile(name)
		check(t, err)
		if pathOf(dir, data) != name {
			t.Errorf("%s: %s has %d bytes that do not have this digest", when, rel, len(data))
		}
		return nil
	}))
}

func TestFilesAreReadOnlyAndFoldersPrivate(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	data := []byte("some bytes")
	keep(t, open(t, fsys), data, data)
	for name, want := range map[string]fs.FileMode{
		pathOf(dir, data):               0o444,
		filepath.Dir(pathOf(dir, data)): 0o700 | fs.ModeDir,
		filepath.Join(dir, "tmp"):       0o700 | fs.ModeDir,
	} {
		info, err := os.Lstat(name)
		check(t, err)
		if info.Mode() != want {
			t.Errorf("%s: got mode %v, want %v", info.Name(), info.Mode(), want)
		}
	}
}

func TestABlobIsAFile(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	data := []byte("some bytes")
	blobs := open(t, fsys)
	keep(t, blobs, data, data)
	b, err := blobs.Open(t.Context(), digest(data))
	check(t, err)
	defer b.Close()
	got, err := b.(store.FileBlob).File().Stat()
	check(t, err)
	want, err := os.Stat(pathOf(dir, data))
	check(t, err)
	if !os.SameFile(got, want) {
		t.Error("got another file")
	}
}

func TestALinkIsNotABlob(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	blobs := open(t, fsys)
	data := []byte("some bytes")
	keep(t, blobs, data, data)
	check(t, os.Rename(pathOf(dir, data), filepath.Join(dir, "elsewhere")))
	check(t, os.Symlink("../elsewhere", pathOf(dir, data)))
	if _, err := blobs.Open(t.Context(), digest(data)); !errors.Is(err, durable.ErrNotRegular) {
		t.Errorf("Open: got %v, want %v", err, durable.ErrNotRegular)
	}
	keep(t, blobs, data, data)
	check(t, os.Remove(filepath.Join(dir, "elsewhere")))
	wantClean(t, dir, "after Keep over a link")
}

func TestStrangersAreLeftAlone(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	blobs := open(t, fsys)
	data := []byte("some bytes")
	keep(t, blobs, data, data)
	check(t, os.Mkdir(filepath.Join(dir, "lost+found"), 0o700))
	shard := filepath.Dir(pathOf(dir, data))
	for _, name := range []string{"note", "0123", strings.ToUpper(filepath.Base(pathOf(dir, data)))} {
		check(t, os.WriteFile(filepath.Join(shard, name), nil, 0o600))
	}
	n := 0
	for info, err := range blobs.All(t.Context()) {
		check(t, err)
		if info.Digest != digest(data) || info.Size != int64(len(data)) {
			t.Errorf("All: got %v", info)
		}
		n++
	}
	if n != 1 {
		t.Errorf("All: got %d blobs, want 1", n)
	}
}

// A process that opens the folder does not touch the uploads of another that lives.
func TestOpenLeavesLivingUploads(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	data := make([]byte, 100_000)
	first := open(t, fsys)
	up, err := first.Create(t.Context())
	check(t, err)
	_, err = up.Write(data)
	check(t, err)
	keep(t, open(t, fsys), data, data)
	check(t, up.Keep(t.Context(), digest(data)))
	wantClean(t, dir, "after both Keeps")
}

// What another process may rely on is replaced only by bytes that are on disk.
func TestReplacementIsSyncedFirst(t *testing.T) {
	t.Parallel()
	fsys, _ := openDir(t)
	data := []byte("some bytes")
	keep(t, open(t, fsys), nil, data)
	e := storetest.NewEffects(storetest.Plan{})
	keep(t, open(t, e.FS(fsys)), data, data)
	synced := false
	for _, effect := range e.Log() {
		switch op, _, _ := strings.Cut(effect, " "); {
		case op == "sync":
			synced = true
		case op == "replace" && !synced:
			t.Errorf("%q before any sync: %q", effect, e.Log())
		}
	}
	if !synced {
		t.Errorf("nothing was synced: %q", e.Log())
	}
}

// A sync that failed once would succeed the next time, with the bytes lost all the same.
func TestAFailedKeepIsNotRepeated(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	data := []byte("some bytes")
	keep(t, open(t, fsys), data, data)
	blobs := open(t, unsyncable{fsys})
	up, err := blobs.Create(t.Context())
	check(t, err)
	_, err = up.Write(data)
	check(t, err)
	for range 2 {
		if err := up.Keep(t.Context(), digest(data)); !errors.Is(err, syscall.EIO) {
			t.Errorf("Keep: got %v, want %v", err, syscall.EIO)
		}
	}
	check(t, up.Discard())
	wantClean(t, dir, "after Discard")
}

// unsyncable fails the first sync of each file.
type unsyncable struct{ durable.FS }

func (u unsyncable) Open(name string) (durable.File, error) {
	f, err := u.FS.Open(name)
	return &unsyncableFile{File: f}, err
}

type unsyncableFile struct {
	durable.File
	told bool
}

func (f *unsyncableFile) Sync() error {
	if f.told {
		return nil
	}
	f.told = true
	return syscall.EIO
}

func TestDiscardRemovesTheUpload(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	up, err := open(t, fsys).Create(t.Context())
	check(t, err)
	_, err = up.Write(make([]byte, 100_000))
	check(t, err)
	check(t, up.Discard())
	wantClean(t, dir, "after Discard")
}

func TestCloseDiscardsUploads(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	b, err := dirblob.Open(fsys)
	check(t, err)
	up, err := b.Create(t.Context())
	check(t, err)
	_, err = up.Write(make([]byte, 100_000))
	check(t, err)
	check(t, b.Close())
	wantClean(t, dir, "after Close")
	check(t, up.Discard())
}
