package main

import (
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// leaves tells a process of these tests to start a server and wait for its own end.
const leaves = "MAILCHUTE_TEST_LEAVES"

// TestNothingIsLeft kills a process of these tests that has started a server. The server
// holds a pipe open, which ends with the last process that has it.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	root := serversRoot(t)
	if os.Getenv(leaves) != "" {
		server := newMailHost(t, root, os.Args[0]).command(t.Context(), 0, "/bin/sh", "-c", "trap '' HUP; echo started; while :; do kill -STOP $$; done")
		server.Stdout = os.Stdout
		<-start(t, server).ended
		t.Fatal("the server has ended by itself")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), self, "-test.run=^TestNothingIsLeft$")
	other.Env = append(os.Environ(), leaves+"=1", "TMPDIR="+t.TempDir())
	stdout, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	other.Stdout = w
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := stdout.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, len("started\n"))
	if _, err := io.ReadFull(stdout, said); err != nil || string(said) != "started\n" {
		t.Errorf("got %q, %v, want it started", said, err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	if rest, err := io.ReadAll(stdout); err != nil {
		t.Errorf("the server was left: %q, %v", rest, err)
	}
}
