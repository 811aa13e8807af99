package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// userJSON is a user.
type userJSON struct {
	Login     string   `json:"login"`
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
}

func newUserJSON(u access.User) userJSON {
	return userJSON{u.Login, u.Name, append([]string{}, u.Addresses...)}
}

func (u userJSON) cells() []string {
	return []string{u.Login, or(u.Name, "-"), strings.Join(u.Addresses, ", ")}
}

func (c *cli) userCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "user",
		Short:   "Users: people whose mail can be theirs",
		Example: "  mailchute user list",
	}, c.userAdd(), c.userList(), c.userShow())
}

func (c *cli) userAdd() *cobra.Command {
	var u access.User
	cmd := &cobra.Command{
		Use:     "add LOGIN --address ADDRESS",
		Short:   "Add a user with the addresses that their mail comes from",
		Example: `  mailchute user add alice --name "Alice Archer" --address alice@example.com --address a.archer@example.com`,
		Args:    args("LOGIN"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			u.Login = args[0]
			if err := checkUser(u); err != nil {
				return usage(err)
			}
			if err := f.AddUser(ctx, u); err != nil {
				_, there := f.user(ctx, u.Login)
				return taken(err, "user", u.Login, there == nil)
			}
			return c.say(newUserJSON(u), "Added user %s.", u.Login)
		}),
	}
	cmd.Flags().StringVar(&u.Name, "name", "", "`NAME` for people")
	cmd.Flags().StringArrayVar(&u.Addresses, "address", nil, "`ADDRESS` that is this user's alone; may be repeated")
	return cmd
}

func checkUser(u access.User) error {
	if err := library.CheckName(u.Login); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	if len(u.Addresses) == 0 {
		return errors.New("--address is missing: give an address that the user sends from")
	}
	for _, a := range u.Addresses {
		if _, err := address.ParseMailbox(a); err != nil {
			return fmt.Errorf("--address: %w", err)
		}
	}
	return nil
}

func (c *cli) userList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the users",
		Example: "  mailchute user list --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			users, err := f.Users(ctx)
			if err != nil {
				return err
			}
			return list(c, columns("LOGIN", "NAME", "ADDRESSES"), "There are no users. Add one with mailchute user add.",
				each(users, func(u access.User) (userJSON, error) { return newUserJSON(u), nil }))
		}),
	}
}

// userShown is a user with the groups that name them as a member, and their own grants.
type userShown struct {
	userJSON
	Groups []string    `json:"groups"`
	Grants []grantJSON `json:"grants"`
}

func (u userShown) cells() []string {
	return append(u.userJSON.cells(), or(strings.Join(u.Groups, ", "), "none"), grantList(u.Grants))
}

func (c *cli) userShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show LOGIN",
		Short:   "Show a user, their groups and their own grants",
		Example: "  mailchute user show alice",
		Args:    args("LOGIN"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			u, err := f.user(ctx, args[0])
			if err != nil {
				return err
			}
			who := access.UserPrincipal(args[0])
			groups, grants, err := belongings(ctx, f, who)
			if err != nil {
				return err
			}
			return c.show(userShown{newUserJSON(u), groups, grants}, "Login", "Name", "Addresses", "Groups", "Grants")
		}),
	}
}

// user returns the user with a login.
func (f *farm) user(ctx context.Context, login string) (access.User, error) {
	users, err := f.Users(ctx)
	if err != nil {
		return access.User{}, err
	}
	i := slices.IndexFunc(users, func(u access.User) bool { return u.Login == login })
	if i < 0 && isPerson(login) {
		return access.User{}, absent(fault.ErrNotFound, "user %s: people of the directory have no rights of their own, but those of its groups: name one as directory-group:NAME", login)
	}
	if i < 0 {
		return access.User{}, absent(fault.ErrNotFound, "user %s", login)
	}
	return users[i], nil
}

// belongings returns the groups that have a principal as a member, and the grants to it.
func belongings(ctx context.Context, f *farm, who access.Principal) (groups []string, grants []grantJSON, err error) {
	all, err := f.Groups(ctx)
	if err != nil {
		return nil, nil, err
	}
	groups = []string{}
	for _, g := range all {
		if slices.Contains(g.Members, who) {
			groups = append(groups, g.Name)
		}
	}
	given, err := f.Grants(ctx)
	if err != nil {
		return nil, nil, err
	}
	own := slices.DeleteFunc(given, func(g access.Grant) bool { return g.Principal != who })
	return groups, newGrants(own), nil
}
