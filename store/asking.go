package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
)

// The bounds of what a distribution group shows, in octets: those of Active Directory.
const (
	maxTitle       = 256
	maxDescription = 1024
)

// asking is somebody's asking for something, in a transaction.
type asking struct {
	tx    Tx
	p     directory.Policy
	now   time.Time
	actor string
}

// ask asks for what a wants of a distribution group, which may be a new one; its aliases
// begin with prefix.
func (q asking) ask(d Distribution, a Ask, prefix string) (directory.Request, error) {
	open, err := openRequest(q.tx, d.Key)
	if err != nil {
		return directory.Request{}, err
	}
	if a.Delete {
		return q.askDelete(d, open, a)
	}
	a.Want.Title, a.Want.Description = strings.TrimSpace(a.Want.Title), strings.TrimSpace(a.Want.Description)
	if err := checkProperties(a.Want, prefix); err != nil {
		return directory.Request{}, err
	}
	switch {
	case open.ID != 0 && a.Want == open.Want:
		return open, nil
	case open.State == directory.Pending && q.actor == open.Requester && open.Kind != directory.RequestDelete:
		return q.edit(d, open, a.Want)
	case open.ID != 0:
		return directory.Request{}, inTheWay(open)
	case !q.p.Groups:
		return directory.Request{}, fmt.Errorf("the farm has no distribution groups (settings set %s=true): %w", groupsAllowed, directory.ErrUnsupported)
	}
	kinds := directory.KindOf(d.Now, a.Want)
	if len(kinds) == 0 {
		return directory.Request{}, nil
	}
	if err := q.tx.PutDistribution(d); err != nil {
		return directory.Request{}, err
	}
	if err := q.reserve(d, a.Want.LocalPart); err != nil {
		return directory.Request{}, err
	}
	return q.insert(d, a.Want, kinds, a)
}

// askDelete asks for the end of a distribution group.
func (q asking) askDelete(d Distribution, open directory.Request, a Ask) (directory.Request, error) {
	switch {
	case open.Kind == directory.RequestDelete && open.ID != 0:
		return open, nil
	case open.State == directory.Approved:
		return directory.Request{}, inTheWay(open)
	case open.ID != 0:
		superseded, err := q.supersede(d, open, "its end was asked for")
		if err != nil || d.Now.LocalPart == "" {
			return superseded, err
		}
	case d.Now.LocalPart == "":
		return directory.Request{}, nil
	}
	want := d.Now
	want.LocalPart = ""
	return q.insert(d, want, []directory.RequestKind{directory.RequestDelete}, a)
}

// insert writes a new request, and approves it where it needs no approval.
func (q asking) insert(d Distribution, want directory.Properties, kinds []directory.RequestKind, a Ask) (directory.Request, error) {
	r := directory.Request{
		Distribution: d.Key, Name: d.Name, Kind: kinds[0], Before: d.Now, Want: want,
		State: directory.Pending, Revision: 1, Requester: q.actor, RequesterMail: a.Mail, Justification: a.Justification, Asked: q.now,
	}
	var err error
	if r.ID, err = q.tx.InsertRequest(r); err != nil {
		return r, err
	}
	asked := directory.Event{Request: r.ID, At: q.now, Actor: q.actor, To: r.State, Revision: r.Revision, Text: a.Justification}
	if r.Kind != directory.RequestDelete {
		asked.Text = strings.TrimSuffix(changesOf(r.Before, r.Want)+": "+a.Justification, ": ")
	}
	if err := recordEvent(q.tx, r, "ask", asked); err != nil {
		return r, err
	}
	return q.byPolicy(r, kinds)
}

// byPolicy approves a request that needs no approval.
func (q asking) byPolicy(r directory.Request, kinds []directory.RequestKind) (directory.Request, error) {
	if q.p.NeedsApproval(kinds) {
		return r, nil
	}
	after, e, err := r.Approve(directory.ActorPolicy, 0, q.now, q.p, "")
	if err != nil {
		return r, err
	}
	return after, q.approved(r, after, e)
}

// edit changes what a pending request asks for.
func (q asking) edit(d Distribution, open directory.Request, want directory.Properties) (directory.Request, error) {
	after, e, err := open.Edit(q.actor, want, q.now)
	if err != nil {
		return open, err
	}
	if err := q.reserve(d, want.LocalPart); err != nil {
		return open, err
	}
	if err := q.unreserve(d, open.Want.LocalPart, want.LocalPart); err != nil {
		return open, err
	}
	e.Text = changesOf(open.Want, want)
	if err := transition(q.tx, open, after, "edit", e); err != nil {
		return open, err
	}
	return q.byPolicy(after, directory.KindOf(after.Before, want))
}

// changesOf says what somebody wants otherwise than it was.
func changesOf(before, want directory.Properties) string {
	var all []string
	for _, c := range []struct{ name, before, want string }{
		{"local_part", before.LocalPart, want.LocalPart},
		{"title", before.Title, want.Title},
		{"description", before.Description, want.Description},
		{"manager", before.Manager, want.Manager},
		{"require_auth", strconv.FormatBool(before.RequireAuth), strconv.FormatBool(want.RequireAuth)},
	} {
		if c.before != c.want {
			all = append(all, fmt.Sprintf("%s %q -> %q", c.name, c.before, c.want))
		}
	}
	return strings.Join(all, ", ")
}

// inTheWay says that nothing else can be asked for while a request is open.
func inTheWay(open directory.Request) error {
	what := "it waits for an approval, and " + open.Requester + " asked for it: decide about it, or withdraw it (request withdraw)"
	if open.State == directory.Approved {
		what = "the directory has still to follow"
	}
	return fmt.Errorf("request %d to %s it is open: %s: %w", open.ID, open.Kind, what, fault.ErrConflict)
}

// openRequest returns the open request of a distribution group, the zero Request where none is.
func openRequest(tx Tx, distribution string) (directory.Request, error) {
	all, err := tx.RequestsOf(distribution)
	if err != nil {
		return directory.Request{}, err
	}
	for _, r := range all {
		if r.State.Open() {
			return r, nil
		}
	}
	return directory.Request{}, nil
}

// checkProperties says what a distribution group cannot show: fault.ErrInvalid.
func checkProperties(p directory.Properties, prefix string) error {
	if err := address.CheckLocalPart(p.LocalPart); err != nil {
		return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
	}
	if err := directory.CheckGroupAlias(prefix + address.FoldLocal(p.LocalPart)); err != nil {
		return err
	}
	for _, t := range []struct {
		name, value string
		limit       int
	}{{"title", p.Title, maxTitle}, {"description", p.Description, maxDescription}, {"manager", p.Manager, maxTitle}} {
		if len(t.value) > t.limit {
			return fmt.Errorf("the %s has %d octets: take at most %d: %w", t.name, len(t.value), t.limit, fault.ErrInvalid)
		}
		if text.Safe(t.value) != t.value {
			return fmt.Errorf("the %s has control or direction characters: %w", t.name, fault.ErrInvalid)
		}
	}
	return nil
}
