package incoming_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory/directorytest"
)

// ask asks what becomes of mail of a sender to a recipient, on the rungs.
func (w *world) ask(from, to string, rungs ...access.Rung) (incoming.Prospect, error) {
	w.t.Helper()
	sender, err := address.ParseMailbox(from)
	w.must(err)
	recipient, err := address.ParseMailbox(to)
	w.must(err)
	o := testOptions(w.dir, w.format, w.job.Log)
	w.change(&o)
	o.Store = w.store
	return incoming.ExplainSender(w.t.Context(), o, sender, recipient, rungs...)
}

// The chain leads from the line that was believed through the directory's groups to the
// grant, and a question without a message finds the same.
func TestChainOfAPerson(t *testing.T) {
	t.Parallel()
	w := peopled(t, directorytest.NewMemory(staffed()))
	w.drop("new/1", postfixTop("mallory@case.test", "closed@case.test", "X-Drop-Auth: alice@corp.example\n")+letter)
	got := w.explain(filepath.Join(w.dir, "drop", "new", "1")).Recipients[0].Standing

	dept := access.DirectoryGroupPrincipal(directorytest.ID("dept")).String()
	asked := []incoming.Step{
		{Step: "recipient", Detail: "closed@case.test is library closed of site default"},
		{Step: "asked", Detail: "library closed takes mail of contributors who are claimed or better (the farm's policy)"},
		{Step: "grant", Detail: "user:ldap:alice → " + dept + " (dept) → grant library:closed " + dept + " contribute"},
	}
	principal := incoming.Step{Step: "principal", Detail: "alice@corp.example is user:ldap:alice"}
	want := incoming.Standing{
		Asked: "claimed", AskedBy: "farm", Level: "contribute", Through: []string{"user:ldap:alice", dept},
		Grant: "library:closed " + dept + " contribute",
		Chain: append(append([]incoming.Step{
			{Step: "line", Detail: "line 4, x-drop-auth: the login of the sender"},
			{Step: "sender", Detail: "alice@corp.example is proven: login alice@corp.example in x-drop-auth, line 4"},
			principal,
		}, asked...), incoming.Step{Step: "decision", Detail: "file, by ldap:alice"}),
	}
	// The envelope sender is believed, too, and nobody asks who that is.
	envelope := incoming.Step{Step: "line", Detail: "line 1, return-path: the envelope sender"}
	got.Chain = slices.DeleteFunc(got.Chain, func(s incoming.Step) bool { return s == envelope })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of a message (-want +got):\n%s", diff)
	}

	x, err := w.ask("alice@corp.example", "closed@case.test", access.Proven)
	w.must(err)
	want.Chain = append([]incoming.Step{principal}, asked...)
	if diff := cmp.Diff(want, x.Standing); diff != "" {
		t.Errorf("of a sender (-want +got):\n%s", diff)
	}
}

// What ExplainSender says of each rung is what the job does with mail on it.
func TestProspectIsWhatTheJobDoes(t *testing.T) {
	t.Parallel()
	w := peopled(t, directorytest.NewMemory(staffed()))
	for i, from := range []string{"alice@corp.example", "carol@corp.example", "mallory@corp.example", "twin@corp.example", "alice@case.test", "bob@case.test"} {
		for _, to := range []string{"closed@case.test", "open@case.test", "nowhere@case.test", "closed@elsewhere.test"} {
			x, err := w.ask(from, to, access.Claimed)
			w.must(err)
			name := string(rune('a'+i)) + to
			w.drop("new/"+name, postfixTop(from, to, "")+"X-To: "+name+"\n"+letter)
			r := w.explain(filepath.Join(w.dir, "drop", "new", name)).Recipients[0]
			want := incoming.OnRung{Rung: access.Claimed, Decision: r.Decision, Reason: r.Reason, Author: r.Author}
			got := x.Rungs[0]
			if got.Detail = ""; got != want {
				t.Errorf("%s to %s: got %+v, want %+v", from, to, got, want)
			}
			if (x.Needs != nil) != (r.Decision == "file") {
				t.Errorf("%s to %s: it needs %v, and the job says %s", from, to, x.Needs, r.Decision)
			}
		}
	}
}

// While the directory is down nobody knows, and explain does not guess.
func TestProspectWhileTheDirectoryIsDown(t *testing.T) {
	t.Parallel()
	people := directorytest.NewMemory(staffed())
	w := peopled(t, people)
	errDown := errors.New("down")
	people.Fail(errDown)
	if _, err := w.ask("alice@corp.example", "closed@case.test"); !errors.Is(err, errDown) {
		t.Errorf("got %v, want %v", err, errDown)
	}
	if _, err := w.ask("alice@case.test", "closed@case.test"); err != nil {
		t.Errorf("of a user of the catalog: got %v", err)
	}
}
