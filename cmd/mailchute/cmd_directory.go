package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/pkg/text"
)

func (c *cli) directoryCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "directory",
		Short:   "What is published: contacts of libraries, and distribution groups",
		Long:    strings.TrimSuffix(directoryPage, "\n"),
		Example: "  mailchute directory plan",
	}, c.directoryPlan(), c.directoryApply(), c.directoryCheck(), c.directoryList(), c.directoryPurge())
}

func (c *cli) directoryPlan() *cobra.Command {
	return &cobra.Command{
		Use:   "plan",
		Short: "Print what differs in the directory, change nothing",
		Long: `Prints what directory apply would do, an object a line and below it what changes of it: + what
comes, - what goes, ~ what changes. A line with ! is for a person to look at: nothing is
done about it. Names and addresses that are taken are found only when they are to be written.`,
		Example: "  mailchute directory plan --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			if err := f.needsPublishing(); err != nil {
				return err
			}
			job, err := f.directoryJob(ctx, zerolog.Nop())
			if err != nil {
				return err
			}
			plan, err := job.Plan(ctx)
			brake, braked := errors.AsType[*directory.BrakeError](err)
			if err != nil && !braked {
				return unreachable(err)
			}
			if err := c.printPlan(plan.Steps); err != nil {
				return err
			}
			if braked {
				c.tell("warning: " + brake.Error())
			}
			return nil
		}),
	}
}

func (c *cli) directoryApply() *cobra.Command {
	var person dms.ApplyOptions
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Make the directory follow the catalog, once",
		Long: `Does what directory plan prints, and prints the run's summary (event 6871). What serve does by
schedule, and at once when something has changed.

Exit codes: 5 done, but something could not be written, or is for a person to look at (directory
plan); 1 nothing was changed: the directory cannot be reached, it shows fewer than half of what is
known to be there, or more objects would be deleted than max_deletes or max_delete_share allow.`,
		Example: `  mailchute directory apply
  mailchute directory apply --max-deletes 40   # after a look at directory plan`,
		Args: args(),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
		if cmd.Flags().Changed("max-deletes") && person.Deletes < 1 {
			return usage(errors.New("--max-deletes: use a number from 1"))
		}
		if err := f.needsPublishing(); err != nil {
			return err
		}
		line := newProgress(c.err)
		defer line.end()
		log, err := c.logger(f.config.Log, line, zerolog.WarnLevel)
		if err != nil {
			return err
		}
		job, err := f.directoryJob(ctx, log)
		if err != nil {
			return err
		}
		person.Progress = line.publishing
		_, sum, err := publish(ctx, job, jobs.Manual, person)
		line.end()
		if sum.Run == "" {
			return unreachable(err)
		}
		return errors.Join(unreachable(err), c.printDirectoryRun(sum), leftIn(sum, err))
	})
	cmd.Flags().IntVar(&person.Deletes, "max-deletes", 0, "delete so many objects `N` at most in this run, whatever the configuration allows")
	cmd.Flags().BoolVar(&person.Rebuild, "rebuild", false, "make anew what the container has lost: it was emptied or replaced")
	return cmd
}

// unreachable says what an error of the directory is about.
func unreachable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("directory: %w", err)
}

// leftIn returns errHeld for a run without an error in which something was left.
func leftIn(sum event.Summary, err error) error {
	if d := sum.Directory; err == nil && d != nil && d.Failed+d.Reported > 0 {
		return errHeld
	}
	return nil
}

// printDirectoryRun prints event 6871 of a run of the job dms.
func (c *cli) printDirectoryRun(sum event.Summary) error {
	if c.json {
		return c.printJSON(sum)
	}
	d := sum.Directory
	if d == nil {
		d = &event.Directory{}
	}
	p := c.paintFor(c.out)
	_, err := fmt.Fprintf(c.out, "%s  %s\n  run        %s, %s, %s\n  objects    %d wanted: %d created, %d renamed, %d modified, %d removed\n  members    %d changed\n  requests   %d waiting for an approval\n",
		p.bold("Event 6871"), text.Safe(sum.Message), text.Safe(sum.Run), text.Safe(sum.Trigger), clock(sum.Started),
		d.Objects, d.Created, d.Renamed, d.Modified, d.Deleted, d.Members, d.Pending)
	if err == nil && d.Failed+d.Reported > 0 {
		_, err = fmt.Fprintf(c.out, "  left       %s\n", p.yellow(fmt.Sprintf("%d failed, %d to look at: mailchute directory plan", d.Failed, d.Reported)))
	}
	return err
}

// publishing shows how far a run of the job dms is.
func (p *progress) publishing(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due() {
		p.show(fmt.Sprintf("publishing: %d of %s …", done, count(total, "step")))
	}
}
