package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

func (c *cli) libraryCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "library",
		Short:   "Libraries: where documents go",
		Example: "  mailchute library list",
	}, c.libraryAdd(), c.librarySet(), c.libraryRemove(), c.libraryList(), c.libraryShow(), c.libraryImport())
}

func (c *cli) libraryAdd() *cobra.Command {
	var given libraryFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a library",
		Long: `Adds a library, which takes mail for LOCAL-PART at each of the farm's domains; the local
part is NAME unless --local-part says otherwise. mailchute help settings has a table of all its
settings, with SharePoint's.`,
		Example: `  mailchute library add invoices
  mailchute library add projects --folders sender --save-original --local-part project-mail
  mailchute library add suggestions --accept anyone --max-file-size 10MB --blocked-types sharepoint
  mailchute library add scans --plus folder --include "*.pdf" --name-template "{date} {name}{ext}"`,
		Args: args("NAME"),
	}
	given.register(cmd)
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		l := library.Library{Name: args[0], Site: store.DefaultSite, LocalPart: args[0], Inherit: true}
		if err := checkNewName(l.Name); err != nil {
			return usage(err)
		}
		if err := given.apply(cmd, &l, ""); err != nil {
			return usage(err)
		}
		if err := f.AddLibrary(ctx, l); err != nil {
			_, there := f.Library(ctx, l.Name)
			return taken(f.noSite(ctx, err, l.Site), "library", l.Name, there == nil)
		}
		if err := c.warnOfTrust(ctx, f, l); err != nil {
			return err
		}
		return c.say(newLibraryJSON(l), "Added library %s.%s", l.Name, addresses(f, l))
	})
	return cmd
}

func (c *cli) librarySet() *cobra.Command {
	var given libraryFlags
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change a library's settings: only those that are given",
		Example: `  mailchute library set invoices --overwrite --save-original=false
  mailchute library set invoices --local-part ""   # takes no mail`,
		Args: args("NAME"),
	}
	given.register(cmd)
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		if !given.any(cmd) {
			return usage(errors.New("say what to change: give at least one flag"))
		}
		var l library.Library
		err := f.SetLibrary(ctx, args[0], func(now *library.Library) error {
			site := now.Site
			if err := given.apply(cmd, now, now.LocalPart); err != nil {
				return usage(err)
			}
			l = *now
			if now.Site != site {
				return staysEmpty(ctx, f, l)
			}
			return nil
		})
		if err != nil {
			if l.Name == "" {
				return absent(err, "library %s", args[0])
			}
			return f.noSite(ctx, err, l.Site)
		}
		if err := c.warnOfTrust(ctx, f, l); err != nil {
			return err
		}
		return c.say(newLibraryJSON(l), "Changed library %s.%s", l.Name, addresses(f, l))
	})
	return cmd
}

// noSite says of something that was not found that it is the site, where that is so.
func (f *farm) noSite(ctx context.Context, err error, name string) error {
	sites, listed := f.Sites(ctx)
	if listed != nil || slices.ContainsFunc(sites, func(s library.Site) bool { return s.Name == name }) {
		return err
	}
	return absent(err, "site %s", name)
}

// staysEmpty refuses to move a library with documents: their paths begin with the site.
func staysEmpty(ctx context.Context, f *farm, l library.Library) error {
	for _, err := range f.Documents(ctx, l.Name) {
		if err != nil {
			return err
		}
		return fmt.Errorf("it has documents, whose paths begin with its site: only an empty library can change its site: %w", fault.ErrConflict)
	}
	return nil
}

func (c *cli) libraryRemove() *cobra.Command {
	var archive bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a library and free its local part",
		Long: `Removes a library without documents and held mail. With --archive it keeps them, to be
read and exported, and takes no more mail.`,
		Example: "  mailchute library remove invoices --archive",
		Args:    args("NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			if err := f.RemoveLibrary(ctx, args[0], archive); err != nil {
				return absent(err, "library %s", args[0])
			}
			done := map[bool]string{false: "Removed", true: "Archived"}[archive]
			return c.say(map[string]any{"name": args[0], "archived": archive}, "%s library %s.", done, args[0])
		}),
	}
	cmd.Flags().BoolVar(&archive, "archive", false, "keep its documents and held mail")
	return cmd
}

func (c *cli) libraryList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the libraries",
		Example: "  mailchute library list --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			all, err := f.Libraries(ctx)
			if err != nil {
				return err
			}
			return list(c, columns("NAME", "SITE", "LOCAL PART", "ACCEPTS", "FOLDERS", "STATE", "TITLE"),
				"There are no libraries. Add one with mailchute library add.",
				each(all, func(l library.Library) (libraryRow, error) { return libraryRow{newLibraryJSON(l)}, nil }))
		}),
	}
}

func (c *cli) libraryShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a library, its settings and its grants",
		Example: "  mailchute library show invoices",
		Args:    args("NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			l, err := f.Library(ctx, args[0])
			if err != nil {
				return absent(err, "library %s", args[0])
			}
			grants, err := f.Grants(ctx, access.ScopesOf(l)...)
			if err != nil {
				return err
			}
			shown := libraryShown{libraryJSON: newLibraryJSON(l), Grants: f.shownGrants(ctx, grants)}
			return c.show(shown, "Name", "Title", "Site", "Local part", "Accepts", "Sender trust", "Folders", "Plus part", "Name template",
				"Overwrite", "Versions", "Save original", "Save meetings", "Save body", "Save headers", "Inline pictures", "Include", "Exclude",
				"Max. file size", "Max. message size", "Blocked types", "Blocked files", "Auto-replies", "Inherits", "Archived", "Grants")
		}),
	}
}

// libraryRow is a library in a list.
type libraryRow struct{ libraryJSON }

func (l libraryRow) cells() []string {
	state := "open"
	switch {
	case l.Archived:
		state = "archived"
	case l.LocalPart == "":
		state = "no mail"
	}
	return []string{l.Name, l.Site, or(l.LocalPart, "-"), l.Accept, l.Folders, state, l.Title}
}

// addresses says where a library takes mail.
func addresses(f *farm, l library.Library) string {
	if l.Archived {
		return " It is archived: it takes no mail."
	}
	if l.LocalPart == "" {
		return " It takes no mail."
	}
	var all []string
	for _, d := range f.config.Domains {
		all = append(all, l.LocalPart+"@"+d)
	}
	return " It takes mail for " + enumerate(all) + "."
}
