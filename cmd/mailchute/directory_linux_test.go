package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/directory/directorytest"
)

// inDirectory makes a farm whose people are in an OpenLDAP server.
func inDirectory(t *testing.T) (*directorytest.Slapd, string) {
	t.Helper()
	s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{})
	dir := filepath.Join(t.TempDir(), "farm")
	mailchute(t, "init", dir, "--domain", "docs.example.com", "--format", "eml", "--sender-trust", "claimed")
	file := filepath.Join(dir, "mailchute.toml")
	for setting, value := range map[string]string{
		"url": s.LDAPS, "ca_file": s.Authority, "base": directorytest.BaseDN, "bind_dn": directorytest.ReaderDN, "password_file": "password",
	} {
		edit(t, file, "\n"+setting+" = ''", "\n"+setting+" = '"+value+"'")
	}
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(s.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mailchute(t, "-c", dir, "library", "add", "invoices")
	return s, dir
}

// refused runs a command in this process, which must end with that code, and returns what
// it says.
func refused(t *testing.T, code int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(t.Context(), args, nil, &stdout, &stderr, func(string) string { return "" }); got != code {
		t.Fatalf("%v: got exit code %d, want %d\n%s%s", args, got, code, &stdout, &stderr)
	}
	return stdout.String() + stderr.String()
}

// says fails the test where a text has not all of these.
func says(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%swant %q in it", text, want)
		}
	}
}

// dropFrom drops a message to invoices.
func dropFrom(t *testing.T, dir, sender string) {
	t.Helper()
	message := fmt.Sprintf("X-Sender: <%[1]s>\nX-Receiver: <invoices@docs.example.com>\nSubject: of %[1]s\n"+
		"Content-Type: application/pdf; name=\"%[1]s.pdf\"\n\nbytes\n", sender)
	if err := os.WriteFile(filepath.Join(dir, "drop", sender+".eml"), []byte(message), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A group of the directory gets a right, and its members send: from the command line to the
// documents, with a real server.
func TestDirectory(t *testing.T) {
	t.Parallel()
	s, dir := inDirectory(t)
	says(t, mailchute(t, "-c", dir, "check"), "ok    directory: "+s.LDAPS+" answers")

	granted := mailchute(t, "-c", dir, "grant", "library:invoices", "directory-group:DEPT", "contribute")
	_, id, _ := strings.Cut(granted, "directory-group:")
	id, _, _ = strings.Cut(id, " ")
	says(t, granted, id+" (dept) has the level contribute in library:invoices")
	says(t, mailchute(t, "-c", dir, "library", "show", "invoices"), "directory-group:"+id+" (dept) contribute")
	says(t, mailchute(t, "-c", dir, "library", "show", "invoices", "--json"), `"principal":"directory-group:`+id+`"`)
	says(t, refused(t, exitNotFound, "-c", dir, "grant", "library:invoices", "directory-group:nowhere", "read"), "there is no group nowhere in the directory")
	says(t, refused(t, exitNotFound, "-c", dir, "grant", "library:invoices", "user:ldap:alice", "read"), "directory-group:NAME")

	dropFrom(t, dir, "alice@corp.example")
	dropFrom(t, dir, "carol@corp.example")
	says(t, mailchute(t, "-c", dir, "explain", filepath.Join(dir, "drop", "alice@corp.example.eml")), "user:ldap:alice", "directory-group:"+id)
	refused(t, exitHeld, "-c", dir, "drain")
	says(t, mailchute(t, "-c", dir, "documents", "invoices"), "alice@corp.example.pdf", "ldap:alice")
	says(t, mailchute(t, "-c", dir, "held", "list"), "carol@corp.example", "no-permission")

	s.Stop()
	dropFrom(t, dir, "bob@corp.example")
	says(t, refused(t, exitFailed, "-c", dir, "drain"), "nobody knows who sent it, so it waits")
	says(t, refused(t, exitFailed, "-c", dir, "check"), "FAIL  directory")
	says(t, mailchute(t, "-c", dir, "library", "show", "invoices"), "directory-group:"+id+" contribute")
	if kept, err := filepath.Glob(filepath.Join(dir, "drop", ".mailchute", "retry", "*", "*")); err != nil || len(kept) != 1 {
		t.Errorf("got %q, %v waiting, want the one message", kept, err)
	}

	s.Start(t)
	says(t, mailchute(t, "-c", dir, "revoke", "library:invoices", "directory-group:dept"), "directory-group:"+id)
	refused(t, exitNotFound, "-c", dir, "revoke", "library:invoices", "directory-group:"+id)
}

// apply knows groups of the directory by their names; a second run changes nothing.
func TestDirectoryApply(t *testing.T) {
	t.Parallel()
	_, dir := inDirectory(t)
	file := filepath.Join(dir, "farm.toml")
	declared := "[[grant]]\nscope = 'library:invoices'\nprincipal = 'directory-group:dept'\nlevel = 'contribute'\n"
	if err := os.WriteFile(file, []byte(declared), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, mailchute(t, "-c", dir, "apply", "-f", file), "directory-group:")
	says(t, mailchute(t, "-c", dir, "library", "show", "invoices"), "(dept) contribute")
	if again := mailchute(t, "-c", dir, "apply", "-f", file, "--json"); strings.Contains(again, "directory-group:") {
		t.Errorf("got %s for a second run, want no change", again)
	}
}
