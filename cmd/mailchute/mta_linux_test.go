package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mailServer is a mail system that a page tells how to set up.
type mailServer struct {
	format string
	// configure writes the configuration, and returns the command that runs the server in
	// the foreground. page has what is set in on the format's page.
	configure func(t *testing.T, h *mailHost, page map[string]string, port string) []string
	queue     []string // folders that have a file for each message not delivered yet
	whole     bool     // a file has all recipients of a message, else one
	logins    bool     // it knows logins, and takes addresses of the domain from their owners only
	refuses   []string // names of letters, besides those that no server may take
}

func mailServers() []mailServer {
	return []mailServer{
		{format: "postfix", configure: configurePostfix, queue: postfixQueue(), logins: true},
		{format: "drop-write", configure: configurePostfix, queue: postfixQueue(), whole: true, logins: true},
		{format: "exim", configure: configureExim, queue: []string{"var/spool/exim4/input"}, logins: true},
		{format: "exim-files", configure: configureExim, queue: []string{"var/spool/exim4/input"}, whole: true, logins: true},
		{
			format: "opensmtpd", configure: configureOpenSMTPD, queue: []string{"var/spool/smtpd/queue", "var/spool/smtpd/incoming"},
			refuses: []string{"quoted", "utf8", "smuggler"},
		},
	}
}

// TestMailServers sets up each server as its page says, sends it the letters, and lets
// serve file what it delivers.
func TestMailServers(t *testing.T) {
	t.Parallel()
	root := serversRoot(t)
	program := buildProgram(t)
	mail := post(letters())
	for _, s := range mailServers() {
		t.Run(s.format, func(t *testing.T) {
			t.Parallel()
			h := newMailHost(t, root, program)
			page := blocks(t, s.format)
			setUp(t, h, s, page)
			port := freePort(t)
			server := start(t, logged(t, h.command(t.Context(), 0, s.configure(t, h, page, port)...)))
			serve, log := h.serve(t)
			taken := send(t, s, mail, server, net.JoinHostPort("127.0.0.1", port))
			delivered := until(t.Context(), func() bool {
				return len(filesBelow(t, h, s.queue...)) == 0 && len(messagesIn(t, h)) == 0
			})
			if !delivered {
				t.Errorf("there is mail in the queue or in the drop folder: %q, %q", filesBelow(t, h, s.queue...), messagesIn(t, h))
			}
			h.endServe(t, serve, log)
			compare(t, h, taken)
			compareFiles(t, h, s)
		})
	}
}

// buildProgram builds mailchute as .ci/run does.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "mailchute")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// logged keeps what a server writes, and shows it where the test fails.
func logged(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	t.Cleanup(func() { // after the one of start, which waits
		if t.Failed() {
			t.Logf("the server's log:\n%s", &log)
		}
	})
	return cmd
}

// setUp makes the data folder as the page says, and libraries.
func setUp(t *testing.T, h *mailHost, s mailServer, page map[string]string) {
	t.Helper()
	once := page["Once, as root"]
	if !strings.Contains(once, "\nchown -R library:library "+hostFarm+"\n") {
		t.Fatalf("the page does not give %s away:\n%s", hostFarm, once)
	}
	h.runPage(t, exitDone, once)
	const toml = hostFarm + "/mailchute.toml"
	h.write(t, toml, configured(h.read(t, toml), page[feedSettings]))
	farm := func(args ...string) { h.run(t, 0, append([]string{"mailchute", "-c", hostFarm}, args...)...) }
	for _, name := range []string{"invoices", "contracts", "plans", "victim", "old"} {
		farm("library", "add", name, "--accept", "anyone")
	}
	farm("library", "add", "plans-2026", "--local-part", "plans+2026", "--accept", "anyone")
	farm("library", "add", "groesse", "--local-part", "größe", "--accept", "anyone")
	farm("library", "remove", "old", "--archive")
	farm("library", "add", "staff")
	farm("user", "add", "alice", "--address", "alice@"+hostDomain)
	farm("grant", "library:staff", "user:alice", "contribute")
	h.give(t, hostFarm, h.uid)
	exported := exitDone
	if slices.Contains(s.refuses, "utf8") {
		exported = exitHeld // the list cannot have größe
	}
	for title, commands := range page {
		if strings.HasPrefix(title, "When libraries have been added or changed") {
			h.runPage(t, exported, commands)
			return
		}
	}
	t.Fatal("the page does not tell how to export the recipients")
}

// runPage runs the commands of ours in a block of a page as root; each must end with an
// exit code.
func (h *mailHost) runPage(t *testing.T, code int, block string) {
	t.Helper()
	for line := range strings.Lines(block) {
		words := shellWords(strings.TrimSpace(line))
		if words[0] != "mailchute" {
			continue
		}
		if i := slices.Index(words, "-o"); i > 0 {
			h.mkdir(t, filepath.Dir(words[i+1]), 0, 0, 0o755)
		}
		h.exits(t, code, 0, words...)
	}
}

