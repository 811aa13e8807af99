package access

import (
	"fmt"
	"slices"

	"mailchute/pkg/library"
)

// Grounds says why a user has a level in a library. The zero Grounds is that of who has
// none.
type Grounds struct {
	Level Level
	// Grant gives the level; Through leads from the user, by groups of groups, to the
	// principal that it names.
	Grant   Grant
	Through []Principal
}

// String returns the grant as the command grant takes it: SCOPE PRINCIPAL LEVEL.
func (g Grant) String() string {
	return g.Scope.String() + " " + g.Principal.String() + " " + g.Level.String()
}

// Paths returns, for every principal that the user with that login is (Closure), the
// shortest way there: the user first, that principal last. directory and groupsOf are those
// of Closure; groupsOf is asked for one principal at a time.
func Paths(login string, directory []Principal, groupsOf func([]Principal) ([]string, error)) (map[Principal][]Principal, error) {
	paths := map[Principal][]Principal{}
	if login == "" {
		return paths, nil
	}
	user := UserPrincipal(login)
	for _, p := range directory {
		paths[p] = []Principal{user, p}
	}
	queue := [][]Principal{{user}, {user, Everyone()}}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		last := path[len(path)-1]
		if paths[last] != nil {
			continue
		}
		paths[last] = path
		names, err := groupsOf([]Principal{last})
		if err != nil {
			return nil, fmt.Errorf("groups of %s: %w", last, err)
		}
		for _, name := range names {
			queue = append(queue, append(slices.Clip(path), GroupPrincipal(name)))
		}
	}
	return paths, nil
}

// Why returns what gives the highest level that LevelOf finds, by the principals of Paths
// and the grants of ScopesOf the library. Of several grants of that level it is the one with
// the shortest way, the first of those.
func Why(grants []Grant, paths map[Principal][]Principal) Grounds {
	var why Grounds
	for _, g := range grants {
		path := paths[g.Principal]
		if path == nil || g.Level < why.Level || g.Level == None {
			continue
		}
		if g.Level > why.Level || len(path) < len(why.Through) {
			why = Grounds{Level: g.Level, Grant: g, Through: path}
		}
	}
	return why
}

// AskedBy returns who sets the rung that Trust returns: "library" or "farm".
func AskedBy(p Policy, lib library.Library) string {
	own := lib.Settings.SenderTrust
	if own == "" {
		return "farm"
	}
	if rung, err := ParseRung(own); err == nil && p.AuthenticatedOnly && rung < Aligned {
		return "farm"
	}
	return "library"
}
