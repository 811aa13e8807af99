package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/pkg/message"
	"mailchute/pkg/text"
	"mailchute/store"
)

// checkJSON is what a check found.
type checkJSON struct {
	Check   string `json:"check"`
	OK      bool   `json:"ok"`
	Warning bool   `json:"warning,omitempty"` // it works, but somebody should look at it
	Mended  bool   `json:"mended,omitempty"`  // it did not, and does now
	Detail  string `json:"detail"`
}

func (c *cli) verifyCommand() *cobra.Command {
	var repair bool
	var anchors []string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that books, rows, blobs and library folders agree",
		Long: `Goes through the books and reads every stored byte. Each message has ended as its run
says, with the documents or the held mail that its outcomes name; no run's record was
altered or removed; each deferred message is still in a drop folder; the database has no
damage in its tables and indexes; each document and held message has its bytes, with the
right digest, and each document its file in the library folders. Exit code 1 where one
check failed. Mail may be filed meanwhile.

The records of runs form a chain, and each event 6871 has taken the digest of its run
into the logs. Whoever can change the catalog can cut off the end of the chain: --anchor
takes the newest digest that the logs have, which must be in it.

It changes nothing without --repair. With it, before everything is checked, the runs of
dead processes are closed, the sum that held_max goes by is computed anew, bytes that are
missing or damaged are taken from the library folders where these have them, and documents
that the library folders miss, or show with other bytes, are published again; none whose
rows are at fault: somebody may have forged it. What cannot be mended is left as it is.`,
		Example: `  mailchute verify
  mailchute verify --repair --json
  mailchute verify --anchor "$(journalctl -u mailchute -o cat | jq -r 'select(.event_id==6871).digest' | tail -1)"`,
		Args: args(),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
		o, err := verifyOptions(anchors)
		if err != nil {
			return err
		}
		line := newProgress(c.err)
		defer line.end()
		o.Progress, o.DropFiles = line.verifying, f.dropFiles
		return c.printChecks(func(yield func(checkJSON, error) bool) {
			above := func(check checkJSON, err error) bool {
				line.hide()
				return yield(check, err)
			}
			if repair && (!c.closeDead(ctx, f, above) || !yieldFindings(f.Repair(ctx), above)) {
				return
			}
			yieldFindings(f.VerifyWith(ctx, o), above)
		})
	})
	cmd.Flags().BoolVar(&repair, "repair", false, "mend what can be mended first")
	cmd.Flags().StringArrayVar(&anchors, "anchor", nil, "`DIGEST` of a run from the logs, which must be in the chain; repeatable")
	return cmd
}

func verifyOptions(anchors []string) (o store.VerifyOptions, err error) {
	for _, a := range anchors {
		d, err := message.ParseDigest(a)
		if err != nil {
			return o, usage(fmt.Errorf("--anchor %q: write the digest of an event 6871, 64 hexadecimal digits", a))
		}
		o.Anchors = append(o.Anchors, d)
	}
	return o, nil
}

// yieldFindings yields what the store found. It reports whether more is wanted, and there
// was no error.
func yieldFindings(findings iter.Seq2[store.Finding, error], yield func(checkJSON, error) bool) bool {
	for f, err := range findings {
		if !yield(checkJSON{Check: f.Check, OK: f.OK, Mended: f.Mended, Detail: f.Detail}, err) || err != nil {
			return false
		}
	}
	return true
}

// closeDead closes the runs of dead processes, each with its event 6871. It reports
// whether to go on.
func (c *cli) closeDead(ctx context.Context, f *farm, yield func(checkJSON, error) bool) bool {
	log, err := c.logger(f.config.Log, c.err, zerolog.InfoLevel)
	if err != nil {
		yield(checkJSON{}, err)
		return false
	}
	dead, err := f.CloseDead(ctx)
	for _, sum := range dead {
		sum.Log(log)
		if !yield(checkJSON{Check: "books", OK: true, Mended: true, Detail: fmt.Sprintf("run %s: its process has ended; it was closed as aborted", sum.Run)}, nil) {
			return false
		}
	}
	if err != nil {
		yield(checkJSON{}, err)
	}
	return err == nil
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
	case check.Mended:
		return p.green("mend")
	case check.Warning:
		return p.yellow("warn")
	}
	return p.green("ok  ")
}
