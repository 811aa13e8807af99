package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/jobs/sweep"
)

// sweepRetry is the wait after a sweep that failed.
const sweepRetry = 10 * time.Minute

// grace is how long the messages in hand may take after a signal. What is not finished
// then goes to retry, as after a crash.
const grace = 4500 * time.Millisecond

func (c *cli) serveCommand() *cobra.Command {
	var asUser string
	serve := c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
		if err := f.hasFeeds(); err != nil {
			return err
		}
		if err := f.checkSchedule(); err != nil {
			return err
		}
		if err := guarded(f.config); err != nil {
			return err
		}
		return c.serve(ctx, f)
	})
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the job on arrival and by schedule, until a signal ends it",
		Long: `Files mail when it arrives in a drop folder, and looks into all of them by schedule
(each minute). Removes what retention lets go, also by schedule (each hour; see sweep).
Makes the directory follow what is published, at once after a change and by schedule (every five
minutes; see directory). Writes one event 6871 for each run to standard error. A drop folder that cannot be drained
keeps its mail and delays no other: serve says what is wrong once, tries again, and says
when it is well. It stores nothing while the data folder is not where it was. SIGINT or SIGTERM ends it within
five seconds, with the message in hand finished or put back; a second signal ends it at
once.

It needs no rights of root. Started by root, --user gives them up for good before any file is
opened: the configuration, its secrets and the data folder must be that user's.`,
		Example: `  mailchute -c /srv/mailchute serve
  mailchute -c /srv/mailchute serve --user mailchute`,
		Args: args(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asUser != "" {
				if err := become(asUser); err != nil {
					return err
				}
			}
			return serve(cmd, args)
		},
	}
	cmd.Flags().StringVar(&asUser, "user", "", "run as this `USER`, by name or number; only root can become another one")
	return cmd
}

// serve runs until ctx is done.
func (c *cli) serve(ctx context.Context, f *farm) error {
	log, err := c.logger(f.config.Log, c.err, zerolog.DebugLevel)
	if err != nil {
		return err
	}
	home, err := newHome(f)
	if err != nil {
		return err
	}
	o, err := f.jobOptions()
	if err != nil {
		return err
	}
	o.Log, o.Space = log, home.space
	job := incoming.New(o)
	sweeper := &sweep.Job{Store: f.Store, Log: log}
	publishing, err := f.newPublishing(ctx, home, log)
	if err != nil {
		return err
	}
	bell, sweepBell, schedule := jobs.NewBell(), jobs.NewBell(), jobs.NewScheduler()
	for _, due := range []struct {
		spec string
		ring func()
	}{
		{f.config.Schedule.Incoming, bell.RingSchedule},
		{f.config.Schedule.Sweep, sweepBell.RingSchedule},
		{f.config.Schedule.DMS, publishing.bell.RingSchedule},
	} {
		if err := schedule.Add(due.spec, due.ring); err != nil {
			return err
		}
	}
	log.Info().Str("version", version().Version).Str("config", f.config.File).Int("feeds", len(f.config.Feeds)).Msg("Serving.")
	for _, doubt := range f.doubts() {
		log.Warn().Msg(doubt)
	}
	if err := f.logTrust(ctx, log); err != nil {
		return err
	}
	var running sync.WaitGroup
	running.Go(func() { schedule.Run(ctx) })
	running.Go(func() { job.Watch(ctx, bell.Ring) })
	running.Go(func() { jobs.Loop(ctx, atHome{job, home}, bell, jobs.Pace{}, log) })
	running.Go(func() { jobs.Loop(ctx, atHome{sweeper, home}, sweepBell, jobs.Pace{Retry: sweepRetry}, log) })
	publishing.run(ctx, &running)
	if !waitFor(ctx, &running, grace) {
		f.abandon()
		return fmt.Errorf("the messages in hand were not finished in %s; they are tried again at the next start", grace)
	}
	log.Info().Msg("Ended.")
	return job.Close()
}

// logTrust logs which libraries ask for a surer sender than any feed can show.
func (f *farm) logTrust(ctx context.Context, log zerolog.Logger) error {
	all, err := f.Libraries(ctx)
	if err != nil {
		return err
	}
	warnings, err := f.checkTrust(ctx, all...)
	for _, w := range warnings {
		log.Warn().Msg(w.Detail)
	}
	return err
}

// checkSchedule says what is wrong with the schedule of the configuration.
func (f *farm) checkSchedule() error {
	for _, job := range []struct{ name, spec string }{
		{"incoming", f.config.Schedule.Incoming},
		{"sweep", f.config.Schedule.Sweep},
		{"dms", f.config.Schedule.DMS},
	} {
		if err := jobs.CheckSchedule(job.spec); err != nil {
			return misconfigured(fmt.Errorf("%s: schedule.%s: %w: write five fields as in crontab(5), such as %q", f.config.File, job.name, err, jobs.EveryMinute))
		}
	}
	return nil
}

// waitFor waits until all have ended; after ctx is done, at most for the time limit. It
// reports whether they have.
func waitFor(ctx context.Context, running *sync.WaitGroup, limit time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-ended:
		return true
	case <-late.C:
		return false
	}
}
