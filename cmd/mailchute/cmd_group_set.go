package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
	"mailchute/store"
)

// groupFlags are the flags of group set.
type groupFlags struct {
	title, distribution, description, manager, mail, justification string
	members, removed                                               []string
	none, requireAuth                                              bool
}

func (g *groupFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&g.title, "title", "", "`TITLE` for people, in the directory too")
	flags.StringArrayVar(&g.members, "member", nil, "add a `PRINCIPAL`: user:LOGIN, group:NAME or address:ADDRESS; may be repeated")
	flags.StringArrayVar(&g.removed, "remove-member", nil, "take a `PRINCIPAL` out; may be repeated")
	flags.StringVar(&g.distribution, "distribution", "", "ask for a distribution group with this `LOCAL-PART`, or for another address")
	flags.BoolVar(&g.none, "no-distribution", false, "ask for an end of the distribution group")
	flags.StringVar(&g.description, "description", "", "`TEXT` that the directory shows of the distribution group")
	flags.StringVar(&g.manager, "manager", "", "who answers for the distribution group: user:LOGIN or an `ADDRESS`")
	flags.BoolVar(&g.requireAuth, "require-auth", false, "only senders whom the mail system has authenticated may write to it")
	flags.StringVar(&g.mail, "mail", "", "`ADDRESS` of who asks, for the record")
	flags.StringVar(&g.justification, "justification", "", "`TEXT` for who decides")
}

// ofGroup and ofDistribution are the flags that change the one or the other.
func (g *groupFlags) ofGroup() []string { return []string{"title", "member", "remove-member"} }

func (g *groupFlags) ofDistribution() []string {
	return []string{"distribution", "no-distribution", "description", "manager", "require-auth"}
}

func changed(cmd *cobra.Command, flags []string) bool {
	return slices.ContainsFunc(flags, cmd.Flags().Changed)
}

// check says what is wrong with the flags by themselves.
func (g *groupFlags) check(cmd *cobra.Command) error {
	switch {
	case !changed(cmd, append(g.ofGroup(), g.ofDistribution()...)):
		return errors.New("say what to change: give at least one flag")
	case g.none && changed(cmd, []string{"distribution", "description", "manager", "require-auth"}):
		return errors.New("--no-distribution stands alone")
	case cmd.Flags().Changed("distribution") && g.distribution == "":
		return errors.New("--distribution: write the local part of its address, or --no-distribution")
	}
	if text.Safe(g.title) != g.title {
		return errors.New("--title: it has characters that cannot be shown: leave them out")
	}
	if g.mail != "" {
		if _, err := address.ParseMailbox(g.mail); err != nil {
			return fmt.Errorf("--mail: %w", err)
		}
	}
	return nil
}

func (c *cli) groupSet() *cobra.Command {
	var given groupFlags
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change a group, or ask for a distribution group",
		Long: `Changes a group: only what is given. Members come and go at once, in the directory too.

--distribution asks for a distribution group in the directory: an address to which mail for all
members goes. That, another address, another title, description or manager, and its end need an
approval where the farm's policy says so (settings show: approve_create …); else the directory
follows at once. Asking again while a request waits edits it.

Exit code 5: it is approved, and the directory has still to follow.`,
		Example: `  mailchute group set team --distribution team --description "Everybody" --manager user:alice
  mailchute group set team --member user:bob --remove-member user:carol
  mailchute group set team --no-distribution --justification "the project has ended"`,
		Args: args("NAME"),
	}
	given.register(cmd)
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, args []string) error {
		if err := given.check(cmd); err != nil {
			return usage(err)
		}
		name := args[0]
		if changed(cmd, given.ofGroup()) {
			if err := f.setGroup(ctx, cmd, name, given); err != nil {
				return err
			}
		} else if _, err := f.group(ctx, name); err != nil {
			return err
		}
		r, err := f.ask(ctx, name, given.wish(cmd), store.Ask{Delete: given.none, Mail: given.mail, Justification: given.justification})
		if err != nil {
			if changed(cmd, given.ofGroup()) {
				return fmt.Errorf("the group was changed, but its distribution group was not: %w", err)
			}
			return err
		}
		return c.saySet(ctx, f, name, r)
	})
	return cmd
}

