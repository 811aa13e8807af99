package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

func (c *cli) groupRemove() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a group, its grants and its memberships",
		Long: `Removes a group. Its distribution group goes from the directory, at once or after an approval
(approve_delete); until then it stays there as it is, with its members.

Exit code 5: the group is removed, and the directory has still to follow.`,
		Example: "  mailchute group remove team",
		Args:    args("NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			shown, err := f.groupJSON(ctx, args[0])
			if err != nil {
				return err
			}
			had, err := f.DistributionOf(ctx, args[0])
			if err != nil && !errors.Is(err, fault.ErrNotFound) {
				return err
			}
			if err := f.RemoveGroup(ctx, args[0]); err != nil {
				return absent(err, "group %s", args[0])
			}
			return c.sayRemoved(ctx, f, shown, had)
		}),
	}
}

// sayRemoved makes the directory follow, and says what became of a group that was removed.
func (c *cli) sayRemoved(ctx context.Context, f *farm, shown groupJSON, had store.Distribution) error {
	shown.Distribution = nil
	done, said := groupDone{groupJSON: shown, Directory: followJSON{Followed: true}}, "Removed group "+shown.Name+"."
	if had.Key == "" {
		return c.say(done, "%s", said)
	}
	why, err := c.follow(ctx, f)
	if err != nil {
		return err
	}
	done.Directory = followJSON{why == "", why}
	requests, err := f.Requests(ctx)
	if err != nil {
		return err
	}
	var end error
	for _, r := range requests {
		if r.Distribution != had.Key || r.Kind != directory.RequestDelete {
			continue
		}
		asked := newRequestJSON(r)
		done.Request = &asked
		var became string
		became, end = outcomeOf(r, why)
		said = "Removed group " + shown.Name + ". " + became
	}
	return errors.Join(c.say(done, "%s", said), end)
}
