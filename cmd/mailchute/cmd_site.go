package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

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
	}, c.siteAdd(), c.siteList())
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
			if err := library.CheckName(site.Name); err != nil {
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
