package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/pkg/text"
)

func (c *cli) directoryCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "directory",
		Short:   "What is published: contacts of libraries, and distribution groups",
		Long:    strings.TrimSuffix(directoryPage, "\n"),
		Example: "  mailchute directory plan",
	}, c.directoryPlan(), c.directoryApply(), c.directoryCheck(), c.directoryList(), c.directoryPurge())
}

func (c *cli) directoryPlan() *cobra.Command {
	return &cobra.Command{
		Use:   "plan",
		Short: "Print what differs in the directory, change nothing",
		Long: `Prints what directory apply would do, an object a line and below it what changes of it: + what
comes, - what goes, ~ what changes. A line with ! is for a person to look at: nothing is
done about it. Names and addresses that are taken are found only when they are to be written.`,
		Example: "  mailchute directory plan --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			if err := f.needsPublishing(); err != nil {
				return err
			}
			job, err := f.directoryJob(ctx, zerolog.Nop())
			if err != nil {
				return err
			}
			plan, err := job.Plan(ctx)
			brake, braked := errors.AsType[*directory.BrakeError](err)
			if err != nil && !braked {
				return unreachable(err)
			}
			if err := c.printPlan(plan.Steps); err != nil {
				return err
			}
			if braked {
				c.tell("warning: " + brakeHelp(brake))
			}
			return nil
		}),
	}
}

func (c *cli) directoryApply() *cobra.Command {
	var deletes int
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Make the directory follow the catalog, once",
		Long: `Does what directory plan prints, and prints the run's summary (event 6871). What serve does by
schedule, and at once when something has changed.

Exit codes: 5 done, but something could not be written, or is for a person to look at (directory
list); 1 the directory cannot be reached, or more objects would be deleted than max_deletes and
max_delete_share allow: nothing was changed then.`,
		Example: `  mailchute directory apply
  mailchute directory apply --max-deletes 40   # after a look at directory plan`,
		Args: args(),
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
		if deletes < 0 {
			return usage(errors.New("--max-deletes: use a number from 1"))
		}
		if err := f.needsPublishing(); err != nil {
			return err
		}
		line := newProgress(c.err)
		defer line.end()
		log, err := c.logger(f.config.Log, line, zerolog.WarnLevel)
		if err != nil {
			return err
		}
		job, err := f.directoryJob(ctx, log)
		if err != nil {
			return err
		}
		_, sum, err := publish(ctx, job, dms.ApplyOptions{Deletes: deletes, Progress: line.publishing})
		line.end()
		if brake, braked := errors.AsType[*directory.BrakeError](err); braked {
			err = errors.New(brakeHelp(brake))
		}
		if sum.Run == "" {
			return unreachable(err)
		}
		return errors.Join(unreachable(err), c.printDirectoryRun(sum), leftIn(sum, err))
	})
	cmd.Flags().IntVar(&deletes, "max-deletes", 0, "delete so many objects `N` at most in this run, whatever the configuration allows")
	return cmd
}

// brakeHelp says why a run stopped, and how to go on.
func brakeHelp(b *directory.BrakeError) string {
	return fmt.Sprintf("%s would be deleted, and max_deletes and max_delete_share allow %d: look at mailchute directory plan; if it is right: mailchute directory apply --max-deletes %d",
		count(b.Deletes, "object"), b.Limit, b.Deletes)
}

// unreachable says what an error of the directory is about.
func unreachable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("directory: %w", err)
}

// leftIn returns errHeld for a run without an error in which something was left.
func leftIn(sum event.Summary, err error) error {
	if d := sum.Directory; err == nil && d != nil && d.Failed+d.Reported > 0 {
		return errHeld
	}
	return nil
}

// printDirectoryRun prints event 6871 of a run of the job dms.
func (c *cli) printDirectoryRun(sum event.Summary) error {
	if c.json {
		return c.printJSON(sum)
	}
	d := sum.Directory
	if d == nil {
		d = &event.Directory{}
	}
	p := c.paintFor(c.out)
	_, err := fmt.Fprintf(c.out, "%s  %s\n  run        %s, %s, %s\n  objects    %d wanted: %d created, %d renamed, %d modified, %d removed\n  members    %d changed\n  requests   %d waiting for an approval\n",
		p.bold("Event 6871"), text.Safe(sum.Message), text.Safe(sum.Run), text.Safe(sum.Trigger), clock(sum.Started),
		d.Objects, d.Created, d.Renamed, d.Modified, d.Deleted, d.Members, d.Pending)
	if err == nil && d.Failed+d.Reported > 0 {
		_, err = fmt.Fprintf(c.out, "  left       %s\n", p.yellow(fmt.Sprintf("%d failed, %d to look at: mailchute directory list", d.Failed, d.Reported)))
	}
	return err
}

