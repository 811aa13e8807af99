package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/pkg/config"
	"mailchute/pkg/durable"
)

func (c *cli) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Try everything that must work",
		Long: `Tries the configuration, the catalog, the folders, the drop folders and their rights, and
says line by line what it found. Exit code 1 where something cannot work; a warning is none.
Run it as the user that serve runs as.`,
		Example: "  mailchute -c /srv/mailchute check",
		Args:    args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := c.findConfig()
			if err != nil {
				return err
			}
			return c.printChecks(checkAll(cmd.Context(), file))
		},
	}
}

// checkAll tries everything, and stops where nothing after could work.
func checkAll(ctx context.Context, file string) iter.Seq2[checkJSON, error] {
	return func(yield func(checkJSON, error) bool) {
		report := func(name, detail string, err error) bool {
			check := checkJSON{Check: name, OK: err == nil, Detail: detail}
			if err != nil {
				check.Detail = oneLine(err)
			}
			return yield(check, nil)
		}
		cfg, err := config.Load(file)
		if !report("configuration", file+" is understood; mail for "+enumerate(cfg.Domains)+" is ours", err) || err != nil {
			return
		}
		f, err := openStore(ctx, cfg)
		if !report("data", "catalog "+cfg.Abs(cfg.Store.Catalog)+", blobs, libraries and locks can be opened", err) || err != nil {
			return
		}
		for check := range f.checks(ctx) {
			if !yield(check, nil) {
				break
			}
		}
		if err := f.Close(); err != nil {
			yield(checkJSON{}, err)
		}
	}
}

// checks tries the parts of an open farm.
func (f *farm) checks(ctx context.Context) iter.Seq[checkJSON] {
	return func(yield func(checkJSON) bool) {
		for _, check := range append(f.checkRights(),
			checked("schedule", "incoming mail: "+f.config.Schedule.Incoming+"; sweep: "+f.config.Schedule.Sweep+"; publishing: "+f.config.Schedule.DMS, f.checkSchedule()),
			f.checkBlobs(ctx), f.checkTree(), f.checkSpace(),
		) {
			if !yield(check) {
				return
			}
		}
		for _, check := range slices.Concat(f.checkDirectory(ctx), f.checkPublishing(ctx), f.checkRemote()) {
			if !yield(check) {
				return
			}
		}
		job, err := f.job(zerolog.Nop(), nil)
		if err == nil {
			err = f.hasFeeds()
		}
		if err != nil {
			yield(checked("feeds", "", err))
			return
		}
		for _, check := range job.Check(ctx) {
			if !yield(checkJSON{Check: check.Name, OK: check.OK, Warning: check.Warning, Detail: check.Detail}) {
				break
			}
		}
		if err := job.Close(); err != nil {
			yield(checked("feeds", "", err))
		}
	}
}

func checked(name, detail string, err error) checkJSON {
	if err != nil {
		return checkJSON{Check: name, Detail: oneLine(err)}
	}
	return checkJSON{Check: name, OK: true, Detail: detail}
}

// oneLine returns the text of an error, which may be several, for people.
func oneLine(err error) string { return strings.ReplaceAll(explain(err), "\n", "; ") }

// checkBlobs writes a blob, makes it durable, and throws it away.
func (f *farm) checkBlobs(ctx context.Context) checkJSON {
	upload, err := f.parts.blobDriver.Create(ctx)
	if err == nil {
		_, err = upload.Write(make([]byte, 1<<20)) // small ones may wait in memory
		err = errors.Join(err, f.parts.blobDriver.Barrier(ctx), upload.Discard())
	}
	way, why, chooseErr := barrierOf(f.config, f.config.Store.Blobs)
	detail := fmt.Sprintf("%s can be written; messages are made durable by %s (barrier): %s", f.parts.blobs.Path(), way, why)
	return checked("blobs", detail, errors.Join(err, chooseErr))
}

// checkTree tries to link a blob's file into the libraries.
func (f *farm) checkTree() checkJSON {
	const open = "; the grants of the catalog do not guard it: who may read it is up to its owner, group and mode"
	at := f.parts.libraries.Path()
	if f.config.Store.Tree == config.TreeCopy {
		return checkJSON{Check: "libraries", OK: true, Detail: at + " shows copies" + open}
	}
	err := tryLink(f.parts.blobs, f.parts.libraries, ".mailchute-check-"+strings.ToLower(rand.Text()))
	if errors.Is(err, durable.ErrCannotLink) {
		return checkJSON{
			Check: "libraries", OK: true, Warning: true,
			Detail: at + " cannot have hard links to the blobs (is it on another file system?): documents are copied, and need twice the room" + open,
		}
	}
	return checked("libraries", at+" shows hard links to the blobs"+open, err)
}

// tryLink makes a file in one folder, links it into the other, and removes both.
func tryLink(from, to durable.FS, name string) error {
	f, err := from.Create(name, 0o400)
	if err != nil {
		return err
	}
	err = to.Link(f, name)
	if err == nil {
		err = to.Remove(name)
	}
	return errors.Join(err, f.Close(), from.Remove(name))
}

// checkSpace compares the free disk with what must stay free.
func (f *farm) checkSpace() checkJSON {
	free, total, err := f.parts.blobs.Space()
	if err != nil {
		return checked("space", "", err)
	}
	least := int64(f.config.Store.MinFree * float64(total))
	detail := fmt.Sprintf("%s of %s are free; nothing is claimed below %s (min_free)", bytesText(free), bytesText(total), bytesText(least))
	if free < least {
		return checkJSON{Check: "space", Detail: detail + ": make room"}
	}
	return checkJSON{Check: "space", OK: true, Detail: detail}
}
