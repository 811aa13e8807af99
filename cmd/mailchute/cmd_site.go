package main

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// siteJSON is a site.
type siteJSON struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

func (s siteJSON) cells() []string { return []string{s.Name, s.Title} }

func (c *cli) siteCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "site",
		Short:   "Sites: named sets of libraries and groups",
		Example: "  mailchute site list",
	}, c.siteAdd(), c.siteList(), c.siteShow())
}

func (c *cli) siteAdd() *cobra.Command {
	var site library.Site
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Add a site; \"default\" is there from the start",
		Example: `  mailchute site add finance --title "Finance department"`,
		Args:    args("NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			site.Name = args[0]
			if err := checkNewName(site.Name); err != nil {
				return usage(err)
			}
			if err := f.AddSite(ctx, site); err != nil {
				return taken(err, "site", site.Name, true)
			}
			return c.say(siteJSON(site), "Added site %s.", site.Name)
		}),
	}
	cmd.Flags().StringVar(&site.Title, "title", "", "`TITLE` for people")
	return cmd
}

func (c *cli) siteList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the sites",
		Example: "  mailchute site list --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			sites, err := f.Sites(ctx)
			if err != nil {
				return err
			}
			return list(c, columns("NAME", "TITLE"), "There are no sites.", each(sites, func(s library.Site) (siteJSON, error) {
				return siteJSON(s), nil
			}))
		}),
	}
}

// siteShown is a site with what belongs to it, and its grants.
type siteShown struct {
	siteJSON
	Libraries []string    `json:"libraries"`
	Groups    []string    `json:"groups"`
	Grants    []grantJSON `json:"grants"`
}

func (s siteShown) cells() []string {
	var grants []string
	for _, g := range s.Grants {
		grants = append(grants, g.shown+" "+g.Level)
	}
	return []string{
		s.Name, or(s.Title, "-"), or(strings.Join(s.Libraries, ", "), "none"), or(strings.Join(s.Groups, ", "), "none"),
		or(strings.Join(grants, ", "), "none"),
	}
}

func (c *cli) siteShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a site, its libraries, groups and grants",
		Example: "  mailchute site show default",
		Args:    args("NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			s, err := f.site(ctx, args[0])
			if err != nil {
				return err
			}
			return c.show(s, "Name", "Title", "Libraries", "Groups", "Grants")
		}),
	}
}

// site returns the site of a name, with what belongs to it.
func (f *farm) site(ctx context.Context, name string) (siteShown, error) {
	shown := siteShown{Libraries: []string{}, Groups: []string{}}
	sites, err := f.Sites(ctx)
	if err != nil {
		return shown, err
	}
	i := slices.IndexFunc(sites, func(s library.Site) bool { return s.Name == name })
	if i < 0 {
		return shown, absent(fault.ErrNotFound, "site %s", name)
	}
	shown.siteJSON = siteJSON(sites[i])
	libraries, err := f.Libraries(ctx)
	if err != nil {
		return shown, err
	}
	for _, l := range libraries {
		if l.Site == name {
			shown.Libraries = append(shown.Libraries, l.Name)
		}
	}
	groups, err := f.Groups(ctx)
	for _, g := range groups {
		if g.Site == name {
			shown.Groups = append(shown.Groups, g.Name)
		}
	}
	if err != nil {
		return shown, err
	}
	grants, err := f.Grants(ctx, access.Scope{Kind: access.ScopeSite, Name: name})
	shown.Grants = f.shownGrants(ctx, grants)
	return shown, err
}

// each yields what convert makes of each of all.
func each[T any, R record](all []T, convert func(T) (R, error)) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, v := range all {
			if !yield(convert(v)) {
				return
			}
		}
	}
}
