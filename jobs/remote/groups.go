package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
	"mailchute/store"
)

// maxJustification is how many characters of a justification are kept.
const maxJustification = 1000

// group is a distribution group of a farm, as it stands.
type group struct {
	store.Distribution
	open directory.Request // ID 0: none is open
	of   string            // who asked for the group
}

// shown is what the group is to show once its open request is approved.
func (g group) shown() directory.Properties {
	if g.open.ID != 0 && g.open.Kind != directory.RequestDelete {
		return g.open.Want
	}
	return g.Now
}

// busy reports whether the open request keeps an actor from asking for something else.
func (g group) busy(actor string) bool {
	return g.open.ID != 0 && (g.open.State == directory.Approved || g.open.Kind == directory.RequestDelete || g.open.Requester != actor)
}

func (s session) createGroup(ctx context.Context, c emailws.CreateDistributionGroup) (emailws.Response, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	g, err := s.find(ctx, c.Alias)
	switch {
	case err == nil && (g.Now.LocalPart != "" || g.of != s.actor()):
		return refusal(c.Alias, fmt.Errorf("the distribution group %q is there already: %w", c.Alias, fault.ErrConflict))
	case err != nil && !errors.Is(err, fault.ErrNotFound):
		return refusal(c.Alias, err)
	}
	return s.ask(ctx, c.Alias, g, c.Info, store.Ask{Want: directory.Properties{
		LocalPart: c.Alias, Title: line(c.Name), Description: line(c.Description), Manager: managerOf(c.ContactCN), RequireAuth: c.RequireAuth,
	}})
}

func (s session) modifyGroup(ctx context.Context, c emailws.ModifyDistributionGroup) (emailws.Response, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	g, err := s.own(ctx, c.Alias)
	if err != nil {
		return refusal(c.Alias, err)
	}
	return s.ask(ctx, c.Alias, g, c.Info, store.Ask{Want: directory.Properties{
		LocalPart: g.shown().LocalPart, Title: line(c.Name), Description: line(c.Description), Manager: managerOf(c.ContactCN), RequireAuth: c.RequireAuth,
	}})
}

func (s session) renameGroup(ctx context.Context, c emailws.RenameDistributionGroup) (emailws.Response, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	g, err := s.own(ctx, c.OldAlias)
	if err != nil {
		return refusal(c.OldAlias, err)
	}
	want := g.shown()
	want.LocalPart = c.NewAlias
	return s.ask(ctx, c.OldAlias, g, c.Info, store.Ask{Want: want})
}

func (s session) deleteGroup(ctx context.Context, c emailws.DeleteDistributionGroup) (emailws.Response, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	g, err := s.own(ctx, c.Alias)
	if err != nil {
		return refusal(c.Alias, err)
	}
	return s.ask(ctx, c.Alias, g, c.Info, store.Ask{Delete: true})
}

// find returns the distribution group that has an alias, or asks for it: fault.ErrNotFound.
func (s session) find(ctx context.Context, alias string) (g group, err error) {
	if g.Distribution, err = s.Store.FarmDistribution(ctx, alias); err != nil {
		return group{}, err
	}
	requests, err := s.Store.Requests(ctx)
	if err != nil {
		return group{}, err
	}
	for _, r := range requests {
		if r.Distribution != g.Key {
			continue
		}
		if g.of == "" {
			g.of = r.Requester
		}
		if r.State.Open() {
			g.open = r
		}
	}
	return g, nil
}

// own is find for a group of the client: directory.ErrAccess where it is another's.
func (s session) own(ctx context.Context, alias string) (group, error) {
	g, err := s.find(ctx, alias)
	if err == nil && g.of != s.actor() {
		err = fmt.Errorf("the distribution group %q was asked for by %s: %w", alias, g.of, directory.ErrAccess)
	}
	return g, err
}

// ask asks for a change of the group with an alias, as it stands in g.
func (s session) ask(ctx context.Context, alias string, g group, i emailws.Info, a store.Ask) (emailws.Response, error) {
	a.Actor, a.Justification = s.actor(), text.Cut(line(i.Justification), maxJustification)
	if _, err := address.ParseMailbox(i.RequestorEmail); err == nil {
		a.Mail = i.RequestorEmail
	}
	r, err := s.Store.AskFarmDistribution(ctx, alias, a)
	if errors.Is(err, fault.ErrConflict) && g.busy(a.Actor) {
		// No alias is somebody's: the request before has to end first.
		return emailws.Response{Status: directory.StatusServerUnavailable, Comment: "another change of this group is under way", Alias: alias}, err
	}
	if err != nil {
		return refusal(alias, err)
	}
	if r.State != directory.Pending {
		return s.done(alias, nil)
	}
	return waiting(r, alias)
}

// waiting answers for a request that waits for approval.
func waiting(r directory.Request, alias string) (emailws.Response, error) {
	if r.ID > math.MaxInt32 {
		return refusal(alias, fault.Markf(fault.Permanent, "", "request %d: the protocol has no such number", r.ID))
	}
	return emailws.Response{JobID: int32(r.ID), Comment: "it waits for approval", Status: directory.StatusPendingApproval, Alias: alias}, nil
}

// managerOf returns who answers for a group, as the catalog names people. Farms name the
// manager by an address, a login or a name in the directory (DN).
func managerOf(contact string) string {
	contact = line(contact)
	if _, err := address.ParseMailbox(contact); err == nil || contact == "" {
		return contact
	}
	name, ok := firstName(contact)
	if !ok {
		name = loginOf(contact)
	}
	if name == "" {
		return ""
	}
	return userMember + name
}

// firstName returns the first value of a distinguished name that begins with CN or UID. Of
// escapes it knows those of single characters, as names of people have them.
func firstName(dn string) (string, bool) {
	kind, rest, ok := strings.Cut(dn, "=")
	if kind = strings.TrimSpace(kind); !ok || !strings.EqualFold(kind, "cn") && !strings.EqualFold(kind, "uid") {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(rest) && rest[i] != ',' && rest[i] != '+'; i++ {
		if rest[i] == '\\' {
			i++
		}
		if i < len(rest) {
			b.WriteByte(rest[i])
		}
	}
	return strings.TrimSpace(b.String()), true
}
