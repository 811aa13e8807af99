package directorytest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to start or to end on a busy machine.
const patience = time.Minute

// missing skips a test that needs what is not there; where MAILCHUTE_TEST_SERVERS=require,
// the test fails.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("MAILCHUTE_TEST_SERVERS") == "require" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// packages returns where .ci/servers has put the packages; "" where it has not.
func packages() string {
	root := os.Getenv("MAILCHUTE_TEST_ROOT")
	if _, err := os.Stat(filepath.Join(root, "etc/passwd")); root == "" || err != nil {
		return ""
	}
	return root
}

// process is a program that has been started.
type process struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan struct{} // closed when err is known
	err    error
}

// start starts a program, which ends with the test or with the test's process.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
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
	t.Cleanup(p.kill)
	return p
}

// kill ends the program, which may have ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// run runs a program to its end, which must be a good one.
func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	p := start(t, cmd)
	<-p.ended
	if p.err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, p.err, &p.output)
	}
}

// answers waits until something listens at an address.
func (p *process) answers(t testing.TB, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	dialer := net.Dialer{}
	for {
		c, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-again.C:
		case <-p.ended:
			t.Fatalf("%v: %v\n%s", p.cmd.Args, p.err, &p.output)
		case <-ctx.Done():
			p.kill()
			t.Fatalf("%v: nothing listens at %s: %v\n%s", p.cmd.Args, address, err, &p.output)
		}
	}
}

// freePort returns a port of 127.0.0.1 that nobody listens on, and that the system gives to
// nobody who does not ask for it.
func freePort(t testing.TB) string {
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
