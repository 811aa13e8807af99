package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/event"
)

// inContainer makes a farm that publishes into an OpenLDAP server.
func inContainer(t *testing.T) (*directorytest.Slapd, string) {
	t.Helper()
	s, dir := inDirectory(t)
	file := filepath.Join(dir, "mailchute.toml")
	edit(t, file, "publish = 'builtin'", "publish = 'ldap'")
	edit(t, file, "\ncontainer = ''", "\ncontainer = '"+directorytest.ContainerDN+"'")
	edit(t, file, "\nbind_dn = ''", "\nbind_dn = '"+directorytest.WriterDN+"'")
	edit(t, file, "\npassword_file = ''", "\npassword_file = 'writer'")
	setPassword(t, dir, s.WriterPassword)
	return s, dir
}

// setPassword writes the password of who publishes.
func setPassword(t *testing.T, dir, password string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "writer"), []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// published returns what the farm says of an object.
func published(t *testing.T, dir, of string) objectJSON {
	t.Helper()
	for line := range strings.Lines(mailchute(t, "-c", dir, "directory", "list", "--json")) {
		var o objectJSON
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		if o.Of == of {
			return o
		}
	}
	t.Fatalf("there is no object of %s", of)
	return objectJSON{}
}

// Contacts and groups of a real server follow the commands; what others made there stays.
func TestPublishing(t *testing.T) {
	t.Parallel()
	s, dir := inContainer(t)
	admin := s.Administrator(t)
	foreign := admin.Add(t, directory.KindContact, "foreign", directory.Attributes{"mail": {"f@docs.example.com"}})
	before := admin.Entry(t, foreign)
	says(t, mailchute(t, "-c", dir, "directory", "check"), "the container \""+directorytest.ContainerDN+"\" is there")

	plan := mailchute(t, "-c", dir, "directory", "plan")
	says(t, plan, "+ contact invoices (library invoices)", "    + mail invoices@docs.example.com", "1 step to do.")
	mailchute(t, "-c", dir, "directory", "apply")
	contact := admin.Entry(t, published(t, dir, "library invoices").ID)
	want := directory.Attributes{
		"cn": {"invoices"}, "displayName": {"Default – invoices (invoices)"}, "givenName": {"Default"}, "sn": {"invoices"},
		"mail": {"invoices@docs.example.com"}, "proxyAddresses": {"SMTP:invoices@docs.example.com"},
	}
	for name, values := range want {
		if diff := cmp.Diff(values, contact[name]); diff != "" {
			t.Errorf("%s of the contact (want -, got +):\n%s", name, diff)
		}
	}

	mailchute(t, "-c", dir, "user", "add", "al", "--address", "alice@corp.example")
	mailchute(t, "-c", dir, "group", "add", "team", "--member", "user:al", "--member", "address:invoices@docs.example.com", "--member", "address:x@y.example")
	says(t, mailchute(t, "-c", dir, "group", "set", "team", "--distribution", "team", "--manager", "user:al"), "Request 1 waits")
	says(t, mailchute(t, "-c", dir, "request", "approve", "1"), "Request 1 is applied.")
	says(t, mailchute(t, "-c", dir, "group", "show", "team"), "Missing             address:x@y.example")
	group := admin.Entry(t, published(t, dir, "group team").ID)
	if got := len(group["member"]); got != 2 || len(group["managedBy"]) != 1 || group["groupType"][0] != "8" {
		t.Errorf("got %v, want two members, a manager and the type 8", group)
	}
	writes := admin.Writes(t)
	mailchute(t, "-c", dir, "directory", "apply")
	if got := admin.Writes(t) - writes; got != 0 {
		t.Errorf("a second run: got %d writes, want none", got)
	}

	mailchute(t, "-c", dir, "settings", "set", "approve_rename=false")
	says(t, refused(t, exitFailed, "-c", dir, "group", "set", "team", "--distribution", "foreign"), "Request 2 failed: foreign is in use by cn=foreign,")
	mailchute(t, "-c", dir, "directory", "apply")
	says(t, mailchute(t, "-c", dir, "group", "show", "team"), "team@docs.example.com", "2: local_part team -> foreign, failed")
	if diff := cmp.Diff(before, admin.Entry(t, foreign)); diff != "" {
		t.Errorf("an object of somebody else (was -, is +):\n%s", diff)
	}
}

