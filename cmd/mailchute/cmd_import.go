package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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
		p, err := c.applyDeclared(ctx, f, exported(name, rows, sites), dryRun)
		if err != nil {
			return err
		}
		return c.reportImport(rows, p.libraries)
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
			d.sites = append(d.sites, placed[library.Site]{at, row.Site})
		}
		empty := library.Library{Name: row.Name, Site: store.DefaultSite, Inherit: true}
		d.libraries = append(d.libraries, placed[libraryWish]{at, libraryWish{empty, changeOf(row)}})
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

// importedJSON is what became of a property of a library.
type importedJSON struct {
	Action   string `json:"action"` // property
	Kind     string `json:"kind"`   // library
	Name     string `json:"name"`
	Property string `json:"property"`
	Value    string `json:"value"`
	Setting  string `json:"setting"` // "" has no counterpart
	Becomes  any    `json:"becomes"`
	Differs  string `json:"differs"` // "" does as SharePoint does
}

// reportImport prints what became of the properties: of each library as JSON, and for
// people of all that have the same value.
func (c *cli) reportImport(rows []library.SharePointLibrary, after map[string]library.Library) error {
	var all []importedJSON
	for _, row := range rows {
		for _, v := range row.Properties {
			all = append(all, importedOf(after[row.Name], v))
		}
	}
	if !c.json {
		if _, err := fmt.Fprintln(c.out); err != nil {
			return err
		}
		return list(c, columns("PROPERTY", "VALUE", "BECOMES", ">LIBRARIES", "WHAT DIFFERS FROM SHAREPOINT"),
			"The export has no properties.", each(sameImports(all), asIs))
	}
	for _, one := range all {
		if err := c.printJSON(one); err != nil {
			return err
		}
	}
	return nil
}

// importedOf says what became of a value in a library.
func importedOf(l library.Library, v library.SharePointValue) importedJSON {
	return importedJSON{
		Action: "property", Kind: "library", Name: l.Name, Property: v.Property.Name, Value: v.Value,
		Setting: v.Property.Setting, Becomes: valueOf(newLibraryJSON(l), v.Property.Setting), Differs: v.Property.Differs(v.Value),
	}
}

// sameImport is what became of a value of a property in a number of libraries.
type sameImport struct {
	importedJSON
	libraries int
}

func asIs(s sameImport) (sameImport, error) { return s, nil }

func (s sameImport) cells() []string {
	becomes := "-"
	if s.Setting != "" {
		becomes = s.Setting + " " + showValue(s.Setting, s.Becomes)
	}
	return []string{s.Property, or(s.Value, `""`), becomes, strconv.Itoa(s.libraries), or(s.Differs, "nothing")}
}

// sameImports counts the libraries that have the same value of a property, in the order of
// the properties. Addresses are counted together: each library has its own.
func sameImports(all []importedJSON) (same []sameImport) {
	for _, p := range library.SharePointProperties() {
		first := len(same)
		for _, one := range all {
			if one.Property != p.Name {
				continue
			}
			if one.Setting == "local_part" && one.Value != "" {
				one.Value, one.Becomes = "…", "…"
			}
			i := slices.IndexFunc(same[first:], func(s sameImport) bool { return s.Value == one.Value })
			if i < 0 {
				same = append(same, sameImport{one, 1})
				continue
			}
			same[first+i].libraries++
		}
	}
	return same
}
