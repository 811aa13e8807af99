package directory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

var (
	asked = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	later = asked.Add(48 * time.Hour)

	nobody  = directory.Properties{}
	old     = directory.Properties{LocalPart: "team", Title: "Team"}
	renamed = directory.Properties{LocalPart: "crew", Title: "Team"}
	titled  = directory.Properties{LocalPart: "team", Title: "The team"}
)

func request(kind directory.RequestKind, before, want directory.Properties) directory.Request {
	return directory.Request{
		ID: 7, Distribution: "key", Name: "group team", Kind: kind, Before: before, Want: want,
		State: directory.Pending, Revision: 3, Requester: "alice", Asked: asked,
	}
}

func approvals(kinds ...directory.RequestKind) directory.Policy {
	p := directory.Policy{Approve: map[directory.RequestKind]bool{}}
	for _, k := range kinds {
		p.Approve[k] = true
	}
	return p
}

var fourEyes = directory.Policy{FourEyes: true}

// The rows of the state machine that say what a change is, and what needs an approval: a
// request of none goes on as one that the policy has approved.
func TestKindOf(t *testing.T) {
	t.Parallel()
	const (
		create = directory.RequestCreate
		rename = directory.RequestRename
		modify = directory.RequestModify
		remove = directory.RequestDelete
	)
	everything := directory.Properties{LocalPart: "crew", Title: "t", Description: "d", Manager: "user:bob", RequireAuth: true}
	tests := []struct {
		name         string
		before, want directory.Properties
		kinds        []directory.RequestKind
	}{
		{"request create", nobody, old, []directory.RequestKind{create}},
		{"request rename", old, renamed, []directory.RequestKind{rename}},
		{"request rename and modify", old, everything, []directory.RequestKind{rename, modify}},
		{"request modify: title", old, titled, []directory.RequestKind{modify}},
		{"request modify: description", old, directory.Properties{LocalPart: "team", Title: "Team", Description: "d"}, []directory.RequestKind{modify}},
		{"request modify: owner", old, directory.Properties{LocalPart: "team", Title: "Team", Manager: "user:bob"}, []directory.RequestKind{modify}},
		{"request modify: authenticated senders", old, directory.Properties{LocalPart: "team", Title: "Team", RequireAuth: true}, []directory.RequestKind{modify}},
		{"request modify: spelling of the local part", old, directory.Properties{LocalPart: "Team", Title: "Team"}, []directory.RequestKind{modify}},
		{"request delete", old, nobody, []directory.RequestKind{remove}},
		{"request delete, whatever else it says", everything, directory.Properties{Title: "x"}, []directory.RequestKind{remove}},
		{"nothing changes", old, old, nil},
		{"there is no group, and none is wanted", nobody, directory.Properties{Title: "x"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := directory.KindOf(test.before, test.want)
			if diff := cmp.Diff(test.kinds, got); diff != "" {
				t.Fatalf("KindOf (-want +got):\n%s", diff)
			}
			for _, switched := range []directory.RequestKind{create, rename, modify, remove} {
				want := false
				for _, k := range test.kinds {
					want = want || k == switched
				}
				if got := approvals(switched).NeedsApproval(got); got != want {
					t.Errorf("with an approval for %s: got %v, want %v", switched, got, want)
				}
			}
			if (directory.Policy{}).NeedsApproval(got) {
				t.Error("without any switch: got an approval needed")
			}
		})
	}
}

type transition func(directory.Request) (directory.Request, directory.Event, error)

// transitions returns all operations, by name.
func transitions(p directory.Policy) map[string]transition {
	type r = directory.Request
	return map[string]transition{
		"approve":   func(q r) (r, directory.Event, error) { return q.Approve("bob", q.Revision, later, p, "fine") },
		"reject":    func(q r) (r, directory.Event, error) { return q.Reject("bob", q.Revision, later, p, "no") },
		"withdraw":  func(q r) (r, directory.Event, error) { return q.Withdraw("alice", later, "never mind") },
		"supersede": func(q r) (r, directory.Event, error) { return q.Supersede("alice", later, "request 8") },
		"edit":      func(q r) (r, directory.Event, error) { return q.Edit("alice", renamed, later) },
		"expire":    func(q r) (r, directory.Event, error) { return q.Expire(later) },
		"remind":    func(q r) (r, directory.Event, error) { return q.Remind(later) },
		"apply":     func(q r) (r, directory.Event, error) { return q.Apply(later) },
		"fail":      func(q r) (r, directory.Event, error) { return q.Fail(later, "no such thing") },
	}
}

