package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"mailchute/pkg/config"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
)

// The exit codes of put are those of sysexits.h, which MTAs understand.
const (
	exitBadUsage = 64 // EX_USAGE: the MTA returns the message to its sender
	exitBadData  = 65 // EX_DATAERR: likewise
	exitTryLater = 75 // EX_TEMPFAIL: the MTA keeps the message and tries again
)

// sysexit is an error of a command that MTAs run, with its exit code.
type sysexit struct {
	error
	code int
}

func (s sysexit) Unwrap() error { return s.error }

// sysexitFor gives an error of put its exit code: whatever may be well at another time is
// tried again; nil stays nil.
func sysexitFor(err error) error {
	_, wrongUsage := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return nil
	case wrongUsage, errors.Is(err, fault.ErrConflict):
		return sysexit{err, exitBadUsage}
	case errors.Is(err, fault.ErrInvalid):
		return sysexit{err, exitBadData}
	}
	return sysexit{err, exitTryLater}
}

// putFlags are the flags of put.
type putFlags struct{ sender, login, dir string }

func (c *cli) putCommand() *cobra.Command {
	var p putFlags
	cmd := &cobra.Command{
		Use:   "put -f SENDER RECIPIENT…",
		Short: "Write a message into a drop folder, for mail systems that run a program",
		Long:  putHelp,
		Example: `  mailchute put --drop /srv/mailchute/drop -f alice@example.com invoices@docs.example.com
  mailchute put --drop /srv/mailchute/drop -f "" -u alice -- invoices@docs.example.com contracts@docs.example.com`,
		Args: func(cmd *cobra.Command, given []string) error {
			switch {
			case !cmd.Flags().Changed("from"):
				return sysexitFor(usage(errors.New(`-f SENDER is missing: the null sender is -f ""`)))
			case len(given) == 0:
				return sysexitFor(usage(errors.New("RECIPIENT is missing")))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, recipients []string) error {
			// Until the process ends: nobody may be reading what is said on standard error, and
			// the exit code has to be told all the same.
			ctx, _ := signal.NotifyContext(cmd.Context(), syscall.SIGHUP, syscall.SIGPIPE)
			return sysexitFor(c.put(ctx, p, recipients, cmd.InOrStdin()))
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return sysexitFor(usage(flagError(err))) })
	flags := cmd.Flags()
	flags.StringVarP(&p.sender, "from", "f", "", "envelope `SENDER`; \"\" or <> is the null sender")
	flags.StringVarP(&p.login, "user", "u", "", "`LOGIN` that the mail system has seen proved; \"\" is none")
	flags.StringVar(&p.dir, "drop", "", "drop folder `DIR` (else that of the configuration's feed of format drop-write)")
	return cmd
}

// put writes a message into a drop folder.
func (c *cli) put(ctx context.Context, p putFlags, recipients []string, message io.Reader) error {
	envelope, err := drop.NewEnvelope(p.sender, recipients, p.login)
	if err != nil {
		return err
	}
	dir, err := c.putFolder(p.dir)
	if err != nil {
		return err
	}
	fsys, err := durable.Open(dir)
	if err != nil {
		return fmt.Errorf("drop folder: %w", err)
	}
	defer exactModes()()
	name, err := drop.Write(ctx, fsys, envelope, message)
	if err = errors.Join(err, fsys.Close()); err != nil || !c.json {
		return err
	}
	// It has arrived, whether or not this can be said: the MTA must not try again.
	_ = c.printJSON(struct {
		File string `json:"file"`
	}{name})
	return nil
}

// putFolder returns the drop folder: the one that --drop names, else the only one of the
// configuration that drop.Write may write into.
func (c *cli) putFolder(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return "", fmt.Errorf("without --drop: %w", err)
	}
	ours := slices.DeleteFunc(slices.Clone(cfg.Feeds), func(f config.Feed) bool { return f.Format != drop.WriteFormat })
	if len(ours) != 1 {
		return "", usage(fmt.Errorf("%s has %s of format %s: name the drop folder with --drop", cfg.File, count(len(ours), "feed"), drop.WriteFormat))
	}
	return cfg.Abs(ours[0].Path), nil
}
