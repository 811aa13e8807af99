package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// session carries out calls of one client.
type session struct {
	*handler
	client string
}

// errMember: something in a list cannot be a member.
var errMember = errors.New("no member")

// actor is in whose name requests are carried out.
func (s session) actor() string { return "soap:" + s.client }

// answer carries a call out. The error is why the status is none of success, for the log.
func (s session) answer(ctx context.Context, call emailws.Call) (emailws.Response, error) {
	switch c := call.(type) {
	case emailws.CreateContact:
		return s.done(c.Alias, s.putContact(ctx, "", contactOf(c)))
	case emailws.ModifyContact:
		if c.OldAlias == "" {
			return s.done("", fmt.Errorf("no old alias: %w", fault.ErrInvalid))
		}
		return s.done(c.OldAlias, s.putContact(ctx, c.OldAlias, changedContact(c)))
	case emailws.DeleteContact:
		return s.done(c.Alias, s.Store.RemoveFarmContact(ctx, s.actor(), c.Alias))
	case emailws.CreateDistributionGroup:
		return s.createGroup(ctx, c)
	case emailws.ModifyDistributionGroup:
		return s.modifyGroup(ctx, c)
	case emailws.RenameDistributionGroup:
		return s.renameGroup(ctx, c)
	case emailws.DeleteDistributionGroup:
		return s.deleteGroup(ctx, c)
	case emailws.ChangeUsers:
		return s.done(c.Alias, s.changeUsers(ctx, c))
	case emailws.ChangeContacts:
		return s.done(c.Alias, s.changeContacts(ctx, c))
	case emailws.GetJobStatus:
		return s.jobStatus(ctx, c)
	}
	return emailws.Response{Status: directory.StatusInternalError}, fmt.Errorf("no operation %T", call)
}

// done answers a call that needs no approval: it is done, or failed.
func (s session) done(alias string, err error) (emailws.Response, error) {
	if err == nil {
		s.Changed()
	}
	return refusal(alias, err)
}

// refusal answers with the status of an error.
func refusal(alias string, err error) (emailws.Response, error) {
	status := directory.StatusOf(err)
	if errors.Is(err, errMember) {
		status = directory.StatusInvalidMember
	}
	return emailws.Response{Status: status, Alias: alias}, err
}

func contactOf(c emailws.CreateContact) store.FarmContact {
	return store.FarmContact{Alias: c.Alias, FirstName: line(c.FirstName), LastName: line(c.LastName), Forward: c.ForwardingEmail, RequireAuth: c.RequireAuth}
}

// changedContact returns what a contact is to become; the new alias may be left out.
func changedContact(c emailws.ModifyContact) store.FarmContact {
	alias := c.NewAlias
	if alias == "" {
		alias = c.OldAlias
	}
	return store.FarmContact{Alias: alias, FirstName: line(c.FirstName), LastName: line(c.LastName), Forward: c.ForwardingEmail, RequireAuth: c.RequireAuth}
}

func (s session) putContact(ctx context.Context, old string, c store.FarmContact) error {
	c.Client = s.actor()
	return s.Store.PutFarmContact(ctx, c, old)
}

// line makes one line of a text that people have written, as names and descriptions are in
// a directory: blanks, tabs and ends of lines become one blank.
func line(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
