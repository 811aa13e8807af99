package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// cli is one run of the program: where its words go, and the flags that every command has.
type cli struct {
	out, err io.Writer
	getenv   func(string) string
	config   string // --config
	json     bool   // --json
	began    bool   // the command line was understood: what fails now is no wrong usage
}

// command returns the tree of all commands.
func (c *cli) command() *cobra.Command {
	root := c.group(&cobra.Command{
		Use:   "mailchute",
		Short: "Files mail from drop folders into document libraries",
		Long: `mailchute runs beside any mail system that writes into a drop folder. It files the
attachments of each message into the document library that its recipient names, if the
sender may contribute there; what cannot be filed is held with its reason.`,
		Example: `  mailchute demo
  mailchute init /srv/mailchute --domain docs.example.com --format postfix
  mailchute -c /srv/mailchute serve`,
		SilenceErrors: true,
		SilenceUsage:  true,
	},
		c.initCommand(), c.siteCommand(), c.libraryCommand(), c.userCommand(), c.groupCommand(),
		c.requestCommand(), c.directoryCommand(), c.remoteCommand(), c.grantCommand(), c.revokeCommand(), c.settingsCommand(), c.applyCommand(),
		c.serveCommand(), c.drainCommand(), c.sweepCommand(), c.explainCommand(),
		c.putCommand(), c.recipientsCommand(),
		c.documentsCommand(), c.documentCommand(), c.heldCommand(), c.runsCommand(), c.traceCommand(),
		c.checkCommand(), c.verifyCommand(), c.demoCommand(), c.benchCommand(), c.versionCommand(),
		formatsTopic(), securityTopic(),
	)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.PersistentPreRun = func(*cobra.Command, []string) { c.began = true }
	flags := root.PersistentFlags()
	flags.StringVarP(&c.config, "config", "c", "", "configuration `FILE`, or the folder it is in ($MAILCHUTE_CONFIG;\nelse ./mailchute.toml, then /etc/mailchute/mailchute.toml)")
	flags.BoolVar(&c.json, "json", false, "print one JSON object a line")
	// A group by itself does nothing: its usage is that of the commands below it.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}", 1))
	return root
}

// group makes cmd a command that only has others below it.
func (c *cli) group(cmd *cobra.Command, below ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(below...)
	cmd.Args = cobra.ArbitraryArgs
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && !cmd.HasParent() {
			return cmd.Help()
		}
		var names []string
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name())
			}
		}
		slices.Sort(names)
		if len(args) == 0 {
			return usage(fmt.Errorf("say what to do: %s", enumerate(names)))
		}
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return usage(fmt.Errorf("unknown command %q; did you mean %q?", args[0], near[0]))
		}
		return usage(fmt.Errorf("unknown command %q; there are %s", args[0], enumerate(names)))
	}
	return cmd
}

// withFarm opens the data folder for f, and closes it.
func (c *cli) withFarm(f func(ctx context.Context, farm *farm, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		farm, err := c.openFarm(cmd.Context())
		if err != nil {
			return err
		}
		return errors.Join(f(cmd.Context(), farm, args), farm.Close())
	}
}

// args takes exactly the arguments that are named, else says which.
func args(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, given []string) error {
		switch {
		case len(given) < len(names):
			return fmt.Errorf("%s is missing", names[len(given)])
		case len(given) > len(names):
			return fmt.Errorf("%q is one argument too many", given[len(names)])
		}
		return nil
	}
}

// offer completes a flag with values that are fixed.
func offer(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is not there, or has been given values twice
	}
}
