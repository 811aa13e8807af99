package drop_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailchute/pkg/drop"
)

// TestOpenTriesAll lets each thing that draining needs fail. Open says what failed, where,
// and what to do, leaves nothing that another process would stumble over, and works when
// the fault is gone.
func TestOpenTriesAll(t *testing.T) {
	t.Parallel()
	const rights = "needs the rights to read, write and search"
	probe := func(name string) bool { return strings.Contains(name, "new/.mailchute-") }
	probed := func(name string) bool { return strings.HasSuffix(name, "/probe") }
	instance := func(name string) bool { return strings.HasPrefix(name, ".mailchute/tmp/") && !probed(name) }
	is := func(want string) func(string) bool { return func(name string) bool { return name == want } }
	for _, row := range []struct {
		what, op string
		name     func(string) bool
		cause    syscall.Errno
		want     string
	}{
		{"the share is gone", "lstat", is("."), syscall.ESTALE, "mount it again"},
		{"the share is down", "lstat", is("."), syscall.ENOTCONN, "mount it again"},
		{"new cannot be made", "mkdir", is("new"), syscall.EACCES, rights},
		{"new cannot be listed", "list", is("new"), syscall.EACCES, rights},
		{"new cannot be read", "list", is("new"), syscall.EIO, "system's log"},
		{"our folder cannot be made", "mkdir", is(".mailchute"), syscall.EACCES, rights},
		{"our folder on a full disk", "mkdir", is(".mailchute"), syscall.ENOSPC, "make room"},
		{"our folder on a read-only disk", "mkdir", is(".mailchute"), syscall.EROFS, "mounted read-only"},
		{"its name cannot be made durable", "syncdir", is(".mailchute"), syscall.EIO, "system's log"},
		{"no instance", "mkdir", instance, syscall.EDQUOT, "make room"},
		{"no locks", "lock", instance, syscall.ENOLCK, "file systems with locks"},
		{"no such locks", "lock", instance, syscall.ENOTSUP, "file systems with locks"},
		{"no descriptor for a lock", "lock", instance, syscall.EMFILE, "limit of open files"},
		{"no file where mail arrives", "create", probe, syscall.EACCES, rights},
		{"no file there by an attribute", "create", probe, syscall.EPERM, "lsattr"},
		{"no byte where mail arrives", "write", probe, syscall.ENOSPC, "make room"},
		{"no move where mail arrives", "rename", probe, syscall.EACCES, rights},
		{"no move out of an append-only folder", "rename", probe, syscall.EPERM, "lsattr"},
		{"new is another disk, or mounted", "rename", probe, syscall.EXDEV, "on one file system, with nothing mounted"},
		{"claimed is another disk, or mounted", "rename", instance, syscall.EXDEV, "on one file system, with nothing mounted"},
		{"a file cannot be read", "open", probed, syscall.EACCES, rights},
		{"a file cannot be removed", "remove", probed, syscall.EPERM, "lsattr"},
		{"the move cannot be made durable", "syncdir", is(".mailchute/claimed"), syscall.EIO, "system's log"},
		{"the format cannot be told", "mkdir", is(".mailchute/format"), syscall.ENOSPC, "make room"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.write("new/a", eml)
			hit := false
			fsys := hookedFS{w.fs(), func(op, name string) error {
				if op != row.op || !row.name(name) {
					return nil
				}
				hit = true
				return &fs.PathError{Op: op, Path: filepath.Join(w.dir, name), Err: row.cause}
			}}
			_, err := drop.Open(fsys, w.options("postfix"))
			if !hit {
				t.Fatal("never tried: the test proves nothing")
			}
			wantErr(t, "Open", err, row.cause)
			if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), w.dir) {
				t.Errorf("got %v, want %q and the path in it", err, row.want)
			}
			folder := w.open(w.fs(), "postfix")
			ok(t, claimOne(t, folder).Finish())
			ok(t, folder.Close())
			if left := w.files("."); len(left) != 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// TestDoubts: whoever else may meddle with the mail is named, and nobody is where the folder is
// as it should be.
func TestDoubts(t *testing.T) {
	t.Parallel()
	us := os.Geteuid()
	for _, row := range []struct {
		name, dir string
		mode      os.FileMode
		owners    []int
		want      []string
	}{
		{"ours alone", ".", 0o700, nil, nil},
		{"with a group", ".", 0o770, nil, nil},
		{"for all to read", "new", 0o755, nil, nil},
		{"for all to write", ".", 0o777, nil, []string{"can be written by every user of this system (mode 0777)"}},
		{"new for all to write", "new", 0o707, nil, []string{"/new can be written by every user of this system (mode 0707)"}},
		{"ours with the sticky bit", ".", 0o777 | os.ModeSticky, nil, nil},
		{"ours, for files of another", ".", 0o700, []int{us + 1}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ok(t, os.Chmod(w.dir, 0o755))
			ok(t, os.Mkdir(filepath.Join(w.dir, "new"), 0o755))
			ok(t, os.Chmod(filepath.Join(w.dir, row.dir), row.mode))
			options := w.options("postfix")
			options.Owners = row.owners
			folder, err := drop.Open(w.fs(), options)
			ok(t, err)
			got := folder.Doubts()
			if len(got) != len(row.want) {
				t.Fatalf("got %q, want %q", got, row.want)
			}
			for i, want := range row.want {
				if !strings.Contains(got[i], want) || !strings.Contains(got[i], w.dir) || !strings.Contains(got[i], "chmod") {
					t.Errorf("got %q, want %q in it, the path and what to do", got[i], want)
				}
			}
			ok(t, folder.Close())
		})
	}
}
