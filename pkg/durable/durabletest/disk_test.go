package durabletest_test

import (
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	disk := durabletest.NewDisk()
	root := open(t, disk, "/")
	var folders atomic.Int64
	durabletest.TestFS(t, func(t *testing.T) durable.FS {
		name := strconv.FormatInt(folders.Add(1), 10)
		check(t, root.Mkdir(name, 0o700))
		return open(t, disk, "/"+name)
	})
}

// A barrier reaches no further than what was done through its FS.
func TestBarrierOfAnFS(t *testing.T) {
	t.Parallel()
	disk := durabletest.NewDisk()
	s := &script{FS: open(t, disk, "/")}
	s.do(s.Mkdir("d", 0o700), s.Mkdir("e", 0o700), s.Barrier())
	d := &script{FS: open(t, disk, "/d")}
	d.make("a", "1", false)
	s.link("d/a", "e/a")
	s.do(d.err, d.Barrier())
	check(t, s.err)
	got := map[string]bool{}
	for seed := range uint64(100) {
		got[found(t, disk.PowerLoss(seed))] = true
	}
	want := map[string]bool{"d/ d/a=1 e/": true, "d/ d/a=1 e/ e/a=1": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// Of a long file's bytes, a beginning may be left, and zeros in place of blocks of it.
func TestPowerLossTearsBytes(t *testing.T) {
	t.Parallel()
	disk := durabletest.NewDisk()
	fsys := open(t, disk, "/")
	f, err := fsys.Create("a", 0o600)
	check(t, err)
	_, err = io.WriteString(f, strings.Repeat("1", 700))
	check(t, errors.Join(err, f.Sync(), fsys.SyncDir(".")))
	_, err = io.WriteString(f, strings.Repeat("2", 2000))
	check(t, err)
	seen := map[string]bool{}
	for seed := range uint64(400) {
		data, ok := strings.CutPrefix(found(t, disk.PowerLoss(seed)), "a="+strings.Repeat("1", 700))
		if !ok {
			t.Fatalf("seed %d: the synced bytes are gone", seed)
		}
		seen["cut"] = seen["cut"] || len(data) > 0 && len(data) < 2000
		seen["none"] = seen["none"] || data == ""
		seen["all"] = seen["all"] || data == strings.Repeat("2", 2000)
		seen["a hole"] = seen["a hole"] || strings.Contains(data, "02")
		seen["zeros only"] = seen["zeros only"] || len(data) > 0 && strings.Trim(data, "0") == ""
	}
	for _, kind := range []string{"cut", "none", "all", "a hole", "zeros only"} {
		if !seen[kind] {
			t.Errorf("no seed left this of the bytes: %s", kind)
		}
	}
}

func TestPowerLossEndsEverything(t *testing.T) {
	t.Parallel()
	disk := durabletest.NewDisk()
	s := &script{FS: open(t, disk, "/")}
	s.make("a", "1", true)
	s.do(s.Barrier())
	f, err := s.Open("a")
	check(t, errors.Join(s.err, err))
	lock, err := s.Lock("a")
	check(t, err)

	after := disk.PowerLoss(1)
	_, errOpen := disk.Open("/")
	_, errRead := f.Read(make([]byte, 1))
	_, errLock := s.Lock("a")
	for _, err := range []error{s.Mkdir("b", 0o700), s.Remove("a"), s.Barrier(), f.Sync(), errOpen, errRead, errLock} {
		if !errors.Is(err, durabletest.ErrPower) {
			t.Errorf("got %v, want %v", err, durabletest.ErrPower)
		}
	}
	check(t, errors.Join(f.Close(), lock.Close(), s.Close()))

	fsys := open(t, after, "/")
	lock, err = fsys.Lock("a")
	check(t, err)
	check(t, errors.Join(lock.Close(), fsys.Mkdir("b", 0o700), fsys.Rename("a", "b/a"), fsys.Barrier()))
	if got := found(t, after.PowerLoss(2)); got != "b/ b/a=1" {
		t.Errorf("after a second power loss: got %q", got)
	}
}

func TestOpenFolder(t *testing.T) {
	t.Parallel()
	disk := durabletest.NewDisk()
	s := &script{FS: open(t, disk, "/")}
	s.make("a", "1", true)
	check(t, s.err)
	for path, want := range map[string]error{"/none": fs.ErrNotExist, "a": fs.ErrInvalid, "/../a": fs.ErrInvalid} {
		if _, err := disk.Open(path); !errors.Is(err, want) {
			t.Errorf("Open(%q): got %v, want %v", path, err, want)
		}
	}
	if _, err := disk.Open("/a"); err == nil {
		t.Error("Open of a file: got no error")
	}
}

func open(t *testing.T, disk *durabletest.Disk, path string) durable.FS {
	t.Helper()
	fsys, err := disk.Open(path)
	check(t, err)
	return fsys
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
