package main

import (
	"context"

	"mailchute/jobs/incoming"
	"mailchute/pkg/library"
)

// warnOfTrust tells people which libraries ask for a surer sender than any feed can show.
func (c *cli) warnOfTrust(ctx context.Context, f *farm, libraries ...library.Library) error {
	warnings, err := incoming.CheckTrust(ctx, f.Store, libraries...)
	for _, w := range warnings {
		c.tell("warning: " + w.Detail)
	}
	return err
}
