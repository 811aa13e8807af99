package directory

import (
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
)

// ErrFourEyes says that the policy wants somebody else to decide: not the requester.
var ErrFourEyes = errors.New("nobody decides about their own request")

// The actors of transitions that nobody in particular makes.
const (
	ActorPolicy = "policy" // approves what needs no approval
	ActorJob    = "dms"    // applies, fails, reminds, lets expire
)

// KindOf returns what a change of a distribution group from before to want is, in the order
// rename, modify; where want has no local part, or before has none, it is one thing alone.
// None: it changes nothing.
func KindOf(before, want Properties) []RequestKind {
	switch {
	case before.LocalPart == "" && want.LocalPart == "":
		return nil
	case before.LocalPart == "":
		return []RequestKind{RequestCreate}
	case want.LocalPart == "":
		return []RequestKind{RequestDelete}
	}
	var kinds []RequestKind
	if address.FoldLocal(before.LocalPart) != address.FoldLocal(want.LocalPart) {
		kinds = append(kinds, RequestRename)
		before.LocalPart = want.LocalPart
	}
	if before != want {
		kinds = append(kinds, RequestModify)
	}
	return kinds
}

// NeedsApproval reports whether any of these needs an approval.
func (p Policy) NeedsApproval(kinds []RequestKind) bool {
	for _, k := range kinds {
		if p.Approve[k] {
			return true
		}
	}
	return false
}

// Approve is the approval of a pending request, or another try of a failed one, by somebody
// who saw it in a revision (0: whatever it is). fault.ErrStale: it was edited since;
// fault.ErrConflict: it is in another state; ErrFourEyes.
func (r Request) Approve(by string, revision int, now time.Time, p Policy, comment string) (Request, Event, error) {
	if r.State == Failed {
		return r.retry(by, revision, now, p, comment)
	}
	return r.decide(Approved, by, revision, now, p, comment)
}

// retry is Approve of a failed request alone: the directory is asked once more.
func (r Request) retry(by string, revision int, now time.Time, p Policy, comment string) (Request, Event, error) {
	if r.State != Failed {
		return r, Event{}, r.unfit("try it again")
	}
	was := r
	was.State = Pending
	after, e, err := was.decide(Approved, by, revision, now, p, comment)
	if err != nil {
		return r, Event{}, err
	}
	e.From = Failed
	after.Ended = time.Time{}
	return after, e, nil
}

// Reject is the decision against a pending request; errors as of Approve.
func (r Request) Reject(by string, revision int, now time.Time, p Policy, comment string) (Request, Event, error) {
	after, e, err := r.decide(Rejected, by, revision, now, p, comment)
	if err != nil {
		return r, Event{}, err
	}
	after.Ended = now
	return after, e, nil
}

// decide takes a pending request to another state.
func (r Request) decide(to RequestState, by string, revision int, now time.Time, p Policy, comment string) (Request, Event, error) {
	switch {
	case r.State != Pending:
		return r, Event{}, r.unfit("decide about it")
	case revision != 0 && revision != r.Revision:
		return r, Event{}, fmt.Errorf("request %d: it is in revision %d, not %d: look at it again: %w", r.ID, r.Revision, revision, fault.ErrStale)
	case p.FourEyes && by == r.Requester:
		return r, Event{}, fmt.Errorf("request %d: %s asked for it: %w", r.ID, by, ErrFourEyes)
	}
	after, e := r.to(to, by, now, comment)
	after.Decided, after.Decider, after.Comment, after.Trouble = now, by, comment, ""
	after.FailedAs = StatusSuccess
	return after, e, nil
}

// Withdraw takes a pending request back. fault.ErrConflict: it is in another state.
func (r Request) Withdraw(by string, now time.Time, comment string) (Request, Event, error) {
	if r.State != Pending {
		return r, Event{}, r.unfit("withdraw it")
	}
	return r.cancel(by, now, comment)
}

// Supersede ends an open request because another one takes its place. fault.ErrConflict: it
// is not open.
func (r Request) Supersede(by string, now time.Time, why string) (Request, Event, error) {
	if !r.State.Open() {
		return r, Event{}, r.unfit("put another in its place")
	}
	return r.cancel(by, now, why)
}

// Expire ends a pending request that nobody decided about. fault.ErrConflict: it is in
// another state.
func (r Request) Expire(now time.Time) (Request, Event, error) {
	if r.State != Pending {
		return r, Event{}, r.unfit("let it expire")
	}
	return r.cancel(ActorJob, now, "it expired: nobody decided about it")
}

func (r Request) cancel(by string, now time.Time, why string) (Request, Event, error) {
	after, e := r.to(Cancelled, by, now, why)
	after.Decided, after.Decider, after.Comment, after.Ended = now, by, why, now
	return after, e, nil
}

// Edit changes what a pending request asks for, in a new revision. Only the requester may:
// fault.ErrConflict, as for another state and for a deletion, which has nothing to edit.
// fault.ErrInvalid: it would ask for nothing, or for a deletion.
func (r Request) Edit(by string, want Properties, now time.Time) (Request, Event, error) {
	kinds := KindOf(r.Before, want)
	switch {
	case r.State != Pending:
		return r, Event{}, r.unfit("edit it")
	case by != r.Requester:
		return r, Event{}, fmt.Errorf("request %d: only %s, who asked for it, may edit it: %w", r.ID, r.Requester, fault.ErrConflict)
	case r.Kind == RequestDelete:
		return r, Event{}, fmt.Errorf("request %d: a deletion has nothing to edit: withdraw it: %w", r.ID, fault.ErrConflict)
	case len(kinds) == 0, kinds[0] == RequestDelete:
		return r, Event{}, fmt.Errorf("request %d: nothing would be left of it: withdraw it: %w", r.ID, fault.ErrInvalid)
	}
	after := r
	after.Kind, after.Want, after.Asked, after.Reminded = kinds[0], want, now, time.Time{}
	after.Revision++
	after, e := after.to(Pending, by, now, "edited")
	return after, e, nil
}

// Remind notes that it was said that a pending request waits. fault.ErrConflict: it is in
// another state.
func (r Request) Remind(now time.Time) (Request, Event, error) {
	if r.State != Pending {
		return r, Event{}, r.unfit("remind of it")
	}
	after, e := r.to(Pending, ActorJob, now, "it waits for approval")
	after.Reminded = now
	return after, e, nil
}

// Apply ends an approved request: the directory has followed. fault.ErrConflict: it is in
// another state.
func (r Request) Apply(now time.Time) (Request, Event, error) {
	if r.State != Approved {
		return r, Event{}, r.unfit("apply it")
	}
	after, e := r.to(Applied, ActorJob, now, "")
	after.Ended, after.Trouble = now, ""
	return after, e, nil
}

// Fail ends an approved request that the directory cannot take. fault.ErrConflict: it is in
// another state.
func (r Request) Fail(now time.Time, why string) (Request, Event, error) {
	if r.State != Approved {
		return r, Event{}, r.unfit("let it fail")
	}
	after, e := r.to(Failed, ActorJob, now, why)
	after.Ended, after.Trouble = now, why
	return after, e, nil
}

// to returns r in another state, and the event that says so.
func (r Request) to(s RequestState, by string, now time.Time, text string) (Request, Event) {
	e := Event{Request: r.ID, At: now, Actor: by, From: r.State, To: s, Revision: r.Revision, Text: text}
	r.State = s
	return r, e
}

// unfit says that the state of r does not allow what was asked for.
func (r Request) unfit(what string) error {
	return fmt.Errorf("request %d is %s: nobody can %s: %w", r.ID, r.State, what, fault.ErrConflict)
}
