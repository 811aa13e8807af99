package main

import (
	"context"
	"fmt"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

// warnOfTrust tells people which libraries ask for a surer sender than any feed can show.
func (c *cli) warnOfTrust(ctx context.Context, f *farm, libraries ...library.Library) error {
	warnings, err := f.checkTrust(ctx, libraries...)
	for _, w := range warnings {
		c.tell("warning: " + w.Detail)
	}
	return err
}

// checkTrust finds the libraries that ask for a surer sender than any feed can show.
func (f *farm) checkTrust(ctx context.Context, libraries ...library.Library) ([]incoming.Check, error) {
	var feeds []incoming.Feed
	for _, feed := range f.config.Feeds {
		feeds = append(feeds, incoming.Feed{Reads: &feed.Reads, Align: feed.Align, DKIM: feed.DKIM})
	}
	return incoming.CheckTrust(ctx, f.Store, feeds, libraries...)
}

// warnOfFarmTrust tells people what a change of the farm's trust in senders does not do:
// libraries may ask for less, and the feeds may be able to show less.
func (c *cli) warnOfFarmTrust(ctx context.Context, f *farm, changed map[string]string) error {
	_, trust := changed["sender_trust"]
	_, only := changed["authenticated_only"]
	if !trust && !only {
		return nil
	}
	policy, err := f.Policy(ctx)
	if err != nil {
		return err
	}
	all, err := f.Libraries(ctx)
	if err != nil {
		return err
	}
	for _, l := range all {
		if asked := access.Trust(policy, l); !l.Archived && asked < policy.SenderTrust {
			c.tell(fmt.Sprintf("warning: library %s asks for senders who are %s, less than the farm's %s (library set %s --sender-trust \"\" makes it ask as the farm does)",
				l.Name, asked, policy.SenderTrust, l.Name))
		}
	}
	return c.warnOfTrust(ctx, f, all...)
}
