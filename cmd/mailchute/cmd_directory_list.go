package main

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailchute/pkg/config"
	"mailchute/pkg/directory"
)

// objectJSON is an object that is published, or wanted.
type objectJSON struct {
	Kind    directory.Kind        `json:"kind"`
	Of      string                `json:"of"`
	Alias   string                `json:"alias"`
	State   directory.ObjectState `json:"state"`  // "new": it was never there
	Dirty   bool                  `json:"dirty"`  // the directory has still to follow
	Frozen  bool                  `json:"frozen"` // its group is gone, and its end waits for an approval
	Where   string                `json:"where"`
	ID      string                `json:"id"` // the directory's
	Key     string                `json:"key"`
	Missing []string              `json:"missing"` // members whom the directory does not have
	Trouble string                `json:"trouble"`
	Written *time.Time            `json:"written"` // last
	Next    *time.Time            `json:"next"`    // it is not tried before
}

func newObjectJSON(o directory.Object, k directory.Known, dirty, frozen bool) objectJSON {
	state := k.State
	if state == directory.ObjectNew {
		state = "new"
	}
	return objectJSON{
		o.Kind, o.Of, o.Alias, state, dirty && !frozen, frozen, k.Where, k.ID, o.Key, append([]string{}, k.Missing...), k.Trouble,
		timeOrNull(k.At), timeOrNull(k.Next),
	}
}

func (o objectJSON) cells() []string {
	state, trouble := string(o.State), o.Trouble
	if o.Dirty {
		state += ", dirty"
	}
	if o.Frozen {
		state += ", frozen"
	}
	if len(o.Missing) > 0 {
		trouble = strings.TrimPrefix(trouble+"; the directory does not have "+enumerate(o.Missing), "; ")
	}
	return []string{string(o.Kind), o.Of, o.Alias, state, or(o.Where, "-"), or(trouble, "-")}
}

func (c *cli) directoryList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the objects that are published or wanted, and what is wrong with them",
		Long: `Lists what the catalog wants in the directory, and what it knows of it: it asks the catalog, not
the directory (directory plan does). An object is dirty while the directory has still to follow, and
frozen while its group is gone and its end waits for an approval.`,
		Example: "  mailchute directory list --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			state, err := f.WantedObjects(ctx, f.config.Domains)
			if err != nil {
				return err
			}
			return list(c, columns("KIND", "OF", "ALIAS", "STATE", "WHERE", "TROUBLE"),
				"Nothing is published, and nothing is wanted: no library has an address, and no distribution group was approved.",
				objects(state.Objects, state.Gone, f.config.DMS.Mode))
		}),
	}
}

// objects returns what is wanted, and then what is to go.
func objects(wanted []directory.Wanted, gone []directory.Known, mode directory.Mode) iter.Seq2[objectJSON, error] {
	return func(yield func(objectJSON, error) bool) {
		for _, w := range wanted {
			if !yield(newObjectJSON(w.Object, w.Known, isDirty(w, w.Known, mode), w.Frozen), nil) {
				return
			}
		}
		for _, k := range gone {
			o := directory.Object{Key: k.Key, Kind: k.Kind, Of: k.Of, Alias: k.Alias}
			if !yield(newObjectJSON(o, k, true, false), nil) {
				return
			}
		}
	}
}

func (c *cli) directoryCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Ask whether objects can be published: the container, the schema, the rights",
		Long: `Looks at what publishing needs, changes nothing, and says line by line what it found. Exit code
1 where something cannot work.`,
		Example: "  mailchute directory check",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			if err := f.needsPublishing(); err != nil {
				return err
			}
			return c.printChecks(func(yield func(checkJSON, error) bool) {
				for _, check := range f.checkPublishing(ctx) {
					if !yield(check, nil) {
						return
					}
				}
			})
		}),
	}
}

// checkPublishing says whether objects can be published.
func (f *farm) checkPublishing(ctx context.Context) (all []checkJSON) {
	const name = "publishing"
	if !f.publishes() {
		return []checkJSON{{Check: name, OK: true, Detail: "off (dms.publish)"}}
	}
	published, err := f.publisher(ctx)
	if err != nil {
		return []checkJSON{checked(name, "", err)}
	}
	can, err := published.Preflight(ctx)
	for _, fact := range can.Facts {
		all = append(all, checkJSON{Check: name, OK: fact.OK, Detail: fact.Text})
	}
	if err != nil {
		if len(all) == 0 || all[len(all)-1].OK {
			all = append(all, checked(name, "", err))
		}
		return all
	}
	if mode := f.config.DMS.Mode; !hasMode(can, mode) {
		all = append(all, checkJSON{Check: name, Detail: "mode " + string(mode) + " needs Exchange's schema, which the directory does not have: use mode = \"" + string(directory.ModePlain) + "\""})
	}
	if f.config.DMS.Publish == config.PublishBuiltin && len(all) == 0 {
		all = append(all, checkJSON{Check: name, OK: true, Detail: "into the catalog; mail systems read it by mailchute recipients"})
	}
	return all
}

func hasMode(can directory.Capabilities, mode directory.Mode) bool {
	for _, m := range can.Modes {
		if m == mode {
			return true
		}
	}
	return false
}
