package main

import (
	"context"

	"github.com/rs/zerolog"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

// warnOfTrust warns of libraries that ask for a surer sender than any feed can show.
func (c *cli) warnOfTrust(ctx context.Context, f *farm, libraries ...library.Library) error {
	policy, err := f.Policy(ctx)
	if err != nil {
		return err
	}
	job, err := f.job(zerolog.Nop(), nil)
	if err != nil {
		return err
	}
	for _, l := range libraries {
		if asked := access.Trust(policy, l); !l.Archived && l.LocalPart != "" && asked > job.Reach() {
			c.warn("library %s asks for senders who are %s, but the feeds show no more than %s: nobody counts as a person there (library set %s --sender-trust %s lowers it)",
				l.Name, asked, job.Reach(), l.Name, job.Reach())
		}
	}
	return job.Close()
}
