package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/address"
	"mailchute/pkg/config"
	"mailchute/pkg/text"
)

// recipientJSON is an address that takes mail.
type recipientJSON struct {
	Address string `json:"address"`
	Library string `json:"library"`
}

// recipientsFile says what recipients -o has written.
type recipientsFile struct {
	File      string   `json:"file"`
	Format    string   `json:"format"`
	Addresses int      `json:"addresses"`
	LeftOut   []string `json:"left_out"`
}

func (c *cli) recipientsCommand() *cobra.Command {
	var format, file string
	cmd := &cobra.Command{
		Use:   "recipients",
		Short: "Export the valid addresses and distribution groups for the mail system",
		Long:  recipientsHelp,
		Example: `  mailchute recipients --format postfix -o /etc/postfix/libraries
  mailchute recipients --format postfix-aliases -o /etc/postfix/lists
  mailchute recipients --json`,
		Args: args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			if i := slices.IndexFunc(listTables(), func(t listTable) bool { return t.name == format }); i >= 0 {
				return c.recipientLists(ctx, f, listTables()[i], file)
			}
			table, err := tableNamed(format)
			if err != nil {
				return err
			}
			valid, err := f.recipients(ctx)
			if err != nil {
				return err
			}
			if c.json && file == "" {
				for _, r := range valid {
					if err := c.printJSON(recipientJSON{r.address.String(), r.library}); err != nil {
						return err
					}
				}
				return nil
			}
			return c.exportRecipients(table, file, valid, f.maildirOf("postfix"))
		}),
	}
	cmd.Flags().StringVar(&format, "format", "list", "`FORMAT`: "+strings.Join(tableNames(), ", ")+";\nof distribution groups: "+strings.Join(listTableNames(), ", "))
	cmd.Flags().StringVarP(&file, "output", "o", "", "`FILE` to write, in place of what it was")
	offer(cmd, "format", append(tableNames(), listTableNames()...)...)
	return cmd
}

// recipientLists exports the distribution groups.
func (c *cli) recipientLists(ctx context.Context, f *farm, t listTable, file string) error {
	if f.config.DMS.Publish != config.PublishBuiltin {
		return misconfigured(fmt.Errorf("%s: dms.publish is %q: --format %s is for %q", f.config.File, f.config.DMS.Publish, t.name, config.PublishBuiltin))
	}
	lists, err := f.mailLists(ctx)
	if err != nil {
		return err
	}
	if c.json && file == "" {
		for _, l := range lists {
			if err := c.printJSON(l); err != nil {
				return err
			}
		}
		return nil
	}
	return c.exportLists(t, file, lists)
}

// recipient is an address that takes mail, folded, and its library.
type recipient struct {
	address address.Address
	library string
}

// recipients returns the addresses of all libraries that take mail, in order: each local
// part at each domain, and an internationalised domain in both of its spellings.
func (f *farm) recipients(ctx context.Context) ([]recipient, error) {
	libraries, err := f.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	var valid []recipient
	for _, l := range libraries {
		if l.LocalPart == "" || l.Archived {
			continue
		}
		for _, domain := range f.config.Domains {
			for _, spelt := range []string{address.FoldDomain(domain), text.Fold(domain)} {
				valid = append(valid, recipient{address.Address{Local: address.FoldLocal(l.LocalPart), Domain: strings.TrimRight(spelt, ".")}, l.Name})
			}
		}
	}
	slices.SortFunc(valid, func(a, b recipient) int { return strings.Compare(a.address.String(), b.address.String()) })
	return slices.Compact(valid), nil
}

// maildirOf returns how an MTA names the drop folder of the first feed of a format below
// the folder it lies in; "OK" where there is none.
func (f *farm) maildirOf(format string) string {
	for _, feed := range f.config.Feeds {
		if feed.Format == format {
			return filepath.Base(f.config.Abs(feed.Path)) + "/"
		}
	}
	return "OK"
}

// exportRecipients writes the addresses into a file or to standard output, and tells of
// those that the table cannot hold.
func (c *cli) exportRecipients(t recipientTable, file string, valid []recipient, value string) error {
	var lines []string
	leftOut := []string{}
	for _, r := range valid {
		if why := t.refuses(r.address); why != "" {
			leftOut = append(leftOut, r.address.String())
			c.tell(fmt.Sprintf("mailchute: %s of library %s is left out: %s", r.address, r.library, why))
			continue
		}
		lines = append(lines, t.line(r.address, value))
	}
	slices.Sort(lines)
	content := t.head
	for _, l := range slices.Compact(lines) {
		content += l + "\n"
	}
	err := c.writeRecipients(file, content)
	if err == nil && file != "" {
		done := recipientsFile{file, t.name, len(valid) - len(leftOut), leftOut}
		err = c.say(done, "Wrote %s to %s.", count(done.Addresses, "recipient"), file)
	}
	if err == nil && len(leftOut) > 0 {
		return errHeld
	}
	return err
}

func (c *cli) writeRecipients(file, content string) error {
	if file == "" {
		_, err := io.WriteString(c.out, content)
		return err
	}
	return replaceFile(file, 0o644, strings.NewReader(content))
}
