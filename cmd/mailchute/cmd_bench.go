package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func (c *cli) benchCommand() *cobra.Command {
	var messages int
	var dir, write string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast this machine files mail",
		Long: `Makes a data folder of its own below DIR, drops N messages like those of an office there
(245 KB on average, 56 % with attachments of 10 KB to 5 MB), files them as drain does, and
removes the folder again. It reads no configuration. Measure on the disk where the data
folder will be, while nothing else is at work; 2000 messages need 1.4 GB of room.

The floor is what the machine does at best, measured in the same run and folder. Disk: the
same blobs are written and synced in the same groups, one after the other, as many drop
files are removed, and nothing else is done. Processors: what it takes to read, decode,
hash and write these bytes at the speeds measured, and fixed costs of each message, part
and blob that scale with the speed of a core. The slower of the two counts.

--write only makes the messages: files for a drop folder of format eml or drop-write, the
same ones each time.`,
		Example: `  mailchute bench
  mailchute bench --messages 10000 --dir /srv
  mailchute bench --messages 500 --write ./mail`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case messages < 1:
				return usage(fmt.Errorf("--messages %d: name a number from 1 on", messages))
			case dir != "" && write != "":
				return usage(errors.New("--write only makes messages: leave --dir out"))
			case write != "":
				return c.writeMail(cmd.Context(), filepath.Clean(write), messages)
			}
			return c.benchBelow(cmd.Context(), dir, messages)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&messages, "messages", 2000, "make `N` messages")
	flags.StringVar(&dir, "dir", "", "measure below this `DIR` (default the system's folder for temporary files)")
	flags.StringVar(&write, "write", "", "only write the messages, into this `DIR`, new or empty")
	return cmd
}

// benchBelow measures in a temporary folder below dir, and removes it.
func (c *cli) benchBelow(ctx context.Context, dir string, messages int) error {
	at, err := os.MkdirTemp(dir, "mailchute-bench-")
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: name a folder that exists with --dir", err)
	}
	if err != nil {
		return err
	}
	r, err := c.bench(ctx, at, messages)
	if err = errors.Join(err, os.RemoveAll(at)); err != nil {
		return err
	}
	return c.printBench(r)
}

// bench measures in dir, which is empty, and leaves everything there.
func (c *cli) bench(ctx context.Context, dir string, messages int) (benchReport, error) {
	line := newProgress(c.err)
	defer line.end()
	b := &bench{dir: dir, messages: messages, line: line}
	for _, step := range []struct {
		words string
		do    func(context.Context) error
	}{
		{"Making a data folder …", b.makeFarm},
		{"Making messages …", b.dropMail},
		{"Extracting alone …", b.extractAlone},
		{"Filing …", b.drain},
		{"Measuring the floor …", b.measureFloor},
	} {
		line.step(step.words)
		if err := errors.Join(ctx.Err(), step.do(ctx)); err != nil {
			return benchReport{}, err
		}
	}
	return b.report(), nil
}

// writeMail makes messages in dir, and nothing else.
func (c *cli) writeMail(ctx context.Context, dir string, messages int) error {
	line := newProgress(c.err)
	defer line.end()
	line.step("Making messages …")
	fsys, err := emptyFolder(dir)
	if err != nil {
		return err
	}
	made, err := makeMail(ctx, fsys, messages)
	if err = errors.Join(err, fsys.Close()); err != nil {
		return err
	}
	line.end()
	said := struct {
		Dir      string `json:"dir"`
		Messages int    `json:"messages"`
		Bytes    int64  `json:"bytes"`
	}{dir, made.tally.Messages, made.tally.Bytes}
	return c.say(said, "Wrote %s, %s, to %s.", count(said.Messages, "message"), decimal(float64(said.Bytes)), dir)
}
