package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// serving is a process that serves, and its log so far.
type serving struct {
	t    *testing.T
	cmd  *exec.Cmd
	read chan struct{} // closed with the log

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed when there is another line
}

// serveFarm lets a command serve the data folder dir every second.
func serveFarm(t *testing.T, cmd *exec.Cmd, dir string) *serving {
	t.Helper()
	edit(t, filepath.Join(dir, "mailchute.toml"), `incoming = '* * * * *'`, `incoming = '@every 1s'`)
	s := &serving{t: t, cmd: cmd, read: make(chan struct{}), more: make(chan struct{})}
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go s.readLog(stderr)
	s.wait(`"trigger":"start"`, 1)
	return s
}

// own returns the command to serve the data folder dir in a process of its own.
func own(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-c", dir, "serve")
	cmd.Args[0] = "mailchute" // see TestMain
	return cmd
}

// edit replaces what a file says once, if it does.
func edit(t *testing.T, file, before, after string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, bytes.Replace(content, []byte(before), []byte(after), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *serving) readLog(log io.Reader) {
	defer close(s.read)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		s.mu.Lock()
		s.lines = append(s.lines, lines.Text())
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
	}
}

// count returns how many lines of the log have this, and a channel that is closed when
// there are more lines.
func (s *serving) count(what string) (n int, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines {
		if strings.Contains(line, what) {
			n++
		}
	}
	return n, s.more
}

// wait waits until so many lines of the log have this.
func (s *serving) wait(what string, times int) {
	s.t.Helper()
	late := time.After(patience)
	for {
		n, more := s.count(what)
		if n >= times {
			return
		}
		select {
		case <-more:
		case <-late:
			s.t.Fatalf("got %q %d times in the log, want %d:\n%s", what, n, times, strings.Join(s.lines, "\n"))
		}
	}
}

// runs waits until the schedule has had so many more runs.
func (s *serving) runs(times int) {
	s.t.Helper()
	before, _ := s.count(`"trigger":"schedule"`)
	s.wait(`"trigger":"schedule"`, before+times)
}

// end ends the process by a signal, and says whether its log has each of these sentences
// so often.
func (s *serving) end(times map[string]int) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	<-s.read
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("after SIGTERM: %v, want exit code 0", err)
	}
	for what, want := range times {
		if n, _ := s.count(what); n != want {
			s.t.Errorf("got %q %d times in the log, want %d:\n%s", what, n, want, strings.Join(s.lines, "\n"))
		}
	}
}

// put writes a message into the drop folder by the command put.
func put(t *testing.T, drop, name string) {
	t.Helper()
	message := fmt.Sprintf("Received: from a by b; Mon, 5 Jan 2026 09:00:00 +0000\nSubject: %[1]s\nMessage-ID: <%[1]s@b.example>\n\nText\n", name)
	var out bytes.Buffer
	code := run(t.Context(), []string{"put", "--drop", drop, "-f", "a@b.example", "open@docs.example.com"},
		strings.NewReader(message), &out, &out, func(string) string { return "" })
	if code != exitDone {
		t.Fatalf("put: exit code %d\n%s", code, &out)
	}
}

// The sentences of a drop folder's trouble, and of the data folder's.
const (
	cannotDrain = "The drop folder cannot be drained"
	drainsAgain = "The drop folder is drained again."
	cannotRun   = "The job could not run"
	runsAgain   = "The job runs again."
	filedOne    = `"filed":1,`
)

