package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mailchute/pkg/event"
)

// patience bounds the waits for what must happen; nothing is timed by it.
const patience = 30 * time.Second

// mailchute runs a command in this process, which must succeed, and returns its output.
func mailchute(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, nil, &stdout, &stderr, func(string) string { return "" }); code != exitDone {
		t.Fatalf("%v: exit code %d\n%s%s", args, code, &stdout, &stderr)
	}
	return stdout.String()
}

// newFarm makes a data folder for a maildir with one library that takes everything.
func newFarm(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "farm")
	mailchute(t, "init", dir, "--domain", "docs.example.com", "--format", "drop-write", "--sender-trust", "claimed")
	mailchute(t, "-c", dir, "library", "add", "open", "--accept", "anyone")
	mailchute(t, "-c", dir, "check") // makes the maildir
	return dir
}

// deliver puts a message into the maildir, as a mail system does.
func deliver(t *testing.T, dir, name string) {
	t.Helper()
	message := fmt.Sprintf("X-Sender: <a@b.example>\nX-Receiver: <open@docs.example.com>\nX-EndOfInjectedXHeaders: 1\n"+
		"Received: from a by b; Mon, 5 Jan 2026 09:00:00 +0000\nSubject: %[1]s\nMessage-ID: <%[1]s@b.example>\n\nText\n", name)
	tmp := filepath.Join(dir, "drop", "tmp", name)
	if err := os.WriteFile(tmp, []byte(message), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, "drop", "new", name)); err != nil {
		t.Fatal(err)
	}
}

// summaries sends the events 6871 of incoming mail of a log; it is closed with the log.
func summaries(t *testing.T, log io.Reader) <-chan event.Summary {
	t.Helper()
	return summariesOf(t, log, event.JobIncoming)
}

// summariesOf sends the events 6871 of a job.
func summariesOf(t *testing.T, log io.Reader, job string) <-chan event.Summary {
	t.Helper()
	out := make(chan event.Summary, 100)
	go func() {
		defer close(out)
		lines := bufio.NewScanner(log)
		for lines.Scan() {
			var sum event.Summary
			if err := json.Unmarshal(lines.Bytes(), &sum); err != nil {
				t.Errorf("log line %q: %v", lines.Text(), err)
				continue
			}
			if sum.EventID == event.RunSummary && sum.Job == job {
				out <- sum
			}
		}
	}()
	return out
}

// next waits for an event that is as wanted.
func next(t *testing.T, events <-chan event.Summary, wanted func(event.Summary) bool) event.Summary {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case sum, ok := <-events:
			if !ok {
				t.Fatal("the log ended")
			}
			if wanted(sum) {
				return sum
			}
		case <-late:
			t.Fatal("the event never came")
		}
	}
}

func TestServeFilesOnArrival(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	deliver(t, dir, "before")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	log, stderr := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"-c", dir, "serve"}, nil, io.Discard, stderr, func(string) string { return "" })
		stderr.Close()
	}()
	events := summaries(t, log)
	first := next(t, events, func(s event.Summary) bool { return s.Trigger == "start" })
	if first.Filed != 1 || first.MessageIDs[0] != "<before@b.example>" {
		t.Errorf("at the start: got %+v, want one message filed", first)
	}
	deliver(t, dir, "after")
	second := next(t, events, func(s event.Summary) bool { return s.Processed > 0 })
	if second.Filed != 1 || second.MessageIDs[0] != "<after@b.example>" {
		t.Errorf("on arrival: got %+v, want one message filed", second)
	}

	// drain works beside serve, and whoever takes a message, it is filed once.
	deliver(t, dir, "beside")
	mailchute(t, "-c", dir, "drain")
	stop()
	for range events { // until the log ends
	}
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d, want %d", got, exitDone)
	}
	if documents := mailchute(t, "-c", dir, "documents", "open", "--json"); strings.Count(documents, "\n") != 3 {
		t.Errorf("got the documents\n%swant 3", documents)
	}
	mailchute(t, "-c", dir, "verify")
}

// startServe starts serve as a process of its own, and waits for its first run.
func startServe(t *testing.T, dir string) (*exec.Cmd, <-chan event.Summary) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	serve := exec.CommandContext(t.Context(), self, "-c", dir, "serve")
	serve.Args[0] = "mailchute" // see TestMain
	stderr, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	events := summaries(t, stderr)
	next(t, events, func(s event.Summary) bool { return s.Trigger == "start" })
	return serve, events
}

// endServe ends serve by a signal.
func endServe(t *testing.T, serve *exec.Cmd, events <-chan event.Summary) {
	t.Helper()
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range events { // until the log ends
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit code 0", err)
	}
}

func TestServeEndsBySignal(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	serve, events := startServe(t, dir)
	deliver(t, dir, "message")
	next(t, events, func(s event.Summary) bool { return s.Filed == 1 })
	endServe(t, serve, events)
	left, err := os.ReadDir(filepath.Join(dir, "locks", "processes"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		t.Errorf("a lock was left: %s", e.Name())
	}
	mailchute(t, "-c", dir, "verify")
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stderr bytes.Buffer
	code := run(ctx, []string{"-c", dir, "drain"}, nil, io.Discard, &stderr, func(string) string { return "" })
	if code != exitFailed || stderr.String() != "mailchute: interrupted\n" {
		t.Errorf("exit code %d, %q; want %d, interrupted", code, &stderr, exitFailed)
	}
}

func TestWaitFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var quick, slow sync.WaitGroup
		release := make(chan struct{})
		quick.Go(func() { <-ctx.Done() })
		slow.Go(func() { <-release })
		stop()
		if !waitFor(ctx, &quick, grace) {
			t.Error("what ends in time is said not to")
		}
		began := time.Now()
		if waitFor(ctx, &slow, grace) {
			t.Error("what does not end is said to")
		}
		if waited := time.Since(began); waited != grace {
			t.Errorf("waited %s, want %s", waited, grace)
		}
		close(release)
	})
}
