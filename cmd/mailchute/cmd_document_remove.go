package main

import (
	"context"

	"github.com/spf13/cobra"
)

// removedJSON is a document that was removed.
type removedJSON struct {
	Library string `json:"library"`
	Folder  string `json:"folder"`
	Name    string `json:"name"`
	Version int    `json:"version"` // the one that says so
	Author  string `json:"author"`  // who removed it
}

func (c *cli) documentRemove() *cobra.Command {
	return &cobra.Command{
		Use:   "remove LIBRARY PATH",
		Short: "Remove a document, on record",
		Long: `Takes a document out of its library and out of the folder that people open. That is one more
version of it, which says who removed it and when: document history shows it, document get
--version gets the versions before, while their bytes are kept (removed_keep in mailchute settings
show). What is filed under that name next is the version after it. Mail of which a document was
removed stays filed: the same message again is a duplicate.`,
		Example: "  mailchute document remove invoices a.pdf",
		Args:    args("LIBRARY", "PATH"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			all, err := f.versions(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			if last := all[len(all)-1]; last.Removed {
				return gone(last)
			}
			removed, err := f.RemoveDocument(ctx, args[0], args[1])
			if err != nil {
				return absent(err, "document %q in library %s", args[1], args[0])
			}
			if removed.Tree != nil {
				c.tell("warning: the file is still in the folder, and the next run takes it out: " + removed.Tree.Error())
			}
			d := removed.Document
			return c.say(removedJSON{d.Library, d.Folder, d.Name, d.Version, d.Author},
				"Removed document %q from library %s; mailchute document get %s %q --version %d gets it while its bytes are kept.",
				d.Path(), d.Library, d.Library, d.Path(), d.Version-1)
		}),
	}
}
