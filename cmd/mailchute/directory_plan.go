package main

import (
	"fmt"
	"maps"
	"strings"

	"mailchute/pkg/directory"
	"mailchute/pkg/text"
)

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
		Where: or(s.Actual.Where, s.Known.Where), Changes: newChanges(changesOf(s)), Add: refNames(s.Add), Remove: refNames(s.Remove), Why: whyOf(s),
	}
}

// changesOf returns what a step changes of attributes: what trace tells of it, when it is done.
func changesOf(s directory.Step) []directory.Change {
	switch s.Action {
	case directory.ActCreate:
		return directory.Diff(s.Attributes, nil, nil)
	case directory.ActDelete:
		had := maps.Clone(s.Known.Applied)
		delete(had, "member")
		return directory.Diff(nil, had, had)
	case directory.ActRename, directory.ActModify, directory.ActMembers, directory.ActForget, directory.ActConflict, directory.ActForeign, directory.ActMoved,
		directory.ActUnknown, directory.ActCopy, directory.ActDrift, directory.ActWait, directory.ActInvalid:
	}
	return s.Changes
}

// whyOf says why a step is done, or what came of it when it was last tried.
func whyOf(s directory.Step) string {
	if s.Why == "" && s.Known.State != directory.ObjectActive && s.Known.Trouble != "" {
		return "last time: " + s.Known.Trouble
	}
	return s.Why
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
	case directory.ActConflict, directory.ActForeign, directory.ActMoved, directory.ActUnknown, directory.ActCopy, directory.ActDrift, directory.ActWait, directory.ActInvalid:
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
