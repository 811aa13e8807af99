package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// serve --user files mail with the rights of that user, in all of its threads, and cannot
// have root's back.
func TestServeAsAnotherUser(t *testing.T) {
	t.Parallel()
	u := newPlainUser(t)
	if u.attr == nil {
		missing(t, "needs the rights of root, to give them up")
	}
	u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "drop-write", "--sender-trust", "claimed")
	u.must(t, exitDone, "-c", "farm", "library", "add", "open", "--accept", "anyone")
	u.must(t, exitDone, "-c", "farm", "check") // makes the maildir
	dir := filepath.Join(u.dir, "farm")
	deliver(t, dir, "before")                                                            // of root, who is read
	if err := os.Chmod(filepath.Join(dir, "drop", "new", "before"), 0o644); err != nil { //nolint:gosec // the user must read it
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "drop", "new", "secret"), []byte("root's"), 0o600); err != nil {
		t.Fatal(err)
	}

	cmd := exec.CommandContext(t.Context(), u.self, "-c", dir, "serve", "--user", strconv.Itoa(nobody))
	cmd.Args[0] = "mailchute" // see TestMain
	s := serveFarm(t, cmd, dir)
	s.wait(`"filed":1`, 1)
	s.wait("permission denied", 1)
	status, err := filepath.Glob("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/task/*/status")
	if err != nil || len(status) < 2 {
		t.Fatalf("got the threads %v, %v", status, err)
	}
	for _, file := range status {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		const id = "\t65534\t65534\t65534\t65534\n"
		for _, want := range []string{"Uid:" + id, "Gid:" + id, "CapEff:\t0000000000000000\n", "CapPrm:\t0000000000000000\n"} {
			if !strings.Contains(string(content), want) {
				t.Errorf("%s has not %q:\n%s", file, want, content)
			}
		}
		if strings.Contains(string(content), "Groups:\t0") {
			t.Errorf("%s: in the group of root:\n%s", file, content)
		}
	}
	s.end(nil)
	if out := u.must(t, exitDone, "-c", "farm", "documents", "open"); !strings.Contains(out, "before") {
		t.Errorf("got the documents\n%s", out)
	}
	u.must(t, exitDone, "-c", "farm", "verify")
}

func TestServeUser(t *testing.T) {
	t.Parallel()
	u := newPlainUser(t)
	u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "eml")
	for _, row := range []struct{ user, want string }{
		{"nobody-of-that-name", "there is no such user of this system"},
		{"123456789", "there is no such user of this system"},
		{"root", "only root can become another user"},
	} {
		if out := u.must(t, exitUsage, "-c", "farm", "serve", "--user", row.user); !strings.Contains(out, row.want) {
			t.Errorf("--user %s: got\n%swant %q", row.user, out, row.want)
		}
	}
	// Who is that user already stays it.
	edit(t, filepath.Join(u.dir, "farm", "mailchute.toml"), `incoming = '* * * * *'`, `incoming = 'never'`)
	us := strconv.Itoa(os.Geteuid())
	if u.attr != nil {
		us = strconv.Itoa(nobody)
	}
	if out := u.must(t, exitUsage, "-c", "farm", "serve", "--user", us); !strings.Contains(out, "schedule.incoming") {
		t.Errorf("--user %s: got\n%swant no more than the wrong schedule", us, out)
	}
}
