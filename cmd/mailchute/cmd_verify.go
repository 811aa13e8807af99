package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"mailchute/pkg/text"
)

// checkJSON is what a check found.
type checkJSON struct {
	Check   string `json:"check"`
	OK      bool   `json:"ok"`
	Warning bool   `json:"warning,omitempty"` // it works, but somebody should look at it
	Detail  string `json:"detail"`
}

func (c *cli) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Prove that rows, blobs and library folders agree",
		Long: `Reads every stored byte: each document and held message has its bytes, with the right
digest, and each document its file in the library folders. Exit code 1 where one check
failed. It changes nothing, and mail may be filed meanwhile.`,
		Example: "  mailchute verify",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			return c.printChecks(func(yield func(checkJSON, error) bool) {
				for finding, err := range f.Verify(ctx) {
					if !yield(checkJSON{Check: finding.Check, OK: finding.OK, Detail: finding.Detail}, err) {
						return
					}
				}
			})
		}),
	}
}

// printChecks prints checks as they come, a line each. The error says whether one failed.
func (c *cli) printChecks(checks iter.Seq2[checkJSON, error]) error {
	p := c.paintFor(c.out)
	failed := false
	for check, err := range checks {
		if err != nil {
			return err
		}
		failed = failed || !check.OK
		if c.json {
			err = c.printJSON(check)
		} else {
			_, err = fmt.Fprintf(c.out, "%s  %s: %s\n", verdict(p, check), text.Safe(check.Check), text.Safe(check.Detail))
		}
		if err != nil {
			return err
		}
	}
	if failed {
		return errSaid
	}
	return nil
}

func verdict(p paint, check checkJSON) string {
	switch {
	case !check.OK:
		return p.red("FAIL")
	case check.Warning:
		return p.yellow("warn")
	}
	return p.green("ok  ")
}
