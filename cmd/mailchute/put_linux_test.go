package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mailchute/pkg/drop"
)

// putProcess returns a put that has not been started, and its standard input.
func putProcess(t *testing.T, dir string) (*exec.Cmd, io.WriteCloser) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	put := exec.CommandContext(t.Context(), self, "put", "--drop", dir, "-f", "a@b.example", "--", "open@docs.example.com")
	put.Args[0] = "mailchute" // see TestMain
	put.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	put.Stderr = new(bytes.Buffer)
	stdin, err := put.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return put, stdin
}

// messageOf returns a message of more bytes than a pipe holds: who has written it all
// knows that put has begun its file.
func messageOf(n int) string {
	return fmt.Sprintf("Received: from a by b\nSubject: %d\n\n", n) + strings.Repeat(fmt.Sprintf("%010d\n", n), 20_000)
}

// arrived returns the messages in new/, sorted; each file has a whole envelope.
func arrived(t *testing.T, dir string) (messages []string) {
	t.Helper()
	format, err := drop.FormatNamed(drop.WriteFormat)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := drop.ReadEnvelope(bytes.NewReader(content), int64(len(content)), format)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, string(content[e.Zone:]))
	}
	slices.Sort(messages)
	return messages
}

func exitStatus(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return exitDone
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// Fifty at once, a part of them killed: before their message has ended nothing has
// arrived, after that all or nothing, and of those that ended well each message once.
func TestPutsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	type started struct {
		put    *exec.Cmd
		killed bool
	}
	var all []started
	var whole, maybe []string
	for n := range 50 {
		put, stdin := putProcess(t, dir)
		if err := put.Start(); err != nil {
			t.Fatal(err)
		}
		message, fate := messageOf(n), random.IntN(4)
		if fate == 0 {
			message = message[:len(message)-1-random.IntN(len(message)/2)]
		}
		if _, err := io.WriteString(stdin, message); err != nil {
			t.Fatal(err)
		}
		if fate != 0 {
			if err := stdin.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if fate <= 1 {
			if err := put.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		switch fate {
		case 0:
		case 1:
			maybe = append(maybe, message)
		default:
			whole = append(whole, message)
		}
		all = append(all, started{put, fate <= 1})
	}
	for _, s := range all {
		err := s.put.Wait()
		if code := exitStatus(t, err); !s.killed && code != exitDone {
			t.Errorf("exit code %d: %s", code, s.put.Stderr)
		}
	}
	if len(whole) < 10 || len(maybe) < 5 {
		t.Fatalf("%d written and %d killed at their end: this proves little", len(whole), len(maybe))
	}
	got := arrived(t, dir)
	for _, message := range got {
		if !slices.Contains(whole, message) && !slices.Contains(maybe, message) {
			t.Errorf("a message of %d bytes has arrived that was not written whole", len(message))
		}
	}
	if once := slices.Compact(slices.Clone(got)); len(once) != len(got) {
		t.Errorf("%d messages are there twice", len(got)-len(once))
	}
	for _, message := range whole {
		if !slices.Contains(got, message) {
			t.Errorf("%.40q has not arrived", message)
		}
	}
}

func TestPutIsTold(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE} {
		dir := t.TempDir()
		put, stdin := putProcess(t, dir)
		if err := put.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(stdin, messageOf(1)); err != nil {
			t.Fatal(err)
		}
		if begun, err := filepath.Glob(filepath.Join(dir, "tmp", "*")); err != nil || len(begun) != 1 {
			t.Errorf("%v: tmp/ has %q before the signal, %v", sig, begun, err)
		}
		if err := put.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if code := exitStatus(t, put.Wait()); code != exitTryLater {
			t.Errorf("%v: exit code %d, want %d\n%s", sig, code, exitTryLater, put.Stderr)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*", "*")); err != nil || len(left) > 0 {
			t.Errorf("%v: there are %q, %v", sig, left, err)
		}
	}
}

func TestPutWithoutRights(t *testing.T) {
	t.Parallel()
	u := newPlainUser(t)
	dir := filepath.Join(u.dir, "drop")
	if err := os.MkdirAll(filepath.Join(dir, "new"), 0o755); err != nil { //nolint:gosec // the user must enter it
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil { //nolint:gosec // that it cannot be written is the point
		t.Fatal(err)
	}
	out := u.must(t, exitTryLater, "put", "--drop", dir, "-f", "", "open@docs.example.com")
	if !strings.Contains(out, "permission denied") {
		t.Errorf("got %q, want permission denied", out)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as it was
		t.Fatal(err)
	}
}

// The umask of an MTA, 077 as Postfix's, does not keep the folder's group from reading.
func TestPutMode(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir()
	if err := errors.Join(os.Symlink(self, filepath.Join(bin, "mailchute")), os.Chmod(dir, 0o770)); err != nil { //nolint:gosec // a drop folder that a group shares
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c", `umask 077; echo x | mailchute put --drop "$0" -f '' a@b.example; stat -c %a "$0"/new "$0"/new/*`, dir)
	shell.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0")
	out, err := shell.CombinedOutput()
	if err != nil || string(out) != "770\n640\n" {
		t.Errorf("got %q, %v, want modes 770 and 640", out, err)
	}
}