// serve starts serve as the user library.
func (h *mailHost) serve(t *testing.T) (*process, *bytes.Buffer) {
	t.Helper()
	h.run(t, h.uid, "mailchute", "-c", hostFarm, "check")
	var log bytes.Buffer
	cmd := h.command(t.Context(), h.uid, "mailchute", "-c", hostFarm, "serve")
	cmd.Stderr = &log
	return start(t, cmd), &log
}

// endServe ends serve by a signal.
func (h *mailHost) endServe(t *testing.T, serve *process, log *bytes.Buffer) {
	t.Helper()
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-serve.ended
	if serve.err != nil {
		t.Errorf("serve: %v\n%s", serve.err, log)
	}
	if t.Failed() {
		t.Logf("the log of serve:\n%s", log)
	}
}

// mustRefuse reports whether the server has to refuse a letter.
func (s mailServer) mustRefuse(l letter) bool {
	nobodys := len(l.filed)+len(l.held) == 0
	return nobodys || (l.stolen && s.logins) || slices.Contains(s.refuses, l.name)
}

// send sends all letters, and returns those that the server has taken; it has to
// refuse some, and to take the others.
func send(t *testing.T, s mailServer, mail []posted, server *process, address string) (taken []posted) {
	t.Helper()
	for _, l := range mail {
		if l.login != "" && !s.logins {
			continue
		}
		c := dial(t, server, address)
		err := c.send(l.says)
		c.Close()
		reply, isReply := errors.AsType[*textproto.Error](err)
		switch {
		case s.mustRefuse(l.letter):
			if !isReply || reply.Code < 500 {
				t.Errorf("letter %s: got %v, want the server to refuse it", l.name, err)
			}
		case err != nil:
			t.Errorf("letter %s: %v", l.name, err)
		default:
			taken = append(taken, l)
		}
	}
	return taken
}

// filesBelow returns all files in folders of the host and in those below them.
func filesBelow(t *testing.T, h *mailHost, folders ...string) (files []string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(h.dir, folder), func(path string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it was delivered meanwhile
			}
			if err == nil && e.Type().IsRegular() {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// messagesIn returns the files of the drop folder, but for our own that are no messages.
func messagesIn(t *testing.T, h *mailHost) []string {
	t.Helper()
	return slices.DeleteFunc(filesBelow(t, h, hostFarm+"/drop"), func(path string) bool {
		return strings.Contains(path, "/.mailchute/") && !strings.Contains(path, "/.mailchute/claimed/")
	})
}

// compare compares the documents of all libraries and all held mail with the letters.
func compare(t *testing.T, h *mailHost, taken []posted) {
	t.Helper()
	type document struct{ SHA256, Author, Rung, Sender string }
	want, got := map[string]document{}, map[string]document{}
	wantHeld, gotHeld := []string{}, []string{}
	for _, l := range taken {
		author, rung := l.author, "proven"
		if author == "" {
			author, rung = "System Account", "claimed"
		}
		for _, name := range l.filed {
			want[name+"/"+l.name+".bin"] = document{l.digest, author, rung, l.from}
		}
		for _, to := range l.held {
			wantHeld = append(wantHeld, l.name+" "+to+"@"+hostDomain)
		}
	}
	for _, name := range []string{"invoices", "contracts", "plans", "plans-2026", "groesse", "victim", "old", "staff"} {
		eachLine(t, h.run(t, h.uid, "mailchute", "-c", hostFarm, "documents", name, "--json"), func(d documentJSON) {
			got[d.Library+"/"+d.Name+strings.Repeat(" again", d.Version-1)] = document{d.SHA256, d.Author, d.Rung, d.EmailSender}
		})
	}
	eachLine(t, h.run(t, h.uid, "mailchute", "-c", hostFarm, "held", "list", "--json"), func(h heldJSON) {
		id, _, _ := strings.Cut(strings.TrimPrefix(h.MessageID, "<"), "@")
		gotHeld = append(gotHeld, id+" "+h.Recipient)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	slices.Sort(wantHeld)
	slices.Sort(gotHeld)
	if diff := cmp.Diff(wantHeld, gotHeld); diff != "" {
		t.Errorf("held mail (-want +got):\n%s", diff)
	}
	h.run(t, h.uid, "mailchute", "-c", hostFarm, "verify")
}

// compareFiles counts the files that were made of the letter to several recipients.
func compareFiles(t *testing.T, h *mailHost, s mailServer) {
	t.Helper()
	got, want := 0, 3
	if s.whole {
		want = 1
	}
	eachLine(t, h.run(t, h.uid, "mailchute", "-c", hostFarm, "trace", "several@client.example", "--json"), func(known traceJSON) {
		if known.What == "processed" {
			got++
		}
	})
	if got != want {
		t.Errorf("several recipients: got %d files, want %d", got, want)
	}
}

// eachLine calls f with each line of JSON.
func eachLine[T any](t *testing.T, lines string, f func(T)) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		f(v)
	}
}
