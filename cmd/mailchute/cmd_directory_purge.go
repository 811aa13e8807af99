package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/config"
	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/store"
)

func (c *cli) directoryPurge() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "purge --yes",
		Short: "Delete everything that was published",
		Long: `Deletes every object that mailchute made in the directory, and none that it did not: those that
somebody has moved out of the container, or whose mark was cleared, stay. The catalog stays as it
is. It asks for dms.publish = "none" (with container and the others as they were), else serve would
publish everything again.`,
		Example: "  mailchute directory purge --yes",
		Args:    args(),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
		if f.publishes() {
			return misconfigured(fmt.Errorf("%s: serve would publish everything again: set dms.publish = %q first, and restart it", f.config.File, config.PublishNone))
		}
		if !yes {
			return usage(errors.New("this deletes every contact and distribution group that was published: say --yes"))
		}
		return c.purge(ctx, f)
	})
	cmd.Flags().BoolVar(&yes, "yes", false, "yes, delete them")
	return cmd
}

// purge deletes every object of ours from the directory, as a run of the job dms.
func (c *cli) purge(ctx context.Context, f *farm) error {
	published, err := f.publisher(ctx)
	if err != nil {
		return err
	}
	taken, holder, err := f.TakeLease(ctx, event.JobDirectory)
	if err != nil {
		return err
	}
	if !taken {
		return fmt.Errorf("%w: process %s", dms.ErrBusy, holder.Process)
	}
	run, err := f.OpenRun(ctx, event.JobDirectory, string(jobs.Manual))
	if err != nil {
		return errors.Join(err, f.ReleaseLease(ctx, event.JobDirectory))
	}
	left, err := c.purgeAll(ctx, f, published, run.ID)
	_, closed := f.CloseRun(context.WithoutCancel(ctx), run.ID, store.Backlog{})
	err = errors.Join(err, closed, f.ReleaseLease(context.WithoutCancel(ctx), event.JobDirectory))
	if err == nil && left > 0 {
		return errHeld
	}
	return err
}

// purgeAll deletes the objects, and says of how many it did not.
func (c *cli) purgeAll(ctx context.Context, f *farm, published directory.Publisher, run string) (left int, err error) {
	var all []directory.Actual
	err = published.Each(ctx, func(a directory.Actual) error {
		all = append(all, a)
		return nil
	})
	if err != nil {
		return 0, unreachable(err)
	}
	byID := map[string]directory.Known{}
	known, err := f.KnownObjects(ctx)
	if err != nil {
		return 0, err
	}
	for _, k := range known {
		byID[k.ID] = k
	}
	for _, a := range all {
		k, ok := byID[a.ID]
		if !ok {
			k = directory.Known{Kind: a.Kind, ID: a.ID, Of: "nobody"}
			if m, err := directory.ParseMarker(a.Marker); err == nil {
				k.Key = m.Key
			}
		}
		why := ""
		switch err := published.Delete(ctx, a); {
		case errors.Is(err, directory.ErrNotOwned):
			left++
			why = err.Error()
		case err != nil:
			return left, unreachable(err)
		}
		write := store.DirectoryWrite{Run: run, Actor: actor(), Action: directory.ActDelete, Key: k.Key, Of: k.Of, Where: a.Where, Trouble: why}
		if err := f.RecordDirectory(ctx, run, store.DirectoryResult{Known: k, Forget: why == "", Write: write}); err != nil {
			return left, err
		}
		if err := c.say(purged{a.Where, a.Alias, why == "", why}, "%s", purged{a.Where, a.Alias, why == "", why}.line()); err != nil {
			return left, err
		}
	}
	return left, nil
}

// purged is an object that was deleted, or why it was not.
type purged struct {
	Where   string `json:"where"`
	Alias   string `json:"alias"`
	Deleted bool   `json:"deleted"`
	Why     string `json:"why"`
}

func (p purged) line() string {
	if p.Deleted {
		return "- " + p.Where
	}
	return "! " + p.Where + ": " + p.Why
}
