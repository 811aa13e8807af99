package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/jobs"
	"mailchute/jobs/sweep"
	"mailchute/pkg/event"
	"mailchute/pkg/text"
)

func (c *cli) sweepCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sweep",
		Short: "Remove what retention lets go, once; serve does so each hour",
		Long: `Held mail expires when it has waited for as long as held_keep says (settings show), but
not before its notice: a sweep counts in its summary (event 6871) what will expire within
seven days, and only mail that an earlier one has counted goes, seven days later at the
earliest, or after held_keep where that is shorter. The drop files of mail that was
released or refused are kept as long.

The records of runs go when they ended longer ago than runs_keep says; what became of each
message stays, and verify goes on to prove the runs that are left. In a library with
--versions, the bytes of older versions of a document go, and those of a removed document when
it was removed longer ago than removed_keep says; history still lists them.

Stored bytes that nothing refers to any more are marked by one sweep, and removed by
another one an hour later or more.`,
		Example: "  mailchute sweep --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			log, err := c.logger(f.config.Log, c.err, zerolog.WarnLevel)
			if err != nil {
				return err
			}
			job := sweep.Job{Store: f.Store, Log: log}
			sum, err := job.Sweep(ctx, jobs.Manual)
			if sum.Run == "" {
				return err
			}
			return errors.Join(err, c.printSweep(sum))
		}),
	}
}

// printSweep prints event 6871 of a sweep.
func (c *cli) printSweep(sum event.Summary) error {
	if c.json {
		return c.printJSON(sum)
	}
	p := c.paintFor(c.out)
	_, err := fmt.Fprintf(c.out, "%s  %s\n  run        %s, %s, %s\n  held mail  %d expired, %d expire within seven days\n  versions   %d swept\n  runs       %d removed\n  blobs      %d removed (%s), %d marked for a later sweep\n",
		p.bold("Event 6871"), text.Safe(sum.Message), text.Safe(sum.Run), text.Safe(sum.Trigger), clock(sum.Started),
		sum.Expired, sum.Expiring, sum.Versions, sum.Runs, sum.Removed, bytesText(sum.RemovedBytes), sum.Doomed)
	return err
}
