package store

import (
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
)

// claimLocalPart gives a local part to its owner, "" to nobody. One that is reserved is free
// for whoever gave it up, and for everybody when its time has come. Where it is taken, the
// error says by whom.
func claimLocalPart(tx Tx, local string, o Owner, now time.Time) error {
	if local == "" {
		return nil
	}
	if err := localPartFree(tx, local, o, now); err != nil {
		return err
	}
	key := address.FoldLocal(local)
	if err := tx.ReleaseLocalPart(key); err != nil {
		return err
	}
	return tx.ClaimLocalPart(key, o)
}

// localPartFree says whose a local part is that somebody cannot have: fault.ErrConflict.
func localPartFree(tx Tx, local string, o Owner, now time.Time) error {
	key := address.FoldLocal(local)
	has, err := tx.OwnerOf(key)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil || o.same(has) || has.Was != "" && has.due(now) {
		return err
	}
	self, err := ownerName(tx, key, o)
	if err != nil || has.Was == self {
		return err
	}
	return taken(tx, key, local, has)
}

// taken says that a local part is another's.
func taken(tx Tx, key, local string, has Owner) error {
	name, err := ownerName(tx, key, has)
	if err != nil {
		return err
	}
	if has.Was != "" {
		return fmt.Errorf("the local part %q was that of %s, and is reserved until %s (alias_keep): %w",
			local, name, has.Until.Local().Format(time.DateOnly), fault.ErrConflict)
	}
	return fmt.Errorf("the local part %q belongs to %s: %w", local, name, fault.ErrConflict)
}

// ownerName names who has a local part as commands do: "library invoices". What is another
// farm's has its client in the name: what one farm gave up is not for the next.
func ownerName(tx Tx, key string, o Owner) (string, error) {
	switch {
	case o.Distribution != "":
		d, err := tx.Distribution(o.Distribution)
		if d.Client != "" {
			d.Name += " (" + d.Client + ")"
		}
		return d.Name, err
	case o.Contact != "":
		c, err := tx.FarmContact(key)
		return "contact " + key + " of another farm (" + c.Client + ")", err
	case o.Was != "":
		return o.Was, nil
	}
	return "library " + o.Library, nil
}

// same reports whether two are the same owner, whatever the time; nobody is the same as one
// who has given up.
func (o Owner) same(other Owner) bool {
	return o.Library == other.Library && o.Distribution == other.Distribution && o.Contact == other.Contact && o.Was == other.Was
}

// due reports whether the time has come when a local part becomes free.
func (o Owner) due(now time.Time) bool { return !o.Until.IsZero() && !o.Until.After(now) }

// giveUpLocalPart frees a local part, "" is none, that has worked: it may stay reserved for
// a time.
func giveUpLocalPart(tx Tx, local string, now time.Time) error {
	if local == "" {
		return nil
	}
	key := address.FoldLocal(local)
	has, err := tx.OwnerOf(key)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := directoryPolicy(tx)
	if err != nil {
		return err
	}
	name, err := ownerName(tx, key, has)
	if err != nil {
		return err
	}
	if err := tx.ReleaseLocalPart(key); err != nil || p.AliasKeep == 0 {
		return err
	}
	return tx.ClaimLocalPart(key, Owner{Was: name, Until: now.Add(p.AliasKeep)})
}
