package durabletest_test

import (
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
)

// script does something to a folder; err is the first error.
type script struct {
	durable.FS
	err error
}

func (s *script) do(errs ...error) { s.err = errors.Join(s.err, errors.Join(errs...)) }

// make makes a file and syncs its bytes where it is told to.
func (s *script) make(name, content string, sync bool) {
	f, err := s.Create(name, 0o600)
	if err != nil {
		s.do(err)
		return
	}
	_, err = io.WriteString(f, content)
	if sync {
		err = errors.Join(err, f.Sync())
	}
	s.do(err, f.Close())
}

func (s *script) link(name, newname string) {
	f, err := s.Open(name)
	if err != nil {
		s.do(err)
		return
	}
	s.do(s.Link(f, newname), f.Close())
}

// Each row begins with a durable file a, whose bytes are "1", and an empty durable folder
// d, and lists everything that a power loss may leave of them. Every outcome is met.
var outcomes = []struct {
	name   string
	script func(s *script)
	want   []string
}{
	{"nothing is done", func(*script) {}, []string{"a=1 d/"}},
	{
		"a file is not synced",
		func(s *script) { s.make("b", "2", false) },
		[]string{"a=1 d/", "a=1 b= d/", "a=1 b=0 d/", "a=1 b=2 d/"},
	},
	{
		"a file's bytes are synced",
		func(s *script) { s.make("b", "2", true) },
		[]string{"a=1 d/", "a=1 b=2 d/"},
	},
	{
		"a file's name is synced",
		func(s *script) { s.make("b", "2", false); s.do(s.SyncDir(".")) },
		[]string{"a=1 b= d/", "a=1 b=0 d/", "a=1 b=2 d/"},
	},
	{
		"a file's name is synced in another folder only",
		func(s *script) { s.make("b", "2", true); s.do(s.SyncDir("d")) },
		[]string{"a=1 d/", "a=1 b=2 d/"},
	},
	{
		"a file is synced whole",
		func(s *script) { s.make("b", "2", true); s.do(s.SyncDir(".")) },
		[]string{"a=1 b=2 d/"},
	},
	{
		"a barrier",
		func(s *script) {
			s.make("d/b", "2", false)
			s.do(s.Mkdir("e", 0o700), s.Rename("a", "e/a"), s.Barrier())
		},
		[]string{"d/ d/b=2 e/ e/a=1"},
	},
	{
		"a rename",
		func(s *script) { s.do(s.Rename("a", "d/b")) },
		[]string{"a=1 d/", "d/ d/b=1"},
	},
	{
		"a rename, its old folder synced",
		func(s *script) { s.do(s.Rename("a", "d/b"), s.SyncDir(".")) },
		[]string{"d/ d/b=1"},
	},
	{
		"a rename, its new folder synced",
		func(s *script) { s.do(s.Rename("a", "d/b"), s.SyncDir("d")) },
		[]string{"d/ d/b=1"},
	},
	{
		"two renames of one file",
		func(s *script) { s.do(s.Rename("a", "b"), s.Rename("b", "c")) },
		[]string{"a=1 d/", "b=1 d/", "c=1 d/"},
	},
	{
		"a name is used again after a rename",
		func(s *script) { s.do(s.Rename("a", "b")); s.make("a", "2", true) },
		[]string{"a=1 d/", "b=1 d/", "a=2 b=1 d/"},
	},
	{
		"a folder is renamed",
		func(s *script) { s.make("d/b", "2", true); s.do(s.Barrier(), s.Rename("d", "e")) },
		[]string{"a=1 d/ d/b=2", "a=1 e/ e/b=2"},
	},
	{
		"a file replaces another",
		func(s *script) { s.make("b", "2", true); s.do(s.Barrier(), s.Replace("b", "a")) },
		[]string{"a=1 b=2 d/", "a=2 d/"},
	},
	{
		"a file that was never synced replaces another",
		func(s *script) { s.make("b", "2", false); s.do(s.Replace("b", "a")) },
		[]string{"a=1 d/", "a=1 b= d/", "a=1 b=0 d/", "a=1 b=2 d/", "a= d/", "a=0 d/", "a=2 d/"},
	},
	{
		"a link",
		func(s *script) { s.link("a", "d/b") },
		[]string{"a=1 d/", "a=1 d/ d/b=1"},
	},
	{
		"a link instead of a rename",
		func(s *script) { s.link("a", "b"); s.do(s.Remove("a")) },
		[]string{"a=1 d/", "a=1 b=1 d/", "b=1 d/", "d/"},
	},
	{
		"a remove",
		func(s *script) { s.do(s.Remove("a")) },
		[]string{"a=1 d/", "d/"},
	},
	{
		"two removes",
		func(s *script) { s.do(s.Remove("a"), s.Remove("d")) },
		[]string{"a=1 d/", "a=1", "d/", ""},
	},
	{
		"a move into a folder whose name is not synced",
		func(s *script) { s.do(s.Mkdir("e", 0o700), s.Rename("a", "e/a"), s.SyncDir("d")) },
		[]string{"a=1 d/", "a=1 d/ e/", "d/ e/ e/a=1", "d/"},
	},
	{
		"a move into a folder whose name is synced",
		func(s *script) { s.do(s.Mkdir("e", 0o700), s.SyncDir("."), s.Rename("a", "e/a")) },
		[]string{"a=1 d/ e/", "d/ e/ e/a=1"},
	},
	{
		"a folder is removed after what it held was moved",
		func(s *script) { s.do(s.Rename("a", "d/a"), s.Barrier(), s.Rename("d/a", "b"), s.Remove("d")) },
		[]string{"d/ d/a=1", "b=1 d/", "b=1"},
	},
	{
		"changes of two names, the later one first",
		func(s *script) { s.make("b", "2", true); s.make("d/c", "3", true) },
		[]string{"a=1 d/", "a=1 b=2 d/", "a=1 d/ d/c=3", "a=1 b=2 d/ d/c=3"},
	},
}

func TestPowerLossLeaves(t *testing.T) {
	t.Parallel()
	for _, row := range outcomes {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			disk := durabletest.NewDisk()
			s := &script{FS: open(t, disk, "/")}
			s.make("a", "1", true)
			s.do(s.Mkdir("d", 0o700), s.Barrier())
			row.script(s)
			check(t, s.err)
			got := map[string]bool{}
			for seed := range uint64(400) {
				got[found(t, disk.PowerLoss(seed))] = true
			}
			want := map[string]bool{}
			for _, outcome := range row.want {
				want[outcome] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// found returns what is on a disk: "a=1 d/ d/b=", with 0 for each zero byte.
func found(t *testing.T, disk *durabletest.Disk) string {
	t.Helper()
	var all []string
	fsys := open(t, disk, "/")
	var walk func(folder string)
	walk = func(folder string) {
		for entry, err := range fsys.List(folder) {
			check(t, err)
			name := path.Join(folder, entry.Name())
			if entry.IsDir() {
				all = append(all, name+"/")
				walk(name)
				continue
			}
			f, err := fsys.Open(name)
			check(t, err)
			data, err := io.ReadAll(f)
			check(t, err)
			all = append(all, name+"="+strings.ReplaceAll(string(data), "\x00", "0"))
		}
	}
	walk(".")
	slices.Sort(all)
	return strings.Join(all, " ")
}
