package main

import (
	"context"
	"errors"
	"fmt"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
)

// checkDirectory asks the directory of people, where there is one, and looks for the
// groups that something is granted to.
func (f *farm) checkDirectory(ctx context.Context) []checkJSON {
	const name = "directory"
	grants, err := f.grantsToGroups(ctx)
	if err != nil {
		return []checkJSON{checked(name, "", err)}
	}
	if !f.hasDirectory() {
		if len(grants) == 0 {
			return nil
		}
		return []checkJSON{{
			Check: name, OK: true, Warning: true,
			Detail: fmt.Sprintf("%s without a directory of people in the configuration: nobody has what %s gives", count(len(grants), "grant"), grants[0]),
		}}
	}
	people, err := f.directory()
	if err == nil {
		err = people.Check(ctx)
	}
	asked := f.config.Directory.Asked
	all := []checkJSON{checked(name, fmt.Sprintf("%s answers; people and groups are below %s", asked.URL, asked.Base), err)}
	if err != nil {
		return all
	}
	for _, g := range grants {
		_, err := people.Group(ctx, g.Principal.Name)
		switch {
		case errors.Is(err, fault.ErrNotFound):
			all = append(all, checkJSON{
				Check: name, OK: true, Warning: true,
				Detail: fmt.Sprintf("the directory has no group %s: nobody has what is granted to it (mailchute revoke %s %s)", g.Principal.Name, g.Scope, g.Principal),
			})
		case err != nil:
			return append(all, checked(name, "", err))
		}
	}
	return all
}

// grantsToGroups returns the grants to groups of the directory.
func (f *farm) grantsToGroups(ctx context.Context) (some []access.Grant, err error) {
	all, err := f.Grants(ctx)
	for _, g := range all {
		if g.Principal.Kind == access.KindDirectoryGroup {
			some = append(some, g)
		}
	}
	return some, err
}
