package store

import (
	"errors"
	"fmt"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// transition writes what became of a request, with the record of it.
func transition(tx Tx, was, now directory.Request, verb string, e directory.Event) error {
	if err := tx.UpdateRequest(was, now); err != nil {
		return err
	}
	return recordEvent(tx, now, verb, e)
}

// recordEvent puts an event of a request on record: with the request, and as a change.
func recordEvent(tx Tx, r directory.Request, verb string, e directory.Event) error {
	e.Request = r.ID
	if err := tx.InsertRequestEvent(e); err != nil {
		return err
	}
	action := fmt.Sprintf("request %d %s: %s %s", r.ID, verb, r.Kind, r.Name)
	if r.Want.LocalPart != "" {
		action += " as " + r.Want.LocalPart
	}
	if e.Revision > 1 {
		action += fmt.Sprintf(" (revision %d)", e.Revision)
	}
	if e.Text != "" {
		action += ": " + e.Text
	}
	return tx.InsertChange(Change{At: e.At, Actor: e.Actor, Action: action})
}

// reserve keeps a local part for a distribution group; one that it has stays as it is.
func (q asking) reserve(d Distribution, local string) error {
	has, err := q.tx.OwnerOf(address.FoldLocal(local))
	if err == nil && has.Distribution == d.Key {
		return nil
	}
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	return claimLocalPart(q.tx, local, Owner{Distribution: d.Key}, q.now)
}

// unreserve frees a local part that was only asked for: not one that the distribution group
// has, or had, or is to keep.
func (q asking) unreserve(d Distribution, local, keep string) error {
	key := address.FoldLocal(local)
	if local == "" || key == address.FoldLocal(d.Now.LocalPart) || key == address.FoldLocal(keep) {
		return nil
	}
	has, err := q.tx.OwnerOf(key)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil || has.Distribution != d.Key || !has.Until.IsZero() {
		return err
	}
	return q.tx.ReleaseLocalPart(key)
}

// approved writes an approval: what was wanted is what the directory has to show from now on.
func (q asking) approved(was, now directory.Request, e directory.Event) error {
	d, err := q.tx.Distribution(now.Distribution)
	if err != nil {
		return err
	}
	if err := transition(q.tx, was, now, "approve", e); err != nil {
		return err
	}
	before, after := d.Now.LocalPart, now.Want.LocalPart
	if d.Now = now.Want; d.Client != "" && after != "" {
		d.Name = farmGroupName(after)
	}
	if err := q.tx.PutDistribution(d); err != nil {
		return err
	}
	if after == "" {
		return nil // its address goes when the directory has no trace of it
	}
	// One that it had before keeps its time until the directory has followed.
	if err := q.reserve(d, after); err != nil {
		return err
	}
	if before == "" || address.FoldLocal(before) == address.FoldLocal(after) {
		return nil
	}
	return claimLocalPart(q.tx, before, Owner{Distribution: d.Key, Until: q.now.Add(q.p.RenameGrace)}, q.now)
}

// failed takes an approval back that the directory cannot follow.
func (q asking) failed(was, now directory.Request, e directory.Event) error {
	d, err := q.tx.Distribution(now.Distribution)
	if err != nil {
		return err
	}
	if err := transition(q.tx, was, now, "fail", e); err != nil {
		return err
	}
	d.Now = now.Before
	if d.Client != "" && d.Now.LocalPart != "" {
		d.Name = farmGroupName(d.Now.LocalPart)
	}
	if err := q.tx.PutDistribution(d); err != nil {
		return err
	}
	if err := q.unreserve(d, now.Want.LocalPart, ""); err != nil || d.Now.LocalPart == "" {
		return err
	}
	return claimLocalPart(q.tx, d.Now.LocalPart, Owner{Distribution: d.Key}, q.now)
}

// supersede cancels an open request in favour of what the actor wants now.
func (q asking) supersede(d Distribution, open directory.Request, why string) (directory.Request, error) {
	after, e, err := open.Supersede(q.actor, q.now, why)
	if err != nil {
		return open, err
	}
	return after, q.ended(d, open, after, "cancel", e)
}

// ended writes the end of a request that changed nothing, and frees what it reserved.
func (q asking) ended(d Distribution, was, now directory.Request, verb string, e directory.Event) error {
	if err := transition(q.tx, was, now, verb, e); err != nil {
		return err
	}
	if err := q.unreserve(d, now.Want.LocalPart, ""); err != nil {
		return err
	}
	return q.tidy(d.Key)
}

// tidy lets a distribution group go of which neither the directory nor anybody who asked
// needs to know any more.
func (q asking) tidy(key string) error {
	d, err := q.tx.Distribution(key)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil || d.Now.LocalPart != "" {
		return err
	}
	if _, err := q.tx.KnownObject(key); !errors.Is(err, fault.ErrNotFound) {
		return err // the directory has a trace of it
	}
	requests, err := q.tx.RequestsOf(key)
	if err != nil {
		return err
	}
	for i, r := range requests {
		last := i == len(requests)-1
		if r.State.Open() || last && r.State == directory.Failed && !d.Orphan {
			return nil // to approve it once more tries again
		}
	}
	parts, err := q.tx.LocalPartsOf(key)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := giveUpLocalPart(q.tx, part.Key, q.now); err != nil {
			return err
		}
	}
	return q.tx.DeleteDistribution(key)
}

// farmGroupName names a distribution group of another farm, for people.
func farmGroupName(alias string) string {
	return "group " + strings.ToLower(alias) + " of another farm"
}
