package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
)

// grantJSON is a grant.
type grantJSON struct {
	Scope     string `json:"scope"`
	Principal string `json:"principal"`
	Level     string `json:"level"`

	shown string // the principal for people
}

func newGrants(grants []access.Grant) []grantJSON {
	all := []grantJSON{}
	for _, g := range grants {
		all = append(all, grantJSON{g.Scope.String(), g.Principal.String(), g.Level.String(), g.Principal.String()})
	}
	return all
}

// grantList writes the grants of one principal.
func grantList(grants []grantJSON) string {
	var words []string
	for _, g := range grants {
		words = append(words, g.Scope+" "+g.Level)
	}
	return or(strings.Join(words, ", "), "none")
}

func (c *cli) grantCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "grant SCOPE PRINCIPAL LEVEL",
		Short: "Let a user or group do something in a site or library",
		Long: `Gives PRINCIPAL (user:LOGIN, group:NAME, directory-group:NAME or everyone: all users, and
all people of the directory) the LEVEL (read, contribute, edit, design or full-control) in
SCOPE (site:NAME or library:NAME), in place of the level it had there. Adding documents needs
contribute.

A group of the directory ([directory] in the configuration) is named by its name, its
distinguished name or its ID. The grant keeps the ID: it stays with the group when that is
renamed, and counts for everybody in it, also through other groups. People of the directory
get their rights from its groups and from everyone alone.`,
		Example: `  mailchute grant library:invoices user:alice contribute
  mailchute grant library:invoices directory-group:Accounting contribute
  mailchute grant site:default everyone read`,
		Args: args("SCOPE", "PRINCIPAL", "LEVEL"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			g, err := parseGrant(args[0], args[1])
			if err != nil {
				return usage(err)
			}
			if g.Level, err = access.ParseLevel(args[2]); err != nil {
				return usage(err)
			}
			var shown string
			if g.Principal, shown, err = f.found(ctx, g.Principal); err != nil {
				return err
			}
			if err := f.Grant(ctx, g); err != nil {
				return f.noPrincipal(ctx, f.noScope(ctx, err, g.Scope), g.Principal)
			}
			return c.say(newGrants([]access.Grant{g})[0], "%s has the level %s in %s.", shown, g.Level, g.Scope)
		}),
	}
}

func (c *cli) revokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revoke SCOPE PRINCIPAL",
		Short:   "Take a grant away",
		Example: "  mailchute revoke library:invoices user:alice",
		Args:    args("SCOPE", "PRINCIPAL"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			g, err := parseGrant(args[0], args[1])
			if err != nil {
				return usage(err)
			}
			if g.Principal, err = f.revoke(ctx, g); err != nil {
				return err
			}
			revoked := struct {
				Scope     string `json:"scope"`
				Principal string `json:"principal"`
			}{g.Scope.String(), g.Principal.String()}
			return c.say(revoked, "%s has no grant of its own in %s any more.", g.Principal, g.Scope)
		}),
	}
}

// revoke takes a grant away, and returns whose it was. A group of the directory may be named
// as when it was granted to; the directory is asked where nothing is granted to that ID.
func (f *farm) revoke(ctx context.Context, g access.Grant) (access.Principal, error) {
	err := f.Revoke(ctx, g.Scope, g.Principal)
	if errors.Is(err, fault.ErrNotFound) && g.Principal.Kind == access.KindDirectoryGroup && f.hasDirectory() {
		p, _, unknown := f.found(ctx, g.Principal)
		if unknown != nil {
			return p, unknown
		}
		g.Principal, err = p, f.Revoke(ctx, g.Scope, p)
	}
	return g.Principal, absent(err, "grant to %s in %s", g.Principal, g.Scope)
}

// parseGrant reads the scope and the principal of a grant.
func parseGrant(scope, principal string) (g access.Grant, err error) {
	if g.Scope, err = access.ParseScope(scope); err != nil {
		return g, err
	}
	if g.Principal, err = access.ParsePrincipal(principal); err != nil {
		return g, err
	}
	if g.Principal.Kind == access.KindAddress {
		return g, errors.New("nothing is granted to a bare address: add a user who has it")
	}
	return g, nil
}

// noScope says of something that was not found that it is the site or library, where
// that is so.
func (f *farm) noScope(ctx context.Context, err error, scope access.Scope) error {
	if scope.Kind == access.ScopeSite {
		return f.noSite(ctx, err, scope.Name)
	}
	if _, missing := f.Library(ctx, scope.Name); missing != nil {
		return absent(err, "library %s", scope.Name)
	}
	return err
}

// noPrincipal says of something that was not found that it is one of the principals,
// where that is so.
func (f *farm) noPrincipal(ctx context.Context, err error, all ...access.Principal) error {
	if !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	for _, p := range all {
		var missing error
		switch p.Kind {
		case access.KindUser:
			_, missing = f.user(ctx, p.Name)
		case access.KindGroup:
			_, missing = f.group(ctx, p.Name)
		case access.KindAddress, access.KindEveryone, access.KindDirectoryGroup:
		}
		if missing != nil {
			return missing
		}
	}
	return err
}
