package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// inNamespace returns a command that runs the shell's script first, as root of a namespace
// of its own for users and mounts. The test is skipped where the system allows none.
func inNamespace(t *testing.T, cmd *exec.Cmd, script string, args ...string) *exec.Cmd {
	t.Helper()
	link := filepath.Join(t.TempDir(), "mailchute") // see TestMain
	if err := os.Symlink(cmd.Path, link); err != nil {
		t.Fatal(err)
	}
	command := func(script string) *exec.Cmd {
		in := exec.CommandContext(t.Context(), "/bin/sh", append(append([]string{"-c", script, "sh"}, args...), cmd.Args[1:]...)...)
		in.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
		}
		return in
	}
	if out, err := command(script).CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("needs Linux with namespaces for users: %v\n%s", err, out))
	}
	return command(fmt.Sprintf("%s && shift %d && exec '%s' \"$@\"", script, len(args), link))
}

// Where the system gives us no events, mail is filed all the same, and that is said once.
func TestServeWithoutEvents(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	s := serveFarm(t, inNamespace(t, own(t, dir), "echo 0 > /proc/sys/user/max_inotify_instances"), dir)
	s.wait("cannot be watched", 1)
	for i, name := range []string{"1", "2", "3"} {
		put(t, filepath.Join(dir, "drop"), name)
		s.wait(filedOne, i+1)
	}
	s.runs(7) // longer than until the next try to watch
	s.end(map[string]int{"cannot be watched": 1, "are watched again": 0, filedOne: 3, cannotDrain: 0})
}
