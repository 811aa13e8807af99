package remote

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// maxJustification is how many octets of a justification are kept.
const maxJustification = 2000

// followLook is how often it is looked whether the directory has followed.
const followLook = 50 * time.Millisecond

// errBusy: the request for a group that came before has to end first.
var errBusy = errors.New("another change of this group is under way")

// group is a distribution group of the client, as it stands.
type group struct {
	store.Distribution
	open directory.Request // ID 0: none is open
}

// own returns the client's distribution group that has an alias, or asks for it:
// fault.ErrNotFound; directory.ErrAccess where it is another's.
func (s session) own(ctx context.Context, alias string) (g group, err error) {
	g.Distribution, g.open, err = s.Store.FarmDistribution(ctx, s.actor(), alias)
	return g, err
}

// shown is what the group is to show once its open request is approved.
func (g group) shown() directory.Properties {
	if g.open.ID != 0 && g.open.Kind != directory.RequestDelete {
		return g.open.Want
	}
	return g.Now
}

// change asks for a change of the group with an alias, which wanted makes of how the group
// stands. Where the directory has still to follow the change before, it waits for that:
// farms make one change after the other.
func (s session) change(ctx context.Context, alias string, i emailws.Info, wanted func(group, error) (store.Ask, error)) (emailws.Response, error) {
	late := time.After(s.Limits.Wait)
	for {
		r, err := s.ask(ctx, alias, i, wanted)
		if !errors.Is(err, errBusy) {
			return s.asked(r, alias, err)
		}
		select {
		case <-time.After(followLook):
		case <-late:
			// No alias is somebody's, as a conflict would say.
			return emailws.Response{Status: directory.StatusServerUnavailable, Comment: errBusy.Error(), Alias: alias}, err
		}
	}
}

// ask asks once.
func (s session) ask(ctx context.Context, alias string, i emailws.Info, wanted func(group, error) (store.Ask, error)) (directory.Request, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	g, err := s.own(ctx, alias)
	a, err := wanted(g, err)
	if err != nil {
		return directory.Request{}, err
	}
	a.Actor, a.Justification = s.actor(), line(i.Justification, maxJustification)
	if isAddress(i.RequestorEmail) {
		a.Mail = i.RequestorEmail
	}
	r, err := s.Store.AskFarmDistribution(ctx, alias, a)
	if !errors.Is(err, fault.ErrConflict) {
		return r, err
	}
	busy, failed := s.leaves(ctx, a.Want.LocalPart)
	if failed != nil {
		return r, failed
	}
	if busy || g.open.State == directory.Approved || g.open.Kind == directory.RequestDelete {
		return r, errors.Join(errBusy, err)
	}
	return r, err
}

// leaves reports whether a local part is that of a group of the client whose end is approved,
// and which the directory has still.
func (s session) leaves(ctx context.Context, local string) (bool, error) {
	requests, err := s.Store.Requests(ctx, directory.Approved)
	return slices.ContainsFunc(requests, func(r directory.Request) bool {
		return r.Kind == directory.RequestDelete && r.Requester == s.actor() && address.FoldLocal(r.Before.LocalPart) == address.FoldLocal(local)
	}), err
}

// asked answers for what was asked for.
func (s session) asked(r directory.Request, alias string, err error) (emailws.Response, error) {
	switch {
	case err != nil:
		return refusal(alias, err)
	case r.State == directory.Pending:
		return waiting(r, alias)
	}
	return s.done(alias, nil)
}

// waiting answers for a request that waits for approval.
func waiting(r directory.Request, alias string) (emailws.Response, error) {
	if r.ID > math.MaxInt32 {
		return refusal(alias, fault.Markf(fault.Permanent, "", "request %d: the protocol has no such number", r.ID))
	}
	return emailws.Response{JobID: int32(r.ID), Comment: "it waits for approval", Status: directory.StatusPendingApproval, Alias: alias}, nil
}
