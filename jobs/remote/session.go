package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/text"
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
		return s.done(c.Alias, s.createContact(ctx, c))
	case emailws.ModifyContact:
		return s.done(c.OldAlias, s.modifyContact(ctx, c))
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

// The bounds of texts that a directory shows, in octets.
const (
	maxTitle       = 256
	maxDescription = 1024
)

// maxAddress is how long an address may be, in octets: RFC 5321 §4.5.3.1.
const maxAddress = 64 + 1 + 255

func isAddress(s string) bool {
	_, err := address.ParseMailbox(s)
	return err == nil && len(s) <= maxAddress
}

// line makes one line of at most so many octets of a text that people have written, as names
// and descriptions are in a directory: blanks, tabs and ends of lines become one blank, and
// what cannot be seen is left out.
func line(s string, octets int) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(s), " ") {
		if b.Len()+utf8.RuneLen(r) > octets {
			break
		}
		if text.Printable(r) {
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}
