package incoming_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
)

// staffed is directorytest's world with people who have an address or a login that users of
// the catalog have, too.
func staffed() directorytest.World {
	people := directorytest.People()
	people.Users = append(people.Users,
		directorytest.User{Name: "Robert", Login: "robert", Mail: "bob@" + domain},
		directorytest.User{Name: "Barbara", Login: "barbara", Mail: "barbara@corp.example"},
	)
	dept := slices.IndexFunc(people.Groups, func(g directorytest.Group) bool { return g.Name == "dept" })
	people.Groups[dept].Members = append(people.Groups[dept].Members, "Barbara", "Robert")
	return people
}

// peopled makes a world whose feed believes X-Drop-Auth and whose people are in a
// directory, with the libraries closed, for whom the directory's group dept may contribute,
// and open, to everybody's mail.
func peopled(t *testing.T, p directory.People) *world {
	t.Helper()
	reads, err := drop.FormatNamed("postfix")
	if err != nil {
		t.Fatal(err)
	}
	reads.AuthHeader = true
	w := newWorld(t, "postfix", with(func(o *incoming.Options) { o.People, o.Feeds[0].Reads = p, &reads }))
	w.must(os.MkdirAll(filepath.Join(w.dir, "drop", "new"), 0o755))
	w.library(library.Library{Name: "closed"})
	w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone}})
	w.must(w.store.Grant(t.Context(), toDept(access.Contribute)))
	return w
}

// toDept is a grant at the library closed to the directory's group dept, which holds the
// group engineers.
func toDept(level access.Level) access.Grant {
	return access.Grant{
		Scope:     access.Scope{Kind: access.ScopeLibrary, Name: "closed"},
		Principal: access.DirectoryGroupPrincipal(directorytest.ID("dept")), Level: level,
	}
}

// People of the directory send as users of the catalog do, with the rights of its groups.
// Users of the catalog come first, whatever the directory says of their addresses.
func TestPeople(t *testing.T) {
	t.Parallel()
	const nobody = access.SystemAccount
	for _, row := range []struct {
		name, sender, login string
		closed              string // the author, or why the message is held
		open                string // the author
	}{
		{"a member", "bob@corp.example", "", "ldap:bob", "ldap:bob"},
		{"a member of a group that is a member", "alice.archer@CORP.example", "", "ldap:alice", "ldap:alice"},
		{"another address", "a.archer@old.corp.example", "", "ldap:alice", "ldap:alice"},
		{"in other groups", "carol@corp.example", "", "no-permission", "ldap:carol"},
		{"in no group", "star*@corp.example", "", "no-permission", "ldap:star"},
		{"disabled", "dave@corp.example", "", "no-permission", nobody},
		{"disabled, with an address that is another's", "was.dave@corp.example", "", "no-permission", "ldap:dora"},
		{"nobody", "mallory@corp.example", "", "no-permission", nobody},
		{"several", "twin@corp.example", "", "ambiguous-sender", nobody},
		{"a contact", "ernie@elsewhere.example", "", "no-permission", nobody},
		{"a group", "staff@corp.example", "", "no-permission", nobody},
		{"what only looks like an address", "alice@corp\u3002example", "", "no-permission", nobody},
		{"the null sender", "", "", "no-permission", nobody},
		{"a user of the catalog", "alice@case.test", "", "alice", "alice"},
		{"a user of the catalog without rights", "bob@case.test", "", "no-permission", "bob"},
		{"a login", "mallory@corp.example", "BARBARA", "ldap:barbara", "ldap:barbara"},
		{"a login that is an address", "mallory@corp.example", "alice@corp.example", "ldap:alice", "ldap:alice"},
		{"a login that the catalog has, too", "mallory@corp.example", "bob", "no-permission", "bob"},
		{"a login that several have as their address", "alice@case.test", "twin@corp.example", "ambiguous-sender", nobody},
		{"a disabled login", "alice@case.test", "dave", "no-permission", nobody},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := peopled(t, directorytest.NewMemory(staffed()))
			top := ""
			if row.login != "" {
				top = "X-Drop-Auth: " + row.login + "\n"
			}
			for _, to := range []string{"closed", "open"} {
				w.drop("new/"+to, postfixTop(row.sender, to+"@case.test", top)+"X-To: "+to+"\n"+letter)
				w.checkExplained(w.explain(filepath.Join(w.dir, "drop", "new", to)), w.drain())
			}
			if got := w.authorOrReason("closed"); got != row.closed {
				t.Errorf("closed: got %s, want %s", got, row.closed)
			}
			if got := w.authorOrReason("open"); got != row.open {
				t.Errorf("open: got %s, want %s", got, row.open)
			}
			w.drained()
			w.verify()
		})
	}
}

