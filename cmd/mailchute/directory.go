package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

// hasDirectory reports whether the configuration names a directory of people.
func (f *farm) hasDirectory() bool { return f.config.Directory.Asked.URL != "" }

// directory returns the directory of people, which there must be. It is opened when it is
// first needed, and connects with the first question.
func (f *farm) directory() (*ldapdir.Directory, error) {
	if f.people != nil {
		return f.people, nil
	}
	people, err := ldapdir.Open(f.directoryOptions())
	if err != nil {
		return nil, misconfigured(fmt.Errorf("%s: %w", f.config.File, err))
	}
	f.people = people
	f.parts.closers = append(f.parts.closers, people)
	return people, nil
}

// directoryOptions say how the directory of the configuration is asked.
func (f *farm) directoryOptions() ldapdir.Options {
	o := f.config.Directory.Asked
	if o.CAFile != "" {
		o.CAFile = f.config.Abs(o.CAFile)
	}
	if file := f.config.Directory.PasswordFile; file != "" {
		o.Password = f.password(file)
	}
	return o
}

// password returns what reads the password in a file, each time anew.
func (f *farm) password(file string) func() (string, error) {
	return func() (string, error) { return config.Password(f.config.Abs(file)) }
}

// found returns a principal as it is stored, and what people call it. A group of the
// directory may be named by its ID, its name or its distinguished name.
func (f *farm) found(ctx context.Context, p access.Principal) (access.Principal, string, error) {
	if p.Kind != access.KindDirectoryGroup {
		return p, p.String(), nil
	}
	if !f.hasDirectory() {
		return p, "", absent(fault.ErrNotFound, "directory of people to look for the group %s in: name one in [directory] of %s", p.Name, f.config.File)
	}
	people, err := f.directory()
	if err != nil {
		return p, "", err
	}
	g, err := people.Group(ctx, p.Name)
	switch {
	case errors.Is(err, directory.ErrAmbiguous):
		return p, "", fmt.Errorf("the directory has several groups of the name %s: name one by its distinguished name or its ID: %w", p.Name, fault.ErrConflict)
	case err != nil:
		return p, "", absent(err, "group %s in the directory below %s: name one by its name, its distinguished name or its ID", p.Name, f.config.Directory.Asked.Base)
	}
	p = access.DirectoryGroupPrincipal(g.ID)
	return p, named(p, g), nil
}

// named writes the principal of a group of the directory for people.
func named(p access.Principal, g directory.Group) string { return fmt.Sprintf("%s (%s)", p, g.Name) }

// shownGrants returns grants for people, too: groups of the directory with their names,
// where the directory says them.
func (f *farm) shownGrants(ctx context.Context, grants []access.Grant) []grantJSON {
	all := newGrants(grants)
	if !f.hasDirectory() {
		return all
	}
	for i, g := range grants {
		if g.Principal.Kind != access.KindDirectoryGroup {
			continue
		}
		people, err := f.directory()
		if err != nil {
			return all // check says so
		}
		switch group, err := people.Group(ctx, g.Principal.Name); {
		case err == nil:
			all[i].shown = named(g.Principal, group)
		case errors.Is(err, fault.ErrNotFound):
			all[i].shown = g.Principal.String() + " (not in the directory)"
		default:
			return all // it says no more of the others
		}
	}
	return all
}

// isPerson reports whether a login is that of a person of the directory.
func isPerson(login string) bool { return strings.HasPrefix(login, directory.LoginPrefix) }
