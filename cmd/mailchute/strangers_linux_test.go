package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// strangersFarm is a farm of a plain user whose library takes everything, and its drop
// folder; give makes a file there another user's.
func strangersFarm(t *testing.T) (u plainUser, drop string, give func(path string)) {
	t.Helper()
	u = newPlainUser(t)
	if u.attr == nil {
		missing(t, "needs the rights of root, to give files away")
	}
	u.must(t, exitDone, "init", "farm", "--domain", "docs.example.com", "--format", "eml", "--sender-trust", "claimed")
	u.must(t, exitDone, "-c", "farm", "library", "add", "open", "--accept", "anyone")
	return u, filepath.Join(u.dir, "farm", "drop"), func(path string) {
		const stranger = nobody - 1
		if err := os.Lchown(path, stranger, stranger); err != nil {
			t.Fatal(err)
		}
	}
}

// mailTo writes a message that every user may read.
func mailTo(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("X-Sender: <a@b.example>\nX-Receiver: <open@docs.example.com>\n\nText\n"), 0o644); err != nil { //nolint:gosec // the user must read it
		t.Fatal(err)
	}
}

// A .mailchute that another user has made is not used, whatever its mode.
func TestOurFolderOfAStranger(t *testing.T) {
	t.Parallel()
	u, drop, give := strangersFarm(t)
	mailTo(t, filepath.Join(drop, "a.eml"))
	own := filepath.Join(drop, ".mailchute")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	give(own)
	for _, command := range []string{"drain", "check"} {
		out := u.must(t, exitFailed, "-c", "farm", command)
		if !strings.Contains(out, ".mailchute must have mode 0700") || !strings.Contains(out, "belongs to user 65533") {
			t.Errorf("%s: got\n%swant to hear of the owner", command, out)
		}
	}
	if _, err := os.Stat(filepath.Join(drop, "a.eml")); err != nil {
		t.Error(err)
	}
}

// Files of a stranger's are not read: neither one that he drops, nor one that lies, like a
// link to a file of the system's, among the claims of a process that has died.
func TestFilesOfAStranger(t *testing.T) {
	t.Parallel()
	u, drop, give := strangersFarm(t)
	u.must(t, exitDone, "-c", "farm", "drain") // makes .mailchute
	claims := filepath.Join(drop, ".mailchute", "claimed", "planted", "1")
	err := errors.Join(os.MkdirAll(claims, 0o700), os.Symlink("/etc/passwd", filepath.Join(claims, "link.eml")))
	if err != nil {
		t.Fatal(err)
	}
	mailTo(t, filepath.Join(claims, "claimed.eml"))
	give(filepath.Join(claims, "claimed.eml"))
	for _, path := range []string{filepath.Dir(claims), claims} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	mailTo(t, filepath.Join(drop, "dropped.eml"))
	give(filepath.Join(drop, "dropped.eml"))
	mailTo(t, filepath.Join(drop, "ours.eml"))

	out := u.must(t, exitDone, "-c", "farm", "drain")
	for _, name := range []string{"dropped.eml", "claimed.eml", "link.eml"} {
		if strings.Count(out, `"file":"`+name+`"`) != 1 {
			t.Errorf("got\n%swant to hear of %s once", out, name)
		}
	}
	if !strings.Contains(out, "1 filed") || strings.Count(out, "belongs to user 65533, whose files this feed does not take") != 2 {
		t.Errorf("got\n%swant one filed, and two that are not read", out)
	}
	if _, err := os.Stat(filepath.Join(drop, "dropped.eml")); err != nil {
		t.Error(err)
	}
	if out := u.must(t, exitDone, "-c", "farm", "documents", "open"); strings.Contains(out, "root") || strings.Count(out, "\n") != 2 {
		t.Errorf("got the documents\n%s", out)
	}
}

// In a sticky folder of another user only that user's files can be moved: they stay, and
// that is said.
func TestStickyFolderOfAStranger(t *testing.T) {
	t.Parallel()
	u, drop, give := strangersFarm(t)
	u.must(t, exitDone, "-c", "farm", "drain")
	edit(t, filepath.Join(u.dir, "farm", "mailchute.toml"), "owners = []", "owners = ['root', '65533', '65534']")
	if err := os.Chmod(drop, 0o777|os.ModeSticky); err != nil { //nolint:gosec // the point
		t.Fatal(err)
	}
	give(drop)
	mailTo(t, filepath.Join(drop, "theirs.eml"))
	give(filepath.Join(drop, "theirs.eml"))
	out := u.must(t, exitDone, "-c", "farm", "drain")
	for _, want := range []string{"theirs.eml", "sticky bit", "0 filed"} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%swant %q", out, want)
		}
	}
	if _, err := os.Stat(filepath.Join(drop, "theirs.eml")); err != nil {
		t.Error(err)
	}
}