// The drop folder is removed and made again under serve: that is said once each, however
// many runs there are meanwhile, and what arrives then is filed.
func TestServeDropFolderMadeAgain(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	drop := filepath.Join(dir, "drop")
	s := serveFarm(t, own(t, dir), dir)
	put(t, drop, "before")
	s.wait(filedOne, 1)
	if err := os.RemoveAll(drop); err != nil {
		t.Fatal(err)
	}
	s.wait(cannotDrain, 1)
	s.runs(3)
	if err := os.Mkdir(drop, 0o755); err != nil { //nolint:gosec // as init made it
		t.Fatal(err)
	}
	put(t, drop, "after")
	s.wait(filedOne, 2)
	s.wait(drainsAgain, 1)
	s.runs(2)
	s.end(map[string]int{cannotDrain: 1, drainsAgain: 1, filedOne: 2, "make it or mount it": 1})
	if documents := mailchute(t, "-c", dir, "documents", "open", "--json"); strings.Count(documents, "\n") != 2 {
		t.Errorf("got the documents\n%swant 2", documents)
	}
	mailchute(t, "-c", dir, "verify")
}

// The rights on the drop folder are taken away under serve, and given back.
func TestServeDropFolderRights(t *testing.T) {
	t.Parallel()
	for _, part := range []string{".", "new", ".mailchute"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			u := newPlainUser(t)
			u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "drop-write", "--sender-trust", "claimed")
			u.must(t, exitDone, "-c", "farm", "library", "add", "open", "--accept", "anyone")
			u.must(t, exitDone, "-c", "farm", "check") // makes the maildir
			dir := filepath.Join(u.dir, "farm")
			at := filepath.Join(dir, "drop", part)
			before, err := os.Stat(at)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), u.self, "-c", "farm", "serve")
			cmd.Args[0], cmd.Dir, cmd.SysProcAttr = "mailchute", u.dir, u.attr
			s := serveFarm(t, cmd, dir)
			if err := os.Chmod(at, 0); err != nil {
				t.Fatal(err)
			}
			s.wait(cannotDrain, 1)
			s.runs(3)
			if err := os.Chmod(at, before.Mode()); err != nil {
				t.Fatal(err)
			}
			s.wait(drainsAgain, 1)
			deliver(t, dir, "after")
			if u.attr != nil {
				err = os.Chown(filepath.Join(dir, "drop", "new", "after"), nobody, nobody)
			}
			if err != nil && !errors.Is(err, os.ErrNotExist) { // filed already
				t.Fatal(err)
			}
			s.wait(filedOne, 1)
			s.end(map[string]int{cannotDrain: 1, drainsAgain: 1, filedOne: 1})
			u.must(t, exitDone, "-c", "farm", "verify")
		})
	}
}

// The data folder is moved away under serve: nothing is claimed until it is back, nor
// while another is at its place.
func TestServeDataFolderMoved(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	drop, away := filepath.Join(filepath.Dir(dir), "in"), dir+".away"
	edit(t, filepath.Join(dir, "mailchute.toml"), "path = 'drop'", "path = '"+drop+"'")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	waits := func(want int) {
		t.Helper()
		if files, err := os.ReadDir(filepath.Join(drop, "new")); err != nil || len(files) != want {
			t.Errorf("got %v, %v in the drop folder, want %d files", files, err, want)
		}
	}
	must(os.Mkdir(drop, 0o755)) //nolint:gosec // as init makes it
	s := serveFarm(t, own(t, dir), dir)
	put(t, drop, "1")
	s.wait(filedOne, 1)
	must(os.Rename(dir, away))
	put(t, drop, "2")
	s.wait(cannotRun, 1)
	waits(1)
	must(os.Rename(away, dir))
	s.wait(runsAgain, 1)
	s.wait(filedOne, 2)
	waits(0)

	must(os.Rename(dir, away))
	must(os.CopyFS(dir, os.DirFS(away)))
	put(t, drop, "3")
	s.wait(cannotRun, 2)
	waits(1)
	s.end(map[string]int{cannotRun: 2, runsAgain: 1, filedOne: 2, "restart mailchute": 2})
	mailchute(t, "-c", dir, "drain") // with what is there now
	waits(0)
	if documents := mailchute(t, "-c", dir, "documents", "open", "--json"); strings.Count(documents, "\n") != 3 {
		t.Errorf("got the documents\n%swant 3", documents)
	}
}