// The diagram: every operation in every state. What is not in it is refused.
func TestTransitions(t *testing.T) {
	t.Parallel()
	const (
		pending   = directory.Pending
		approved  = directory.Approved
		failed    = directory.Failed
		cancelled = directory.Cancelled
	)
	diagram := map[string]map[directory.RequestState]directory.RequestState{
		"approve":   {pending: approved, failed: approved},
		"reject":    {pending: directory.Rejected},
		"withdraw":  {pending: cancelled},
		"supersede": {pending: cancelled, approved: cancelled},
		"edit":      {pending: pending},
		"expire":    {pending: cancelled},
		"remind":    {pending: pending},
		"apply":     {approved: directory.Applied},
		"fail":      {approved: failed},
	}
	states := []directory.RequestState{pending, approved, directory.Applied, directory.Rejected, failed, cancelled}
	for name, do := range transitions(directory.Policy{}) {
		for _, from := range states {
			t.Run(name+" of "+string(from), func(t *testing.T) {
				t.Parallel()
				was := request(directory.RequestModify, old, titled)
				was.State = from
				got, e, err := do(was)
				to, ok := diagram[name][from]
				if !ok {
					if !errors.Is(err, fault.ErrConflict) || got != was || e != (directory.Event{}) {
						t.Fatalf("got %v, %v, %v, want no change and fault.ErrConflict", got, e, err)
					}
					return
				}
				if err != nil || got.State != to {
					t.Fatalf("got %s, %v, want %s", got.State, err, to)
				}
				if e.Request != was.ID || e.From != from || e.To != to || e.At != later || e.Actor == "" || e.Revision != got.Revision {
					t.Errorf("got the event %+v, want one of request %d from %s to %s", e, was.ID, from, to)
				}
				if got.State.Open() == !got.Ended.IsZero() {
					t.Errorf("%s with an end at %v", got.State, got.Ended)
				}
			})
		}
	}
}

func TestTransitionEffects(t *testing.T) {
	t.Parallel()
	ended := func(r directory.Request, s directory.RequestState) directory.Request {
		r.State, r.Ended = s, later
		return r
	}
	decided := func(r directory.Request, s directory.RequestState, by, comment string) directory.Request {
		r.State, r.Decided, r.Decider, r.Comment = s, later, by, comment
		return r
	}
	create := request(directory.RequestCreate, nobody, old)
	modify := request(directory.RequestModify, old, titled)
	approved := decided(create, directory.Approved, "bob", "fine")
	approved.Trouble = "the directory is down"
	quiet := approved
	quiet.Trouble = ""
	failure := ended(approved, directory.Failed)
	failure.Trouble = "no such thing"
	edited := modify
	edited.Kind, edited.Want, edited.Revision, edited.Asked = directory.RequestRename, renamed, 4, later
	reminded, again := modify, modify
	reminded.Reminded, again.Reminded = later, asked
	cancelled := func(by, why string) directory.Request {
		return ended(decided(create, directory.Cancelled, by, why), directory.Cancelled)
	}
	all := transitions(directory.Policy{})
	tests := []struct {
		name  string
		do    transition
		was   directory.Request
		want  directory.Request
		actor string
		text  string
	}{
		{"approve", all["approve"], create, quiet, "bob", "fine"},
		{"approve again what failed", all["approve"], failure, decided(create, directory.Approved, "bob", "fine"), "bob", "fine"},
		{"reject", all["reject"], create, ended(decided(create, directory.Rejected, "bob", "no"), directory.Rejected), "bob", "no"},
		{"withdraw", all["withdraw"], create, cancelled("alice", "never mind"), "alice", "never mind"},
		{"delete while a create is pending", all["supersede"], create, cancelled("alice", "request 8"), "alice", "request 8"},
		{"expire", all["expire"], create, cancelled(directory.ActorJob, "it expired: nobody decided about it"), directory.ActorJob, "it expired: nobody decided about it"},
		{"edit while pending: a new revision", all["edit"], again, edited, "alice", "edited"},
		{"remind", all["remind"], modify, reminded, directory.ActorJob, "it waits for approval"},
		{"apply", all["apply"], approved, ended(quiet, directory.Applied), directory.ActorJob, ""},
		{"fail", all["fail"], approved, failure, directory.ActorJob, "no such thing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, e, err := test.do(test.was)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if e.Actor != test.actor || e.Text != test.text {
				t.Errorf("event: got %q by %q, want %q by %q", e.Text, e.Actor, test.text, test.actor)
			}
		})
	}
}

