package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"mailchute/store"
)

// heldFileMode: a drop file may have secrets of the MTA's in its envelope.
const heldFileMode = 0o600

// heldExported is a drop file that was written.
type heldExported struct {
	ID   int64  `json:"id"`
	File string `json:"file"`
	Size int64  `json:"size"`
}

func (c *cli) heldExport() *cobra.Command {
	var choice heldChoice
	var file, into string
	cmd := &cobra.Command{
		Use:   "export ID…",
		Short: "Write the drop files of held mail, byte for byte",
		Long: `Writes the drop file of one held message to standard output or to the new file of -o; with
--into those of all that are chosen, each as NUMBER.eml, into a folder that is made where it
is missing. No file is replaced. Readable for you alone. Nothing changes: the mail stays held.

Choose held mail by numbers, by filters, or with --all.`,
		Example: `  mailchute held export 7 -o message.eml
  mailchute held export --reason no-permission --older-than 7d --into suspects`,
		Args: func(_ *cobra.Command, ids []string) error {
			if err := choice.check(ids); err != nil {
				return err
			}
			switch one := len(ids) == 1; {
			case file != "" && into != "":
				return errors.New("write one file with -o, or any number with --into: one of them")
			case !one && into == "":
				return errors.New("name a folder for the files: --into DIR")
			}
			return nil
		},
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, ids []string) error {
		if into != "" {
			return c.exportHeldInto(ctx, f, ids, choice, into)
		}
		h, err := f.heldByID(ctx, ids[0])
		if err != nil {
			return err
		}
		return c.export(file, heldFileMode, func() (store.Blob, error) { return f.openHeld(ctx, h) })
	})
	choice.heldFilter.flags(cmd)
	cmd.Flags().BoolVar(&choice.all, "all", false, "everything that is held")
	cmd.Flags().StringVarP(&file, "output", "o", "", "new `FILE` to write")
	cmd.Flags().StringVar(&into, "into", "", "`DIR` to write a file for each into")
	return cmd
}

// openHeld opens the drop file of a held message.
func (f *farm) openHeld(ctx context.Context, h store.HeldMail) (store.Blob, error) {
	b, err := f.OpenHeld(ctx, h)
	if errors.Is(err, store.ErrDamaged) {
		err = fmt.Errorf("the drop file of held mail %d: %w", h.ID, err)
	}
	return b, absent(err, "drop file of held mail %d any more: it was swept", h.ID)
}

// exportHeldInto writes the chosen drop files into a folder. What goes wrong with one does
// not keep it from the others.
func (c *cli) exportHeldInto(ctx context.Context, f *farm, ids []string, choice heldChoice, into string) error {
	chosen, err := f.chosen(ctx, ids, choice)
	if err != nil {
		return err
	}
	if len(chosen) == 0 && !c.json {
		_, err := fmt.Fprintln(c.out, "Nothing is held that matches.")
		return err
	}
	if err := makeFolder(into); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	var failed []error
	for _, m := range chosen {
		done := heldExported{ID: m.ID, File: filepath.Join(into, strconv.FormatInt(m.ID, 10)+".eml"), Size: m.Item.Size}
		err := m.err
		if err == nil {
			err = c.export(done.File, heldFileMode, func() (store.Blob, error) { return f.openHeld(ctx, m.HeldMail) })
		}
		if err == nil {
			err = c.say(done, "Wrote held mail %d to %s.", done.ID, done.File)
		} else {
			failed = append(failed, err)
			c.tell(fmt.Sprintf("mailchute: held mail %d: %s", m.ID, explain(err)))
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return errors.Join(append(failed, errSaid)...)
	}
	return nil
}
