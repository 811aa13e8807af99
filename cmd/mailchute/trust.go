package main

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

// untrusting says which libraries ask for a surer sender than any feed can show.
func (f *farm) untrusting(ctx context.Context, libraries ...library.Library) (warnings []string, err error) {
	policy, err := f.Policy(ctx)
	if err != nil {
		return nil, err
	}
	job, err := f.job(zerolog.Nop(), nil)
	if err != nil {
		return nil, err
	}
	for _, l := range libraries {
		if asked := access.Trust(policy, l); !l.Archived && l.LocalPart != "" && asked > job.Reach() {
			warnings = append(warnings, fmt.Sprintf("library %s asks for senders who are %s, but the feeds show no more than %s: nobody counts as a person there (library set %s --sender-trust %s lowers it)",
				l.Name, asked, job.Reach(), l.Name, job.Reach()))
		}
	}
	return warnings, job.Close()
}

// warnOfTrust tells people what untrusting says.
func (c *cli) warnOfTrust(ctx context.Context, f *farm, libraries ...library.Library) error {
	warnings, err := f.untrusting(ctx, libraries...)
	for _, w := range warnings {
		c.tell("warning: " + w)
	}
	return err
}
