package access

import "fmt"

// LevelOf returns the highest level that any of the grants gives to one of the
// principals in who, or None. The grants are those of ScopesOf the library, the
// principals those of Closure.
func LevelOf(grants []Grant, who map[Principal]bool) Level {
	highest := None
	for _, g := range grants {
		if who[g.Principal] {
			highest = max(highest, g.Level)
		}
	}
	return highest
}

// Closure returns every principal that the user with that login is: the user, everyone,
// and all groups that hold one of them, directly or through other groups; groups that
// hold each other do no harm. groupsOf returns the names of the groups of which any of
// the given principals is a direct member; it is asked once for each depth of nesting.
// The login "" is nobody: no principals at all. The user is also every one of the
// directory's groups in directory; no group holds one of them.
func Closure(login string, directory []Principal, groupsOf func([]Principal) ([]string, error)) (map[Principal]bool, error) {
	all := map[Principal]bool{}
	if login == "" {
		return all, nil
	}
	for _, p := range directory {
		all[p] = true
	}
	fresh := []Principal{UserPrincipal(login), Everyone()}
	for len(fresh) > 0 {
		for _, p := range fresh {
			all[p] = true
		}
		names, err := groupsOf(fresh)
		if err != nil {
			return nil, fmt.Errorf("groups of user %s: %w", login, err)
		}
		fresh = nil
		for _, name := range names {
			if p := GroupPrincipal(name); !all[p] {
				fresh = append(fresh, p)
			}
		}
	}
	return all, nil
}
