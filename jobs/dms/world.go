package dms

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// attrMember stands in Known.Applied for the members that a group was last given, by the
// keys of their Refs. It is no attribute of an Object.
const attrMember = "member"

// world is what is wanted, what was applied and what is there, at one moment.
type world struct {
	caps         directory.Capabilities
	installation string
	state        store.WantedState
	found        []directory.Actual
	managers     map[string]directory.Ref // by object key
	objects      map[string]*object       // by key, wanted or not
	order        []*object                // the same: those wanted, then those that are gone
}

// object is what a run knows of one object.
type object struct {
	directory.Object // zero but for Key, Kind, Of and Alias where it is not wanted
	known            directory.Known
	wanted           bool
	frozen           bool
	requests         []directory.Request // approved, that the directory has still to follow
	attributes       directory.Attributes
	actual           directory.Actual
	there            bool                  // actual is it
	stuck            bool                  // nothing more can be done with it in this run
	recorded         bool                  // what is wrong with it was recorded already
	state            directory.ObjectState // that a person must see to; "": none
	waiting          string                // why nothing is done with it in this run; "": something may be
	trouble          []string              // what is wrong with it
	members          *membership           // of a group, as compared; nil: not compared
}

// look reads everything, and changes nothing. What the directory answers is complete or an
// error. Objects that failed are tried again where that is due, where what is wanted of them
// has changed, and where now says so.
func (j *Job) look(ctx context.Context, now bool) (*world, error) {
	w := &world{objects: map[string]*object{}}
	var err error
	if w.caps, err = j.Publisher.Preflight(ctx); err != nil {
		return nil, down(fmt.Errorf("look whether the directory can be written to: %w", err))
	}
	if err := j.hasMode(w.caps); err != nil {
		return nil, down(err)
	}
	if w.state, err = j.Store.WantedObjects(ctx, j.Domains); err != nil {
		return nil, err
	}
	if w.installation, err = j.Store.Installation(ctx); err != nil {
		return nil, err
	}
	w.list()
	if err := j.find(ctx, w); err != nil {
		return nil, down(fmt.Errorf("read what is in the directory: %w", err))
	}
	if err := j.resolveManagers(ctx, w); err != nil {
		return nil, down(fmt.Errorf("look up who answers for groups: %w", err))
	}
	for _, o := range w.order {
		if o.wanted {
			o.attributes = o.Attributes(j.Mode, w.managers[o.Key])
		}
		tried, failed := j.tried[o.Key]
		due := now || !isAhead(o.known.Next, j.Now(), longestTry)
		if due || o.isAsked() || failed && len(directory.Diff(o.attributes, tried, tried)) > 0 {
			o.known.Next = zeroTime
		}
	}
	return w, nil
}

// isAsked reports whether a request for an object was approved since it failed.
func (o *object) isAsked() bool {
	return slices.ContainsFunc(o.requests, func(r directory.Request) bool { return r.Trouble != o.known.Trouble })
}

func (j *Job) hasMode(caps directory.Capabilities) error {
	for _, m := range caps.Modes {
		if m == j.Mode {
			return nil
		}
	}
	return fmt.Errorf("the schema has not the attributes for mode %q: %w", j.Mode, directory.ErrUnsupported)
}

// list fills the objects of the snapshot.
func (w *world) list() {
	requests := map[string][]directory.Request{}
	for _, r := range w.state.Approved {
		requests[r.Distribution] = append(requests[r.Distribution], r)
	}
	add := func(o *object) {
		o.requests = requests[o.Key]
		w.objects[o.Key] = o
		w.order = append(w.order, o)
	}
	for _, d := range w.state.Objects {
		add(&object{Object: d.Object, known: d.Known, wanted: true, frozen: d.Frozen})
	}
	for _, k := range w.state.Gone {
		add(&object{Object: directory.Object{Key: k.Key, Kind: k.Kind, Of: k.Of, Alias: k.Alias}, known: k})
	}
}

// find reads all objects of ours, and those of the catalog that did not show up among them.
func (j *Job) find(ctx context.Context, w *world) error {
	byID := map[string]directory.Actual{}
	err := j.Publisher.Each(ctx, func(a directory.Actual) error {
		w.found = append(w.found, a)
		byID[a.ID] = a
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range w.order {
		if o.known.ID == "" || o.known.Backend != w.caps.Backend {
			continue
		}
		a, ok := byID[o.known.ID]
		if !ok {
			a, err = j.Publisher.ByID(ctx, o.known.ID)
			if errors.Is(err, fault.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			w.found = append(w.found, a)
		}
		o.actual, o.there = a, true
	}
	return nil
}

// resolveManagers finds those who answer for groups. A group whose manager the directory
// does not have has none.
func (j *Job) resolveManagers(ctx context.Context, w *world) error {
	var keys []string
	var members []directory.Member
	for _, o := range w.order {
		if m := o.Manager; o.wanted && (m.ID != "" || m.Login != "" || len(m.Addresses) > 0) {
			keys = append(keys, o.Key)
			members = append(members, m)
		}
	}
	w.managers = map[string]directory.Ref{}
	if len(members) == 0 {
		return nil
	}
	refs, err := j.Publisher.Resolve(ctx, members)
	if err != nil {
		return err
	}
	for i, r := range refs {
		if r != (directory.Ref{}) {
			w.managers[keys[i]] = r
		}
	}
	return nil
}

// planned returns what MakePlan reads: applied attributes without members.
func (w *world) planned() (wanted []directory.Wanted, gone []directory.Known) {
	for _, o := range w.order {
		k := o.known
		k.Applied = attributesOf(k)
		if o.wanted {
			wanted = append(wanted, directory.Wanted{Object: o.Object, Frozen: o.frozen, Known: k})
		} else {
			gone = append(gone, k)
		}
	}
	return wanted, gone
}

// attributesOf returns what was applied of an object's attributes.
func attributesOf(k directory.Known) directory.Attributes {
	if _, ok := k.Applied[attrMember]; !ok {
		return k.Applied
	}
	a := maps.Clone(k.Applied)
	delete(a, attrMember)
	return a
}