// The guards of the table: who may, and what was seen.
func TestTransitionGuards(t *testing.T) {
	t.Parallel()
	pending := request(directory.RequestModify, old, titled)
	failed := pending
	failed.State = directory.Failed
	deletion := request(directory.RequestDelete, old, nobody)
	none := directory.Policy{}
	tests := []struct {
		name string
		do   func() (directory.Request, directory.Event, error)
		want error
	}{
		{"approve the revision that was seen", func() (directory.Request, directory.Event, error) { return pending.Approve("bob", 3, later, none, "") }, nil},
		{"approve whatever it is", func() (directory.Request, directory.Event, error) { return pending.Approve("bob", 0, later, none, "") }, nil},
		{"approve an earlier revision", func() (directory.Request, directory.Event, error) { return pending.Approve("bob", 2, later, none, "") }, fault.ErrStale},
		{"reject an earlier revision", func() (directory.Request, directory.Event, error) { return pending.Reject("bob", 2, later, none, "") }, fault.ErrStale},
		{"retry an earlier revision", func() (directory.Request, directory.Event, error) { return failed.Approve("bob", 2, later, none, "") }, fault.ErrStale},
		{"approve one's own", func() (directory.Request, directory.Event, error) {
			return pending.Approve("alice", 3, later, none, "")
		}, nil},
		{"four eyes: approve one's own", func() (directory.Request, directory.Event, error) {
			return pending.Approve("alice", 3, later, fourEyes, "")
		}, directory.ErrFourEyes},
		{"four eyes: reject one's own", func() (directory.Request, directory.Event, error) {
			return pending.Reject("alice", 3, later, fourEyes, "")
		}, directory.ErrFourEyes},
		{"four eyes: retry one's own", func() (directory.Request, directory.Event, error) {
			return failed.Approve("alice", 3, later, fourEyes, "")
		}, directory.ErrFourEyes},
		{"four eyes: approve another's", func() (directory.Request, directory.Event, error) {
			return pending.Approve("bob", 3, later, fourEyes, "")
		}, nil},
		{"four eyes: the policy needs no second person", func() (directory.Request, directory.Event, error) {
			return pending.Approve(directory.ActorPolicy, 3, later, fourEyes, "")
		}, nil},
		{"edit another's", func() (directory.Request, directory.Event, error) { return pending.Edit("bob", renamed, later) }, fault.ErrConflict},
		{"edit a deletion", func() (directory.Request, directory.Event, error) { return deletion.Edit("alice", titled, later) }, fault.ErrConflict},
		{"edit into nothing", func() (directory.Request, directory.Event, error) { return pending.Edit("alice", old, later) }, fault.ErrInvalid},
		{"edit into a deletion", func() (directory.Request, directory.Event, error) { return pending.Edit("alice", nobody, later) }, fault.ErrInvalid},
		{"approve after an edit", func() (directory.Request, directory.Event, error) {
			edited, _, err := pending.Edit("alice", renamed, later)
			if err != nil {
				return edited, directory.Event{}, err
			}
			return edited.Approve("bob", pending.Revision, later, none, "")
		}, fault.ErrStale},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := test.do(); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}
