package directorytest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// write calls a function that changes the directory and says whether it did, between the two
// calls of what OnWrite was given.
func (p *PublisherMemory) write(ctx context.Context, op string, do func(*tree) (bool, error)) error {
	hook := func(bool, string) error { return nil }
	err := p.read(ctx, func(t *tree) error {
		if t.onWrite != nil {
			hook = t.onWrite
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := hook(true, op); err != nil {
		return err
	}
	changed := false
	err = p.read(ctx, func(t *tree) error {
		var err error
		changed, err = do(t)
		return err
	})
	if err != nil || !changed {
		return err
	}
	return hook(false, op)
}

// own returns the object that was found before, if it still is ours.
func (p *PublisherMemory) own(t *tree, was directory.Actual) (*object, error) {
	o, err := t.byID(was.ID)
	switch {
	case err != nil:
		return nil, err
	case o.marker != was.Marker || !strings.HasPrefix(o.marker, directory.MarkerPrefix(p.installation)):
		return nil, fmt.Errorf("%q: %w", o.dn(), directory.ErrNotOwned)
	case o.place == Elsewhere:
		return nil, fmt.Errorf("%q: %w", o.dn(), directory.ErrAccess)
	}
	return o, nil
}

// Create is directory.Publisher's.
func (p *PublisherMemory) Create(ctx context.Context, o directory.Object, a directory.Attributes) (made directory.Actual, err error) {
	if err := directory.CheckAlias(o.Alias); err != nil {
		return directory.Actual{}, err
	}
	marker := directory.Marker{Installation: p.installation, Kind: o.Kind, Key: o.Key}.String()
	err = p.write(ctx, "create "+o.Alias, func(t *tree) (bool, error) {
		there, err := t.byAlias(o.Alias)
		switch {
		case err == nil && there.marker == marker:
			made = there.actual()
			return false, nil
		case err == nil:
			return false, fmt.Errorf("%q is there: %w", there.dn(), fault.ErrConflict)
		}
		made = t.add(&object{alias: o.Alias, kind: o.Kind, marker: marker, attributes: clone(a)}).actual()
		return true, nil
	})
	return orNothing(made, err)
}

// orNothing returns an object without an error, or an error without an object.
func orNothing(a directory.Actual, err error) (directory.Actual, error) {
	if err != nil {
		return directory.Actual{}, err
	}
	return a, nil
}

// Modify is directory.Publisher's.
func (p *PublisherMemory) Modify(ctx context.Context, was directory.Actual, changes []directory.Change) (now directory.Actual, err error) {
	err = p.write(ctx, "modify "+was.Alias, func(t *tree) (bool, error) {
		o, err := p.own(t, was)
		if err != nil {
			return false, err
		}
		for _, c := range changes {
			if len(c.After) == 0 {
				delete(o.attributes, c.Attribute)
			} else {
				o.attributes[c.Attribute] = slices.Clone(c.After)
			}
		}
		if len(changes) > 0 {
			t.wrote(o)
		}
		now = o.actual()
		return len(changes) > 0, nil
	})
	return orNothing(now, err)
}

// Rename is directory.Publisher's.
func (p *PublisherMemory) Rename(ctx context.Context, was directory.Actual, alias string) (now directory.Actual, err error) {
	if err := directory.CheckAlias(alias); err != nil {
		return directory.Actual{}, err
	}
	err = p.write(ctx, "rename "+was.Alias, func(t *tree) (bool, error) {
		o, err := p.own(t, was)
		if err != nil {
			return false, err
		}
		if there, err := t.byAlias(alias); err == nil && there != o {
			return false, fmt.Errorf("%q is there: %w", there.dn(), fault.ErrConflict)
		}
		changed := o.alias != alias || o.place != InContainer
		if changed {
			o.alias, o.place = alias, InContainer
			t.wrote(o)
		}
		now = o.actual()
		return changed, nil
	})
	return orNothing(now, err)
}

// Delete is directory.Publisher's.
func (p *PublisherMemory) Delete(ctx context.Context, was directory.Actual) error {
	return p.write(ctx, "delete "+was.Alias, func(t *tree) (bool, error) {
		if _, err := t.byID(was.ID); err != nil {
			return false, nil //nolint:nilerr // it is not there any more
		}
		o, err := p.own(t, was)
		if err != nil {
			return false, err
		}
		t.remove(o)
		return true, nil
	})
}

// remove removes an object, also from the groups that it is in.
func (t *tree) remove(o *object) {
	t.objects = slices.DeleteFunc(t.objects, func(other *object) bool { return other == o })
	for _, other := range t.objects {
		other.members = slices.DeleteFunc(other.members, func(id string) bool { return id == o.id })
	}
	t.wrote(o)
}

// ChangeMembers is directory.Publisher's. It does all or nothing.
func (p *PublisherMemory) ChangeMembers(ctx context.Context, group directory.Actual, add, remove []directory.Ref) error {
	return p.write(ctx, "members "+group.Alias, func(t *tree) (bool, error) {
		o, err := p.own(t, group)
		if err != nil {
			return false, err
		}
		members, err := t.changed(o.members, add, remove)
		if err != nil {
			return false, err
		}
		if slices.Equal(members, o.members) {
			return false, nil
		}
		o.members = members
		t.wrote(o)
		return true, nil
	})
}

// changed returns members without some and with others, each once.
func (t *tree) changed(members []string, add, remove []directory.Ref) ([]string, error) {
	there, isMember := map[string]bool{}, map[string]bool{}
	for _, w := range t.everybody() {
		there[w.id] = true
	}
	for _, id := range members {
		isMember[id] = true
	}
	for _, r := range remove {
		isMember[r.Key] = false
	}
	now := slices.DeleteFunc(slices.Clone(members), func(id string) bool { return !isMember[id] })
	for _, r := range add {
		if !there[r.Key] {
			return nil, fmt.Errorf("member %q: %w", r.Name, fault.ErrNotFound)
		}
		if !isMember[r.Key] {
			isMember[r.Key] = true
			now = append(now, r.Key)
		}
	}
	return now, nil
}
