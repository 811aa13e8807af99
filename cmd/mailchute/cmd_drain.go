package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/pkg/event"
	"mailchute/pkg/text"
)

func (c *cli) drainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "drain",
		Short: "Run the job once, until nothing is left that can be taken",
		Long: `Files what waits in the drop folders, and prints the run's summary (event 6871). Waits for
files that are still settling. Exit code 5: done, but something was held or deferred.`,
		Example: "  mailchute drain --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			if err := f.hasFeeds(); err != nil {
				return err
			}
			if err := guarded(f.config); err != nil {
				return err
			}
			for _, doubt := range f.doubts() {
				c.tell("warning: " + doubt)
			}
			all, err := f.Libraries(ctx)
			if err != nil {
				return err
			}
			if err := c.warnOfTrust(ctx, f, all...); err != nil {
				return err
			}
			sum, err := c.drain(ctx, f, zerolog.WarnLevel)
			if sum.Run == "" {
				return err
			}
			return errors.Join(err, c.printSummary(sum), heldIn(sum, err))
		}),
	}
}

// hasFeeds says where there is nothing to drain.
func (f *farm) hasFeeds() error {
	if len(f.config.Feeds) == 0 {
		return misconfigured(fmt.Errorf("%s names no drop folder: add a [[feed]] with name, path and format", f.config.File))
	}
	return nil
}

// drain does one run, and logs its events from a level on. The summary is whole where it
// has a Run, whatever the error says.
func (c *cli) drain(ctx context.Context, f *farm, logged zerolog.Level) (event.Summary, error) {
	line := newProgress(c.err)
	defer line.end()
	log, err := c.logger(f.config.Log, line, logged)
	if err != nil {
		return event.Summary{}, err
	}
	job, err := f.job(log, line.report)
	if err != nil {
		return event.Summary{}, err
	}
	sum, err := job.Drain(ctx)
	if err == nil {
		err = ctx.Err() // cut off: the summary is that of a part
	}
	return sum, errors.Join(err, job.Close())
}

// heldIn returns errHeld for a run without another error in which something was held or
// deferred.
func heldIn(sum event.Summary, err error) error {
	if err == nil && sum.Held+sum.Deferred > 0 {
		return errHeld
	}
	return nil
}

// printSummary prints event 6871.
func (c *cli) printSummary(sum event.Summary) error {
	if c.json {
		return c.printJSON(sum)
	}
	p := c.paintFor(c.out)
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", p.bold("Event 6871"), text.Safe(sum.Message))
	fmt.Fprintf(&b, "  run        %s, %s, %s\n", text.Safe(sum.Run), text.Safe(sum.Trigger), clock(sum.Started))
	fmt.Fprintf(&b, "  messages   %d = %s\n", sum.Processed, strings.Join(states(p, sum), " + "))
	fmt.Fprintf(&b, "  documents  %d, %s\n", sum.Documents, bytesText(sum.Bytes))
	if sum.Skipped > 0 {
		fmt.Fprintf(&b, "  skipped    %s that no library wanted\n", count(sum.Skipped, "part"))
	}
	if sum.Backlog > 0 {
		fmt.Fprintf(&b, "  waiting    %s\n", p.yellow(waits(sum)))
	}
	if _, err := fmt.Fprint(c.out, b.String()); err != nil {
		return err
	}
	return c.printFailures(sum)
}

// waits says how many files still waited, and for how long.
func waits(sum event.Summary) string {
	s := count(sum.Backlog, "file")
	if age := sum.BacklogAge(); age != "" {
		s += ", the oldest for " + age
	}
	return s
}

// states writes a run's counts, those that matter in colour.
func states(p paint, sum event.Summary) []string {
	shown := func(n int, state string, colour func(string) string) string {
		s := fmt.Sprintf("%d %s", n, state)
		if n == 0 {
			return s
		}
		return colour(s)
	}
	return []string{
		shown(sum.Filed, "filed", p.green), shown(sum.Duplicate, "duplicate", p.blue), shown(sum.Held, "held", p.yellow),
		shown(sum.Deleted, "deleted", p.red), shown(sum.Deferred, "deferred", p.red),
	}
}

// printFailures lists what was not filed, and why.
func (c *cli) printFailures(sum event.Summary) error {
	if len(sum.Failed) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(c.out, "\nNot filed:"); err != nil {
		return err
	}
	var rows [][]string
	for _, f := range sum.Failed {
		rows = append(rows, []string{f.File, or(f.Recipient, "-"), f.State, f.Reason, f.Detail})
	}
	if err := table(c.out, c.paintFor(c.out), columns("FILE", "RECIPIENT", "STATE", "REASON", "DETAIL"), rows); err != nil {
		return err
	}
	if n := sum.More["failed"]; n > 0 {
		_, err := fmt.Fprintf(c.out, "… and %d more: mailchute runs %s\n", n, text.Safe(sum.Run))
		return err
	}
	return nil
}