// What is granted to everyone is granted to people of the directory, too, and to nobody who
// is in neither.
func TestPeopleAreEveryone(t *testing.T) {
	t.Parallel()
	w := peopled(t, directorytest.NewMemory(staffed()))
	grant := toDept(access.Contribute)
	w.must(w.store.Revoke(t.Context(), grant.Scope, grant.Principal))
	grant.Principal = access.Everyone()
	w.must(w.store.Grant(t.Context(), grant))
	w.drop("new/carol", postfixTop("carol@corp.example", "closed@case.test", "")+letter)
	w.drop("new/mallory", postfixTop("mallory@corp.example", "closed@case.test", "")+"X: y\n"+letter)
	w.drain()
	for file, want := range map[string]string{"carol": "filed closed@case.test", "mallory": "held no-permission closed@case.test"} {
		if diff := cmp.Diff([]string{want}, w.verdicts(file)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// A change in the directory counts from the next message on: the judge keeps nothing of it.
func TestPeopleChange(t *testing.T) {
	t.Parallel()
	people := directorytest.NewMemory(staffed())
	w := peopled(t, people)
	send := func(name, want string) {
		t.Helper()
		w.drop("new/"+name, postfixTop("bob@corp.example", "closed@case.test", "")+"X: "+name+"\n"+letter)
		w.drain()
		if diff := cmp.Diff([]string{want}, w.verdicts(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	const filed, unworthy = "filed closed@case.test", "held no-permission closed@case.test"
	send("member", filed)
	left := staffed()
	for i := range left.Groups {
		left.Groups[i].Members = slices.DeleteFunc(left.Groups[i].Members, func(name string) bool { return name == "Bob Baker" })
	}
	people.Set(left)
	send("left", unworthy)
	people.Set(staffed())
	send("back", filed)
	people.Set(directorytest.World{})
	send("gone", unworthy)
	w.verify()
}

// While the directory is down, however long, mail that depends on it is neither filed nor
// held, in the System Account's name least of all. Other mail is not kept up.
func TestDirectoryDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		people := directorytest.NewMemory(staffed())
		w := peopled(t, people)
		defer w.end()
		down := errors.New("directory: connection refused")
		people.Fail(down)
		w.drop("new/closed", postfixTop("bob@corp.example", "closed@case.test", "")+"X: closed\n"+letter)
		w.drop("new/open", postfixTop("bob@corp.example", "open@case.test", "")+"X: open\n"+letter)
		w.drop("new/proven", postfixTop("", "open@case.test", "X-Drop-Auth: barbara\n")+"X: proven\n"+letter)
		w.drop("new/catalog", postfixTop("alice@case.test", "open@case.test", "")+"X: catalog\n"+letter)
		w.drop("new/null", postfixTop("", "open@case.test", "")+"X: null\n"+letter)
		if _, err := w.job.Drain(t.Context()); !errors.Is(err, down) {
			t.Errorf("got %v, want to hear that %v", err, down)
		}
		for range 8 * 24 { // hours: longer than a message is tried again after failures of its own
			_, err := w.job.Run(t.Context(), jobs.Schedule)
			w.must(err)
			time.Sleep(time.Hour)
		}
		for _, name := range []string{"closed", "open", "proven"} {
			if got := w.verdicts(name); len(got) > 0 {
				t.Errorf("%s: got %q while nobody could say whose it is, want nothing", name, got)
			}
		}
		for _, name := range []string{"catalog", "null"} {
			if diff := cmp.Diff([]string{"filed open@case.test"}, w.verdicts(name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if got := len(w.waiting()) + len(w.ours()); got != 3 {
			t.Errorf("got %d drop files, want those 3", got)
		}
		people.Fail(nil)
		w.runFor(3 * time.Minute)
		for name, want := range map[string]string{"closed": "filed closed@case.test", "open": "filed open@case.test", "proven": "filed open@case.test"} {
			if diff := cmp.Diff([]string{want}, w.verdicts(name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for _, said := range []string{"does not say who sends mail", "The directory answers again."} {
			if n := strings.Count(w.log.String(), said); n != 1 {
				t.Errorf("got %q %d times in the log, want it once", said, n)
			}
		}
		w.drained()
		w.verify()
	})
}

// hanging is a directory that lets everybody wait.
type hanging struct {
	directory.People
	asked atomic.Int32
}

func (h *hanging) ByAddress(context.Context, address.Address) (directory.Person, error) {
	h.asked.Add(1)
	time.Sleep(10 * time.Second)
	return directory.Person{}, errors.New("no answer within 10s")
}

// A directory that lets everybody wait does not keep up the mail of others: not every
// message waits for itself that nobody answers.
func TestDirectoryHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var people hanging
		w := peopled(t, &people)
		defer w.end()
		const messages = 100
		for i := range messages {
			w.drop(fmt.Sprintf("new/%03d", i), postfixTop("bob@corp.example", "open@case.test", "")+letter)
		}
		w.drop("new/catalog", postfixTop("alice@case.test", "open@case.test", "")+letter)
		_, err := w.job.Run(t.Context(), jobs.Schedule)
		w.must(err)
		if got := int(people.asked.Load()); got == 0 || got > runtime.GOMAXPROCS(0) {
			t.Errorf("got %d questions in %d messages, want one for each that was in work at once", got, messages)
		}
		if diff := cmp.Diff([]string{"filed open@case.test"}, w.verdicts("catalog")); diff != "" {
			t.Errorf("a user of the catalog (-want +got):\n%s", diff)
		}
		if got := len(w.waiting()) + len(w.ours()); got != messages {
			t.Errorf("got %d drop files, want those %d", got, messages)
		}
	})
}

// TestDirectoryDownRelease: held mail stays held while nobody can say whose it is, unless
// the operator does.
func TestDirectoryDownRelease(t *testing.T) {
	t.Parallel()
	people := directorytest.NewMemory(staffed())
	w := peopled(t, people)
	w.drop("new/1", postfixTop("carol@corp.example", "closed@case.test", "")+letter)
	w.drain()
	held, err := w.store.HeldMail(t.Context())
	w.must(err)
	if len(held) != 1 {
		t.Fatalf("got %d held, want 1", len(held))
	}
	o := testOptions(w.dir, w.format, w.job.Log)
	w.change(&o)
	o.Store = w.store
	down := errors.New("directory: connection refused")
	people.Fail(down)
	if _, err := incoming.Release(t.Context(), o, held[0], incoming.Override{}); !errors.Is(err, down) {
		t.Errorf("got %v, want to hear that %v", err, down)
	}
	if r, err := incoming.Release(t.Context(), o, held[0], incoming.Override{Author: "alice", DryRun: true}); err != nil || r.Author != "alice" {
		t.Errorf("got author %q, %v; want alice", r.Author, err)
	}
	people.Fail(nil)
	r, err := incoming.Release(t.Context(), o, held[0], incoming.Override{})
	if err != nil || r.Author != "ldap:carol" {
		t.Errorf("got author %q, %v; want ldap:carol", r.Author, err)
	}
	w.verify()
}

// Explain shows the person and the group of the directory that the right comes from.
func TestExplainPeople(t *testing.T) {
	t.Parallel()
	w := peopled(t, directorytest.NewMemory(staffed()))
	w.drop("new/1", postfixTop("alice@corp.example", "closed@case.test", "")+letter)
	x := w.explain(filepath.Join(w.dir, "drop", "new", "1"))
	if x.Sender.Principal == nil || *x.Sender.Principal != "user:ldap:alice" {
		t.Errorf("got principal %v, want user:ldap:alice", x.Sender.Principal)
	}
	dept := "directory-group:" + directorytest.ID("dept")
	if diff := cmp.Diff([]string{"user:ldap:alice", dept}, x.Recipients[0].Through); diff != "" {
		t.Errorf("through (-want +got):\n%s", diff)
	}
	way := "user:ldap:alice → " + dept + " (dept) → grant "
	if !slices.ContainsFunc(x.Recipients[0].Chain, func(s incoming.Step) bool { return strings.HasPrefix(s.Detail, way) }) {
		t.Errorf("got chain %v, want %q in it", x.Recipients[0].Chain, way)
	}
	if want := "library:closed " + dept + " contribute"; x.Recipients[0].Grant != want {
		t.Errorf("got grant %q, want %q", x.Recipients[0].Grant, want)
	}
}
