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
}

func newGrants(grants []access.Grant) []grantJSON {
	all := []grantJSON{}
	for _, g := range grants {
		all = append(all, grantJSON{g.Scope.String(), g.Principal.String(), g.Level.String()})
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
		Long: `Gives PRINCIPAL (user:LOGIN, group:NAME or everyone: all users) the LEVEL (read,
contribute, edit, design or full-control) in SCOPE (site:NAME or library:NAME), in place
of the level it had there. Adding documents needs contribute.`,
		Example: `  mailchute grant library:invoices user:alice contribute
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
			if err := f.Grant(ctx, g); err != nil {
				return f.noPrincipal(ctx, f.noScope(ctx, err, g.Scope), g.Principal)
			}
			return c.say(newGrants([]access.Grant{g})[0], "%s has the level %s in %s.", g.Principal, g.Level, g.Scope)
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
			if err := f.Revoke(ctx, g.Scope, g.Principal); err != nil {
				return absent(err, "grant to %s in %s", g.Principal, g.Scope)
			}
			revoked := struct {
				Scope     string `json:"scope"`
				Principal string `json:"principal"`
			}{g.Scope.String(), g.Principal.String()}
			return c.say(revoked, "%s has no grant of its own in %s any more.", g.Principal, g.Scope)
		}),
	}
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
		case access.KindAddress, access.KindEveryone:
		}
		if missing != nil {
			return missing
		}
	}
	return err
}