// setGroup changes a group's title and members.
func (f *farm) setGroup(ctx context.Context, cmd *cobra.Command, name string, given groupFlags) error {
	add := access.Group{Name: name}
	if err := checkGroup(&add, given.members); err != nil {
		return usage(err)
	}
	var remove []access.Principal
	for _, m := range given.removed {
		p, err := access.ParsePrincipal(m)
		if err != nil {
			return usage(fmt.Errorf("--remove-member: %w", err))
		}
		remove = append(remove, p)
	}
	found := false
	err := f.SetGroup(ctx, name, func(g *access.Group) error {
		found = true
		if cmd.Flags().Changed("title") {
			g.Title = given.title
		}
		for _, m := range remove {
			i := slices.Index(g.Members, m)
			if i < 0 {
				return fmt.Errorf("there is no member %s in group %s: %w", m, name, fault.ErrNotFound)
			}
			g.Members = slices.Delete(g.Members, i, i+1)
		}
		for _, m := range add.Members {
			if !slices.Contains(g.Members, m) {
				g.Members = append(g.Members, m)
			}
		}
		return nil
	})
	if err != nil && !found {
		return absent(err, "group %s", name)
	}
	return f.noPrincipal(ctx, err, add.Members...)
}

// wish returns what the flags make of the properties of a distribution group.
func (g *groupFlags) wish(cmd *cobra.Command) func(*directory.Properties) {
	flag := cmd.Flags().Changed
	return func(p *directory.Properties) {
		if flag("distribution") {
			p.LocalPart = g.distribution
		}
		if flag("title") {
			p.Title = g.title
		}
		if flag("description") {
			p.Description = g.description
		}
		if flag("manager") {
			p.Manager = g.manager
		}
		if flag("require-auth") {
			p.RequireAuth = g.requireAuth
		}
	}
}

// properties returns what a group's distribution group is like, or will be when what was
// asked for is done.
func (f *farm) properties(ctx context.Context, group string) (directory.Properties, error) {
	d, err := f.DistributionOf(ctx, group)
	if errors.Is(err, fault.ErrNotFound) {
		return directory.Properties{}, nil
	}
	if err != nil {
		return directory.Properties{}, err
	}
	open, err := f.Requests(ctx, directory.Pending, directory.Approved)
	if err != nil {
		return directory.Properties{}, err
	}
	for _, r := range open {
		if r.Distribution == d.Key && r.Kind != directory.RequestDelete {
			return r.Want, nil
		}
	}
	return d.Now, nil
}

// ask asks for what wish makes of a group's distribution group; the request is zero where
// that changes nothing.
func (f *farm) ask(ctx context.Context, group string, wish func(*directory.Properties), a store.Ask) (directory.Request, error) {
	was, err := f.properties(ctx, group)
	if err != nil {
		return directory.Request{}, err
	}
	a.Want = was
	wish(&a.Want)
	switch {
	case a.Delete:
		a.Want.LocalPart = ""
	case a.Want == was:
		return directory.Request{}, nil
	case a.Want.LocalPart == "" && a.Want.Title != was.Title && a.Want.Description == was.Description && a.Want.Manager == was.Manager && a.Want.RequireAuth == was.RequireAuth:
		return directory.Request{}, nil // the title of a group without one
	case a.Want.LocalPart == "":
		return directory.Request{}, usage(fmt.Errorf("group %s has no distribution group: ask for one with --distribution LOCAL-PART", group))
	case was.LocalPart == "" && a.Want.Title == "":
		g, err := f.group(ctx, group)
		if err != nil {
			return directory.Request{}, err
		}
		a.Want.Title = g.Title
	}
	r, err := f.AskDistribution(ctx, group, a)
	return r, f.noPrincipal(ctx, err, meant(group, a.Want.Manager)...)
}

// meant returns whom a wish for a distribution group names: the group, and its manager where
// that is a user.
func meant(group, manager string) []access.Principal {
	all := []access.Principal{{Kind: access.KindGroup, Name: group}}
	if p, err := access.ParsePrincipal(manager); err == nil {
		all = append(all, p)
	}
	return all
}

// saySet makes the directory follow, and says what became of a group.
func (c *cli) saySet(ctx context.Context, f *farm, name string, r directory.Request) error {
	why, end := "", error(nil)
	d, err := f.DistributionOf(ctx, name)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	published := err == nil && d.Now.LocalPart != ""
	if published || r.State == directory.Approved {
		if why, err = c.follow(ctx, f); err != nil {
			return err
		}
		if why != "" {
			end = errHeld
		}
	}
	shown, err := f.groupJSON(ctx, name)
	if err != nil {
		return err
	}
	done := groupDone{groupJSON: shown, Directory: followJSON{why == "", why}}
	said := fmt.Sprintf("Changed group %s with %s.", name, count(len(shown.Members), "member"))
	if r.ID != 0 {
		if r, _, err = f.Request(ctx, r.ID); err != nil {
			return err
		}
		asked := newRequestJSON(r)
		done.Request = &asked
		said, end = outcomeOf(r, why)
	} else if why != "" {
		said += " The directory has still to follow: " + why
	}
	return errors.Join(c.say(done, "%s", said), end)
}

// groupDone is a group that was changed or removed, and what came of it.
type groupDone struct {
	groupJSON
	Request   *requestJSON `json:"request"` // null: nothing was asked for
	Directory followJSON   `json:"directory"`
}