// publishing shows how far a run of the job dms is.
func (p *progress) publishing(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due() {
		p.show(fmt.Sprintf("publishing: %d of %s …", done, count(total, "step")))
	}
}

// stepJSON is a step of a plan.
type stepJSON struct {
	Action  directory.Action `json:"action"`
	Kind    directory.Kind   `json:"kind"`
	Of      string           `json:"of"`
	Alias   string           `json:"alias"`
	Key     string           `json:"key"`
	Where   string           `json:"where"`
	Changes []changeJSON     `json:"changes"`
	Add     []string         `json:"add"` // members
	Remove  []string         `json:"remove"`
	Why     string           `json:"why"`
}

// changeJSON is a change of an attribute.
type changeJSON struct {
	Attribute string   `json:"attribute"`
	Before    []string `json:"before"`
	After     []string `json:"after"`
}

func newStepJSON(s directory.Step) stepJSON {
	return stepJSON{
		Action: s.Action, Kind: s.Object.Kind, Of: s.Object.Of, Alias: s.Object.Alias, Key: s.Object.Key,
		Where: or(s.Actual.Where, s.Known.Where), Changes: newChanges(s.Changes), Add: refNames(s.Add), Remove: refNames(s.Remove), Why: s.Why,
	}
}

func newChanges(changes []directory.Change) []changeJSON {
	all := []changeJSON{}
	for _, ch := range changes {
		all = append(all, changeJSON{ch.Attribute, append([]string{}, ch.Before...), append([]string{}, ch.After...)})
	}
	return all
}

func refNames(refs []directory.Ref) []string {
	names := []string{}
	for _, r := range refs {
		names = append(names, r.Name)
	}
	return names
}

// mark is how a step's line begins.
func (s stepJSON) mark() string {
	switch s.Action {
	case directory.ActCreate:
		return "+"
	case directory.ActDelete, directory.ActForget:
		return "-"
	case directory.ActRename, directory.ActModify, directory.ActMembers:
		return "~"
	case directory.ActConflict, directory.ActForeign, directory.ActMoved, directory.ActUnknown, directory.ActCopy, directory.ActDrift, directory.ActWait:
	}
	return "!"
}

// lines returns what people read of a step.
func (s stepJSON) lines() []string {
	head := fmt.Sprintf("%s %s %s (%s)", s.mark(), s.Kind, s.Alias, s.Of)
	if s.Kind == "" {
		head = fmt.Sprintf("%s %s", s.mark(), or(s.Alias, s.Where))
	}
	if s.mark() == "!" || s.Action == directory.ActForget {
		head += ": " + string(s.Action)
	}
	if s.Why != "" {
		head += ": " + s.Why
	}
	all := []string{head}
	for _, ch := range s.Changes {
		all = append(all, "    "+ch.line())
	}
	for _, m := range s.Remove {
		all = append(all, "    - member "+m)
	}
	for _, m := range s.Add {
		all = append(all, "    + member "+m)
	}
	return all
}

// line returns what people read of a change: "~ mail a@b.example -> c@b.example".
func (ch changeJSON) line() string {
	before, after := strings.Join(ch.Before, ", "), strings.Join(ch.After, ", ")
	switch {
	case len(ch.Before) == 0:
		return "+ " + ch.Attribute + " " + after
	case len(ch.After) == 0:
		return "- " + ch.Attribute + " " + before
	}
	return "~ " + ch.Attribute + " " + before + " -> " + after
}

// printPlan prints the steps of a plan, and how many there are.
func (c *cli) printPlan(steps []directory.Step) error {
	changes, reports := 0, 0
	for _, one := range steps {
		s := newStepJSON(one)
		if s.mark() == "!" {
			reports++
		} else {
			changes++
		}
		if c.json {
			if err := c.printJSON(s); err != nil {
				return err
			}
			continue
		}
		for _, line := range s.lines() {
			if _, err := fmt.Fprintln(c.out, text.Safe(line)); err != nil {
				return err
			}
		}
	}
	if c.json {
		return nil
	}
	said := "There is nothing to change."
	if changes > 0 {
		said = count(changes, "step") + " to do."
	}
	if reports > 0 {
		said += " " + count(reports, "object") + " to look at."
	}
	_, err := fmt.Fprintln(c.out, said)
	return err
}
