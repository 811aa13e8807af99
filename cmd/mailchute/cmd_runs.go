package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mailchute/pkg/event"
	"mailchute/pkg/library"
)

// summaryRow is a run in a list; its JSON is that of event 6871.
type summaryRow struct{ event.Summary }

func (s summaryRow) cells() []string {
	if s.Job != event.JobIncoming {
		const none = "-"
		return []string{
			clock(s.Started), s.Run, s.Job, s.Trigger, s.State, none, none, none, none, none, none, none, none, none, fmt.Sprintf("%.1f ms", s.ElapsedMS),
		}
	}
	return []string{
		clock(s.Started), s.Run, s.Job, s.Trigger, s.State, strconv.Itoa(s.Processed), strconv.Itoa(s.Filed), strconv.Itoa(s.Duplicate),
		strconv.Itoa(s.Held), strconv.Itoa(s.Deleted), strconv.Itoa(s.Deferred), strconv.Itoa(s.Documents), strconv.Itoa(s.Backlog), or(s.BacklogAge(), "-"), fmt.Sprintf("%.1f ms", s.ElapsedMS),
	}
}

func (c *cli) runsCommand() *cobra.Command {
	var since string
	var limit int
	cmd := &cobra.Command{
		Use:   "runs [ID]",
		Short: "List the newest runs, or show the whole summary of one",
		Example: `  mailchute runs --since 24h
  mailchute runs --since 2026-01-31 --limit 100 --json
  mailchute runs 20260105T091300.000Z-abc123`,
		Args: func(_ *cobra.Command, given []string) error {
			if len(given) > 1 {
				return fmt.Errorf("%q is one argument too many", given[1])
			}
			return nil
		},
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		if len(args) == 1 {
			sum, err := f.Run(ctx, args[0], 0)
			if err != nil {
				return absent(err, "run %s", args[0])
			}
			switch sum.Job {
			case event.JobSweep:
				return c.printSweep(sum)
			case event.JobDirectory:
				return c.printDirectoryRun(sum)
			}
			return c.printSummary(sum)
		}
		from, err := parseSince(since, time.Now())
		if err != nil {
			return usage(err)
		}
		if limit < 0 {
			return usage(errors.New("--limit: use a number from 0, which sets no limit"))
		}
		if since != "" && !cmd.Flags().Changed("limit") {
			limit = 0
		}
		all, err := f.Runs(ctx, from, limit)
		if err != nil {
			return err
		}
		return list(c, columns("STARTED", "RUN", "JOB", "TRIGGER", "STATE", ">MESSAGES", ">FILED", ">DUPLICATE", ">HELD", ">DELETED", ">DEFERRED", ">DOCUMENTS", ">WAITING", ">OLDEST", ">TIME"),
			"There are no runs.", each(all, func(s event.Summary) (summaryRow, error) { return summaryRow{s}, nil }))
	})
	cmd.Flags().StringVar(&since, "since", "", "those that began in the last `TIME` (24h, 7d), or since a date (2026-01-31)\nor time (RFC 3339)")
	cmd.Flags().IntVar(&limit, "limit", 20, "at most `N`, the newest; 0 is all, as with --since")
	return cmd
}

// parseSince reads how long ago, or when; "" is always.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := library.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("--since %q: write a time ago like 24h or 7d, a date like 2026-01-31, or a time of RFC 3339", s)
}
