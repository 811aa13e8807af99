package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is the user that tests run commands as when root runs the tests: root is
// refused nothing.
const nobody = 65534

// plainUser runs commands as a user without privileges, in a folder of its own.
type plainUser struct {
	dir  string // that the user may write
	self string // the program, where the user may run it
	attr *syscall.SysProcAttr
}

func newPlainUser(t *testing.T) plainUser {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return plainUser{dir: t.TempDir(), self: self}
	}
	base, err := os.MkdirTemp("", "mailchute-test-") //nolint:usetesting // others must be able to enter it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	u := plainUser{
		dir: filepath.Join(base, "work"), self: filepath.Join(base, "mailchute"),
		attr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
	}
	program, err := os.ReadFile(self)
	err = errors.Join(err, os.Chmod(base, 0o755), os.WriteFile(u.self, program, 0o755), os.Mkdir(u.dir, 0o755), os.Chown(u.dir, nobody, nobody)) //nolint:gosec // the user must run it
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// run runs the program.
func (u plainUser) run(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), u.self, args...)
	cmd.Args[0], cmd.Dir, cmd.SysProcAttr, cmd.Env = "mailchute", u.dir, u.attr, []string{"USER=tester", "GORACE=atexit_sleep_ms=0"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

func (u plainUser) must(t *testing.T, want int, args ...string) string {
	t.Helper()
	code, out := u.run(t, args...)
	if code != want {
		t.Errorf("%v: exit code %d, want %d\n%s", args, code, want, out)
	}
	return out
}

func TestReadOnlyDropFolder(t *testing.T) {
	t.Parallel()
	u := newPlainUser(t)
	u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "eml", "--sender-trust", "claimed")
	u.must(t, exitDone, "-c", "farm", "library", "add", "open", "--accept", "anyone")
	drop := filepath.Join(u.dir, "farm", "drop")
	message := filepath.Join(drop, "a.eml")
	if err := os.WriteFile(message, []byte("X-Sender: <a@b.example>\nX-Receiver: <open@docs.example.com>\n\nText\n"), 0o644); err != nil { //nolint:gosec // the user must read it
		t.Fatal(err)
	}
	if err := os.Chmod(drop, 0o555); err != nil { //nolint:gosec // that it cannot be written is the point
		t.Fatal(err)
	}
	for _, command := range []string{"drain", "check"} {
		out := u.must(t, exitFailed, "-c", "farm", command)
		if !strings.Contains(out, drop) && !strings.Contains(out, "farm/drop") || !strings.Contains(out, "rights") {
			t.Errorf("%s does not say which rights are missing where:\n%s", command, out)
		}
	}
	if _, err := os.Stat(message); err != nil {
		t.Errorf("the message is not where it was: %v", err)
	}

	if err := os.Chmod(drop, 0o755); err != nil { //nolint:gosec // as init made it
		t.Fatal(err)
	}
	if out := u.must(t, exitDone, "-c", "farm", "drain"); !strings.Contains(out, "1 filed") {
		t.Errorf("with the rights back:\n%s", out)
	}
}

func TestDataFolderOfAnother(t *testing.T) {
	t.Parallel()
	u := newPlainUser(t)
	u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "eml")
	for _, part := range []string{"blobs", "libraries", "locks", "catalog.db"} {
		path := filepath.Join(u.dir, "farm", part)
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		out := u.must(t, exitFailed, "-c", "farm", "library", "list")
		if !strings.Contains(out, part) || strings.Count(out, "\n") > 2 {
			t.Errorf("without rights on %s the error is:\n%s", part, out)
		}
		if err := os.Chmod(path, before.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	u.must(t, exitDone, "-c", "farm", "library", "list")
}
