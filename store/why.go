package store

import (
	"context"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

// Why returns why a user has the level on a library that LevelOf finds: the grant, and the
// way to it. That of nobody ("") is zero. directory are those of LevelOf.
func (s *Store) Why(ctx context.Context, login string, l library.Library, directory ...access.Principal) (why access.Grounds, err error) {
	err = s.view(ctx, "grants of "+login+" on "+l.Name, func(tx Tx) error {
		paths, err := access.Paths(login, directory, tx.GroupsOf)
		if err != nil {
			return err
		}
		grants, err := tx.Grants(access.ScopesOf(l)...)
		if err != nil {
			return err
		}
		if grants, err = withoutPublished(tx, grants); err != nil {
			return err
		}
		why = access.Why(grants, paths)
		return nil
	})
	return why, err
}
