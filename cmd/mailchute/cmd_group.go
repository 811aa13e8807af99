package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// groupJSON is a group.
type groupJSON struct {
	Name      string   `json:"name"`
	Site      string   `json:"site"`
	Title     string   `json:"title"`
	LocalPart string   `json:"local_part"` // of its distribution group, as approved; "" is none
	Members   []string `json:"members"`
	// Distribution is null where there is none, and none is asked for.
	Distribution *distributionJSON `json:"distribution"`
}

// newGroupJSON returns a group without what is known of its distribution group.
func newGroupJSON(g access.Group) groupJSON {
	members := []string{}
	for _, m := range g.Members {
		members = append(members, m.String())
	}
	return groupJSON{Name: g.Name, Site: g.Site, Title: g.Title, Members: members}
}

func (g groupJSON) cells() []string {
	return []string{g.Name, g.Site, or(g.Title, "-"), g.Distribution.brief(), or(strings.Join(g.Members, ", "), "none")}
}

// with returns the group with its distribution group.
func (g groupJSON) with(d distributions) groupJSON {
	g.Distribution = d.of(g.Name)
	if g.Distribution != nil {
		g.LocalPart = d.localPart(g.Name)
	}
	return g
}

// groupJSON returns the group of a name.
func (f *farm) groupJSON(ctx context.Context, name string) (groupJSON, error) {
	g, err := f.group(ctx, name)
	if err != nil {
		return groupJSON{}, err
	}
	d, err := f.distributions(ctx)
	return newGroupJSON(g).with(d), err
}

func (c *cli) groupCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "group",
		Short:   "Groups: named sets of users and groups, and their distribution groups",
		Example: "  mailchute group list",
	}, c.groupAdd(), c.groupSet(), c.groupRemove(), c.groupList(), c.groupShow())
}

func (c *cli) groupAdd() *cobra.Command {
	var g access.Group
	var members []string
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Add a group",
		Example: `  mailchute group add team --title "The team" --member user:alice --member group:assistants`,
		Args:    args("NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			g.Name = args[0]
			if err := checkGroup(&g, members); err != nil {
				return usage(err)
			}
			if err := f.AddGroup(ctx, g); err != nil {
				_, there := f.group(ctx, g.Name)
				return taken(f.noPrincipal(ctx, f.noSite(ctx, err, g.Site), g.Members...), "group", g.Name, there == nil)
			}
			return c.say(newGroupJSON(g), "Added group %s with %s.", g.Name, count(len(g.Members), "member"))
		}),
	}
	cmd.Flags().StringVar(&g.Title, "title", "", "`TITLE` for people")
	cmd.Flags().StringVar(&g.Site, "site", store.DefaultSite, "`SITE` that it belongs to")
	cmd.Flags().StringArrayVar(&members, "member", nil, "`PRINCIPAL`: user:LOGIN, group:NAME or address:ADDRESS; may be repeated")
	return cmd
}

func checkGroup(g *access.Group, members []string) error {
	if err := library.CheckName(g.Name); err != nil {
		return err
	}
	for _, m := range members {
		p, err := access.ParsePrincipal(m)
		if err != nil {
			return fmt.Errorf("--member: %w", err)
		}
		switch p.Kind {
		case access.KindEveryone:
			return fmt.Errorf("--member: everyone is no member: grant to everyone instead")
		case access.KindDirectoryGroup:
			return fmt.Errorf("--member: a group of the directory is no member: grant to %s instead", p)
		case access.KindUser, access.KindGroup, access.KindAddress:
		}
		if !slices.Contains(g.Members, p) {
			g.Members = append(g.Members, p)
		}
	}
	return nil
}

func (c *cli) groupList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the groups",
		Example: "  mailchute group list --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			groups, err := f.Groups(ctx)
			if err != nil {
				return err
			}
			known, err := f.distributions(ctx)
			if err != nil {
				return err
			}
			return list(c, columns("NAME", "SITE", "TITLE", "DISTRIBUTION", "MEMBERS"), "There are no groups. Add one with mailchute group add.",
				each(groups, func(g access.Group) (groupJSON, error) { return newGroupJSON(g).with(known), nil }))
		}),
	}
}

// groupShown is a group with the groups that have it as a member, and its own grants.
type groupShown struct {
	groupJSON
	Groups []string    `json:"groups"`
	Grants []grantJSON `json:"grants"`
}

func (g groupShown) cells() []string {
	own := []string{
		g.Name, g.Site, or(g.Title, "-"), or(strings.Join(g.Members, ", "), "none"),
		or(strings.Join(g.Groups, ", "), "none"), grantList(g.Grants),
	}
	return append(own, g.Distribution.cells()...)
}

func (c *cli) groupShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a group, its members, its own grants and its distribution group",
		Example: "  mailchute group show team",
		Args:    args("NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			g, err := f.groupJSON(ctx, args[0])
			if err != nil {
				return err
			}
			groups, grants, err := belongings(ctx, f, access.GroupPrincipal(args[0]))
			if err != nil {
				return err
			}
			return c.show(groupShown{g, groups, grants}, "Name", "Site", "Title", "Members", "Groups", "Grants",
				"Distribution", "Address", "Description", "Manager", "Authenticated only", "Request", "Missing", "Trouble")
		}),
	}
}

// group returns the group of a name.
func (f *farm) group(ctx context.Context, name string) (access.Group, error) {
	all, err := f.Groups(ctx)
	if err != nil {
		return access.Group{}, err
	}
	i := slices.IndexFunc(all, func(g access.Group) bool { return g.Name == name })
	if i < 0 {
		return access.Group{}, absent(fault.ErrNotFound, "group %s", name)
	}
	return all[i], nil
}
