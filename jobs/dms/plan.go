package dms

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mailchute/pkg/directory"
)

// Plan returns what Apply would do now, members of groups last. It changes nothing, neither
// in the directory nor in the catalog. With a *directory.BrakeError it still returns the
// plan.
func (j *Job) Plan(ctx context.Context) (directory.Plan, error) {
	w, err := j.look(ctx, true)
	if err != nil {
		return directory.Plan{}, err
	}
	plan, err := j.plan(w, ApplyOptions{})
	if err != nil && !isBrake(err) {
		return directory.Plan{}, err
	}
	coming := w.heed(plan)
	for _, o := range w.order {
		if !o.hasMembers() {
			continue
		}
		m, failed := j.compare(ctx, o, o.Members, coming, false)
		if failed != nil {
			return directory.Plan{}, down(failed)
		}
		plan.Steps = append(plan.Steps, m.steps(o)...)
	}
	return plan, err
}

func isBrake(err error) bool {
	_, ok := errors.AsType[*directory.BrakeError](err)
	return ok
}

// plan makes the plan of a world. With a *directory.BrakeError it still returns the plan.
func (j *Job) plan(w *world, person ApplyOptions) (directory.Plan, error) {
	o := directory.PlanOptions{
		Installation: w.installation, Backend: w.caps.Backend, Mode: j.Mode,
		MaxDeletes: j.MaxDeletes, MaxDeleteShare: j.MaxDeleteShare, Enforce: j.Enforce,
		Allowed: person.Deletes, Rebuild: person.Rebuild, Now: j.Now(), Managers: w.managers,
	}
	wanted, gone := w.planned()
	plan, err := directory.MakePlan(wanted, gone, w.found, o)
	if errors.Is(err, directory.ErrIncomplete) {
		err = fmt.Errorf("%w: is it the right container, and may the account read it all? Where the objects are really gone, 'mailchute directory apply --rebuild' makes them anew", err)
	}
	if err != nil && !isBrake(err) {
		return directory.Plan{}, down(err)
	}
	return plan, err
}

// heed notes what a plan says of objects: with which nothing can be done, and which ones are
// meant. It returns those that the plan creates, by address.
func (w *world) heed(plan directory.Plan) (coming map[string]directory.Ref) {
	coming = map[string]directory.Ref{}
	for _, s := range plan.Steps {
		o := w.objects[s.Object.Key]
		if o == nil {
			continue
		}
		switch s.Action {
		case directory.ActConflict, directory.ActForeign, directory.ActMoved, directory.ActWait, directory.ActInvalid:
			o.stuck = true
		case directory.ActCreate:
			o.there = false
			r := directory.Ref{Key: "new " + o.Key, Name: o.Alias}
			for _, a := range o.Addresses {
				coming[strings.ToLower(a)] = r
			}
		case directory.ActRename, directory.ActModify, directory.ActDelete:
			o.actual, o.there = s.Actual, true
		case directory.ActMembers, directory.ActForget, directory.ActUnknown, directory.ActCopy, directory.ActDrift:
		}
	}
	return coming
}

// hasMembers reports whether an object's members are compared.
func (o *object) hasMembers() bool {
	return o.wanted && !o.frozen && !o.stuck && o.Kind == directory.KindGroup
}
