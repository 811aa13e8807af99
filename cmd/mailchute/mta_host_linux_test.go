package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The names that the pages of "mailchute help formats" use.
const (
	hostDomain = "docs.example.com"
	hostFarm   = "/srv/mailchute"
	hostUser   = "library"
)

// mailHost is a small computer for one test: its processes have the packages of .ci/servers
// as their root directory, which they cannot write, with /etc, /var, /srv, /run and /tmp
// that are the test's alone. So paths are as in the pages. They run in namespaces of their
// own for mounts and process ids: when the first of them ends, all end, and it ends with the
// test or with the thread of the test's process.
type mailHost struct {
	root     string // of the packages
	dir      string // has the folders that can be written
	uid, gid int    // of the user library
}

// boot is the first process. It runs as root: a process that changes its user would forget
// to die with us.
const boot = `set -e
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
for d in etc var srv run tmp usr/local/bin; do mount --bind "$OWN/$d" "$ROOT/$d"; done
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
set +e
chroot --userspec="$AS" --groups= "$ROOT" "$@" &
trap 'kill $!' TERM
wait $!
code=$?
if kill -0 $! 2>/dev/null; then
	wait $!
	code=$?
fi
exit $code`

// missing skips a test that needs what is not there; where MAILCHUTE_TEST_SERVERS=require,
// the test fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MAILCHUTE_TEST_SERVERS") == "require" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// serversRoot returns where .ci/servers has put the packages.
func serversRoot(t *testing.T) string {
	t.Helper()
	root := os.Getenv("MAILCHUTE_TEST_ROOT")
	if _, err := os.Stat(filepath.Join(root, "etc/passwd")); root == "" || err != nil {
		missing(t, "server missing: run .ci/servers as root, and set MAILCHUTE_TEST_ROOT to what it prints")
	}
	if os.Geteuid() != 0 {
		missing(t, "server missing: root must start it")
	}
	return root
}

// newMailHost makes a host that has this build of the program as /usr/local/bin/mailchute.
func newMailHost(t *testing.T, root, program string) *mailHost {
	t.Helper()
	h := &mailHost{root: root, dir: t.TempDir()}
	for _, d := range []string{"var/log", "srv/mailchute", "run", "tmp", "usr/local/bin"} {
		h.mkdir(t, d, 0, 0, 0o755)
	}
	err := errors.Join(
		os.CopyFS(filepath.Join(h.dir, "etc"), os.DirFS(filepath.Join(root, "etc"))),
		os.Link(program, filepath.Join(h.dir, "usr/local/bin/mailchute")),
		os.Chmod(filepath.Join(h.dir, "tmp"), 0o777|fs.ModeSticky),
		os.Symlink("/run", filepath.Join(h.dir, "var/run")),
	)
	if err != nil {
		t.Fatal(err)
	}
	h.uid = h.userID(t, hostUser)
	h.gid = h.uid
	return h
}

// mkdir makes a folder, and those above it, and gives it to a user and a group.
func (h *mailHost) mkdir(t *testing.T, path string, owner, group int, mode fs.FileMode) {
	t.Helper()
	path = filepath.Join(h.dir, path)
	if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, mode), os.Chown(path, owner, group)); err != nil { //nolint:gosec // other users must enter it
		t.Fatal(err)
	}
}

// write makes a file.
func (h *mailHost) write(t *testing.T, path, content string) {
	t.Helper()
	path = filepath.Join(h.dir, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil { //nolint:gosec // other users must read it
		t.Fatal(err)
	}
}

// read returns what is in a file.
func (h *mailHost) read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(h.dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// userID returns the number of a user, which is that of their group, too.
func (h *mailHost) userID(t *testing.T, name string) int {
	t.Helper()
	for line := range strings.Lines(h.read(t, "etc/passwd")) {
		if f := strings.Split(line, ":"); f[0] == name {
			id, err := strconv.Atoi(f[2])
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
	}
	t.Fatalf("the host has no user %s", name)
	return 0
}

// give makes a user the owner of a folder and all that is in it.
func (h *mailHost) give(t *testing.T, path string, owner int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(h.dir, path), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, owner, owner))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// command returns a command that runs on the host as a user.
func (h *mailHost) command(ctx context.Context, user int, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", boot, "boot"}, args...)...)
	cmd.Env = []string{
		"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ROOT=" + h.root, "OWN=" + h.dir, "AS=" + strconv.Itoa(user) + ":" + strconv.Itoa(user),
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL, Setpgid: true,
	}
	return cmd
}

// process is a command that has been started.
type process struct {
	*exec.Cmd
	ended chan struct{} // closed when err is known
	err   error
}

// start starts a command, which ends with the test.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// A process is killed when the thread ends that has started it: it shall not.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-p.ended
	})
	return p
}

// run runs a command on the host, which must succeed, and returns its output.
func (h *mailHost) run(t *testing.T, user int, args ...string) string {
	t.Helper()
	return h.exits(t, exitDone, user, args...)
}

// exits runs a command on the host, which must end with an exit code, and returns its
// output.
func (h *mailHost) exits(t *testing.T, code, user int, args ...string) string {
	t.Helper()
	cmd := h.command(t.Context(), user, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	p := start(t, cmd)
	<-p.ended
	if got := exitStatus(t, p.err); got != code {
		t.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, code, &stdout, &stderr)
	}
	return stdout.String()
}

// until looks again and again whether something has happened; it returns false where it
// has not happened in time.
func until(ctx context.Context, happened func() bool) bool {
	late := time.After(2 * patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !happened() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return false
		case <-late:
			return false
		}
	}
	return true
}

// freePort returns a port of 127.0.0.1 that nobody listens on, and that the system gives
// to nobody who does not ask for it.
func freePort(t *testing.T) string {
	t.Helper()
	var listen net.ListenConfig
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		l, err := listen.Listen(t.Context(), "tcp4", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no port is free")
	return ""
}
