package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func (c *cli) applyCommand() *cobra.Command {
	var file string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "apply -f FILE [--dry-run]",
		Short: "Make the farm what a file declares",
		Long:  applyHelp,
		Example: `  mailchute apply -f farm.toml --dry-run
  mailchute apply -f farm.toml`,
		Args: args(),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
		name, text, err := readInput(cmd, file)
		if err != nil {
			return err
		}
		wanted, err := readDeclared(name, text)
		if err != nil {
			return err
		}
		p, err := c.applyDeclared(ctx, f, wanted, dryRun)
		if p == nil || !wanted.fromSharePoint() {
			return err
		}
		return errors.Join(err, c.reportProperties(wanted.libraries, p.libraries))
	})
	cmd.Flags().StringVarP(&file, "file", "f", "", "`FILE` in TOML; - is standard input")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the difference, change nothing")
	return cmd
}

const applyHelp = `Reads what is declared in FILE, prints the difference to what is there, a line for each change,
and makes it. A second run changes nothing.

  [settings]                      # the farm's policy: keys of mailchute settings show
  sender_trust = "aligned"
  "rejects.unknown-address" = "delete"
  [[site]]
  name = "finance"                # title
  [[user]]
  login = "alice"                 # name
  addresses = ["alice@example.com"]
  [[group]]
  name = "team"                   # title, site
  members = ["user:alice"]
  distribution = "team"           # description, manager: asks for a distribution group (group set)
  [[library]]
  name = "invoices"               # the flags of library add, with _ for -; inherit for --no-inherit
  site = "finance"
  overwrite = true
  [[grant]]
  scope = "library:invoices"
  principal = "group:team"
  level = "contribute"

What is declared is made, or changed where it is there. What the file does not mention is left
alone: other sites, users, groups, libraries and grants, and the keys that one here has not. A
key that is there says all of it: addresses = […] are the addresses of the user, and members = […]
those of the group, and no others; distribution = "" asks for an end of the distribution group.
A request that waits for an approval is no difference: a second run does not ask again.

A library also takes SharePoint's names of its e-mail properties, EmailAlias and
vti_emailoverwrite = 1; mailchute help settings lists them. They are the same settings: where both
names stand in a table, they must say the same. What became of them, and what mailchute does
otherwise than SharePoint, is printed below the changes.

The order is: settings, sites, users, groups, libraries, grants; of each, that of the file. So a
group stands below its members, and a local part or address can go from one to another below it.
All of the file is checked before anything is changed, with --dry-run as without. Settings are then
set all or none; each other change stands by itself: after an error, run it again.

Exit codes: 2 the file is wrong; 3 there is no such site, user, group or library; 4 a local part
or address belongs to another, or what is there cannot be changed so; 5 all is done, and the
directory has still to follow.`

// readInput reads the file that a flag or an argument names; "-" is standard input. name
// is for errors.
func readInput(cmd *cobra.Command, file string) (name string, text []byte, err error) {
	switch file {
	case "":
		return "", nil, usage(fmt.Errorf("say which file: -f FILE, or - for standard input"))
	case "-":
		text, err = io.ReadAll(cmd.InOrStdin())
		return "standard input", text, err
	}
	text, err = os.ReadFile(file)
	if err != nil {
		err = misconfigured(err)
	}
	return file, text, err
}

// applyDeclared prints what differs from what is declared, and makes it so.
func (c *cli) applyDeclared(ctx context.Context, f *farm, wanted declared, dryRun bool) (*planner, error) {
	p, err := newPlanner(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := p.plan(ctx, wanted); err != nil {
		return nil, err
	}
	n := 0
	for _, s := range p.steps {
		if !dryRun {
			if err := s.do(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", s.at, err)
			}
		}
		for _, d := range s.differences {
			n++
			d.DryRun = dryRun
			if err := c.say(d, "%s", d.line()); err != nil {
				return nil, err
			}
		}
	}
	if !dryRun && n > 0 {
		if err := c.warnOfApplied(ctx, f, p); err != nil {
			return nil, err
		}
	}
	if !c.json {
		if _, err := fmt.Fprintln(c.out, summaryOf(n, dryRun)); err != nil {
			return nil, err
		}
	}
	return p, c.followApplied(ctx, f, p)
}

func summaryOf(n int, dryRun bool) string {
	switch {
	case n == 0:
		return "There is nothing to change."
	case dryRun:
		return count(n, "change") + " would be made."
	}
	return count(n, "change") + " made."
}

// warnOfApplied warns as settings set and library set do.
func (c *cli) warnOfApplied(ctx context.Context, f *farm, p *planner) error {
	_, trust := p.changed["sender_trust"]
	_, only := p.changed["authenticated_only"]
	switch {
	case trust || only:
		return c.warnOfFarmTrust(ctx, f, p.changed)
	case len(p.touched) > 0:
		return c.warnOfTrust(ctx, f, p.touched...)
	}
	return nil
}