// While the directory is down, what was approved waits and nothing is lost.
func TestPublishingOutage(t *testing.T) {
	t.Parallel()
	s, dir := inContainer(t)
	mailchute(t, "-c", dir, "settings", "set", "approve_create=false")
	mailchute(t, "-c", dir, "group", "add", "team")

	setPassword(t, dir, "wrong")
	if said := refused(t, exitFailed, "-c", dir, "directory", "check"); strings.Count(said, "FAIL") != 1 {
		t.Errorf("got\n%swant one line that failed", said)
	}
	setPassword(t, dir, s.WriterPassword)
	s.Stop()
	says(t, refused(t, exitHeld, "-c", dir, "group", "set", "team", "--distribution", "team"), "Request 1 is approved, and not applied yet: ")
	says(t, mailchute(t, "-c", dir, "group", "show", "team"), "creating, the directory has still to follow")
	refused(t, exitFailed, "-c", dir, "directory", "plan")
	refused(t, exitFailed, "-c", dir, "directory", "apply")
	if said := refused(t, exitFailed, "-c", dir, "directory", "check"); strings.Count(said, "FAIL") != 1 {
		t.Errorf("got\n%swant one line that failed", said)
	}

	s.Start(t)
	mailchute(t, "-c", dir, "directory", "apply")
	says(t, mailchute(t, "-c", dir, "request", "show", "1"), "State          applied")
	if got := published(t, dir, "group team"); got.State != directory.ObjectActive || got.Dirty {
		t.Errorf("got %+v, want it active", got)
	}
}

// serve makes the directory follow what other processes changed before, and change by now.
func TestServePublishes(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	log, stderr := io.Pipe()
	go func() {
		run(ctx, []string{"-c", dir, "serve"}, nil, io.Discard, stderr, func(string) string { return "" })
		stderr.Close()
	}()
	runs := summariesOf(t, log, event.JobDirectory)
	next(t, runs, func(s event.Summary) bool { return s.Directory.Created == 1 }) // the library of newFarm
	mailchute(t, "-c", dir, "library", "add", "late")
	next(t, runs, func(s event.Summary) bool { return s.Directory.Created == 1 })
	if got := published(t, dir, "library late"); got.State != directory.ObjectActive || got.Dirty {
		t.Errorf("got %+v, want it active", got)
	}
	stop()
	for range runs { // until the log ends
	}
}

// A container that lost what was in it stops every run, until somebody says that it is so.
func TestPublishingRebuild(t *testing.T) {
	t.Parallel()
	s, dir := inContainer(t)
	admin := s.Administrator(t)
	names := []string{"invoices", "one", "two", "three", "four"}
	for _, name := range names[1:] {
		mailchute(t, "-c", dir, "library", "add", name)
	}
	mailchute(t, "-c", dir, "directory", "apply")
	for _, name := range names {
		admin.Delete(t, published(t, dir, "library "+name).ID)
	}
	says(t, refused(t, exitFailed, "-c", dir, "directory", "plan"), "too few of the known objects: 0 of 5", "directory apply --rebuild")
	says(t, refused(t, exitFailed, "-c", dir, "directory", "apply"), "directory apply --rebuild")
	says(t, mailchute(t, "-c", dir, "directory", "apply", "--rebuild"), "5 objects wanted, 5 created")
	says(t, mailchute(t, "-c", dir, "directory", "plan"), "There is nothing to change.")
}
