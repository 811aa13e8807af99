package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/library"
	"mailchute/store"
)

func (c *cli) libraryImport() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import-settings FILE",
		Short: "Take over the e-mail settings of a SharePoint farm's libraries",
		Long:  importHelp(),
		Example: `  mailchute library import-settings libraries.csv --dry-run
  mailchute library import-settings libraries.json --json`,
		Args: args("FILE"),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		name, text, err := readInput(cmd, args[0])
		if err != nil {
			return err
		}
		rows, err := library.ReadSharePointExport(text)
		if err != nil {
			return misconfigured(fmt.Errorf("%s: %w", name, err))
		}
		if len(rows) == 0 {
			return misconfigured(fmt.Errorf("%s has no libraries", name))
		}
		sites, err := f.Sites(ctx)
		if err != nil {
			return err
		}
		wanted := exported(name, rows, sites)
		p, err := c.applyDeclared(ctx, f, wanted, dryRun)
		if err != nil {
			return err
		}
		return c.reportProperties(wanted.libraries, p.libraries)
	})
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the report, change nothing")
	return cmd
}

// importHelp names the properties and what they become.
func importHelp() string {
	var b strings.Builder
	b.WriteString(`Reads an export of a SharePoint farm's libraries, a row for each, makes those libraries or changes
them, and prints what became of each property and what mailchute does otherwise than SharePoint.
A second run changes nothing.

FILE (- is standard input) is CSV as Export-Csv writes it, or JSON as ConvertTo-Json does: an array
of objects, or one object a line. Its columns, in any order and case; another is an error:

  Name        the library's name; what cannot be one becomes the nearest one: "My Docs" is my-docs.
              Without it, the name is made from the title
  Title       its title for people
  Site        its site, as a title or URL, of which the last part counts; made where there is none

`)
	for _, p := range library.SharePointProperties() {
		fmt.Fprintf(&b, "  %-26s  %s\n", p.Name, or(p.Setting, "has no counterpart: is reported, changes nothing"))
	}
	b.WriteString(`
EmailAlias is the local part; empty, the library takes no mail. The other properties are 1 or 0 (or
True, False), folders root, subject or sender; where one is empty or missing the setting stays as
it is, and that of a new library is SharePoint's default. On the SharePoint server:

  Get-SPWebApplication | Get-SPSite -Limit All | Get-SPWeb -Limit All | ForEach-Object { $_.Lists } |
    Where-Object { $_.BaseType -eq "DocumentLibrary" -and $_.EmailAlias } | ForEach-Object {
      $p = $_.RootFolder.Properties
      [pscustomobject]@{ Name = $_.RootFolder.Name; Title = $_.Title; Site = $_.ParentWeb.Url
        EmailAlias = $_.EmailAlias; vti_emailusesecurity = $p["vti_emailusesecurity"]
        vti_emailattachmentfolders = $p["vti_emailattachmentfolders"]
        vti_emailoverwrite = $p["vti_emailoverwrite"]; vti_emailsaveoriginal = $p["vti_emailsaveoriginal"]
        vti_emailsavemeetings = $p["vti_emailsavemeetings"]; vti_emailautoapprove = $p["vti_emailautoapprove"] }
    } | Export-Csv -NoTypeInformation -Encoding UTF8 libraries.csv

Users and permissions are not in it: declare them with mailchute apply. Everything is checked
before anything is changed; the exit codes are those of apply.`)
	return b.String()
}

// exported is what the rows of an export declare: the libraries, and those of their sites
// that are not there.
func exported(file string, rows []library.SharePointLibrary, sites []library.Site) declared {
	there := map[string]bool{"": true}
	for _, s := range sites {
		there[s.Name] = true
	}
	var d declared
	for _, row := range rows {
		at := fmt.Sprintf("%s: row %d", file, row.Row)
		if !there[row.Site.Name] {
			there[row.Site.Name] = true
			asIs := func(*library.Site) error { return nil }
			d.sites = append(d.sites, placed[wish[library.Site]]{at, wish[library.Site]{row.Site, asIs}})
		}
		empty := library.Library{Name: row.Name, Site: store.DefaultSite, Inherit: true}
		made := libraryWish{wish[library.Library]{empty, changeOf(row)}, row.Properties}
		d.libraries = append(d.libraries, placed[libraryWish]{at, made})
	}
	return d
}

// changeOf returns what a row does to its library.
func changeOf(row library.SharePointLibrary) func(*library.Library) error {
	return func(l *library.Library) error {
		l.Title, l.Site = or(row.Title, l.Title), or(row.Site.Name, l.Site)
		for _, p := range row.Properties {
			p.Property.Set(l, p.Value)
		}
		return nil
	}
}
