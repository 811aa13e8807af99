package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// Addressee is who has a local part.
type Addressee struct {
	Library library.Library // Name "": no library
	// Group names the distribution group, for people, whose it is now, was before it was
	// renamed, or will be once it is approved; "" is none.
	Group string
	// Why says, for people, why mail for it is not filed, and what can be done; "" for a
	// library's.
	Why string
}

// At returns who has a local part, compared folded: a library, a distribution group, or, with
// no more than a Why, somebody who gets no mail here. fault.ErrNotFound: nobody.
func (s *Store) At(ctx context.Context, local string) (a Addressee, err error) {
	err = s.view(ctx, "local part "+local, func(tx Tx) error {
		a = Addressee{}
		owner, err := tx.OwnerOf(address.FoldLocal(local))
		switch {
		case err != nil:
		case owner.Library != "":
			a.Library, err = tx.Library(owner.Library)
		case owner.Distribution != "":
			a.Group, a.Why, err = groupNote(tx, local, owner)
		case owner.Contact != "":
			a.Why, err = contactNote(tx, local)
		case owner.due(s.time()):
			err = fmt.Errorf("it was that of %s: %w", owner.Was, fault.ErrNotFound)
		default:
			a.Why = fmt.Sprintf("the local part %s was that of %s, and is reserved until %s (alias_keep): no library has it",
				local, owner.Was, owner.Until.Local().Format(time.DateOnly))
		}
		return err
	})
	return a, err
}

// groupNote names a distribution group, and says what a local part is to it and what to do
// with mail for that.
func groupNote(tx Tx, local string, owner Owner) (name, note string, err error) {
	d, err := tx.Distribution(owner.Distribution)
	if err != nil {
		return "", "", err
	}
	open, err := openRequest(tx, d.Key)
	if err != nil {
		return "", "", err
	}
	known, err := tx.KnownObject(d.Key)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return "", "", err
	}
	key := address.FoldLocal(local)
	note = fmt.Sprintf("%s is the address of %s", local, d.Name)
	switch now := address.FoldLocal(d.Now.LocalPart); {
	case d.Orphan:
		note += ", which was removed"
	case now == key && open.State == directory.Approved:
	case now == key && known.State == directory.ObjectActive:
		note += ", which is published"
	case now == key:
		note += ", which the directory has not taken (mailchute directory list)"
	case !owner.Until.IsZero():
		note = fmt.Sprintf("%s was the address of %s until that became %s", local, d.Name, d.Now.LocalPart)
	}
	switch open.State {
	case directory.Applied, directory.Rejected, directory.Failed, directory.Cancelled: // none is open
	case directory.Pending:
		note += fmt.Sprintf(" (request %d to %s it waits for an approval)", open.ID, open.Kind)
	case directory.Approved:
		note += fmt.Sprintf(" (request %d to %s it is approved: the directory has to follow)", open.ID, open.Kind)
	}
	return d.Name, note + ": let the mail system send it to the members before it reaches the drop folder (mailchute help directory), or file it with held release --to LIBRARY", nil
}

// contactNote says where mail for a contact of another farm belongs.
func contactNote(tx Tx, local string) (string, error) {
	c, err := tx.FarmContact(address.FoldLocal(local))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is a contact of another farm: let the MTA send its mail to %s; no library has it", local, c.Forward), nil
}
