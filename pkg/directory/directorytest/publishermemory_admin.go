package directorytest

import (
	"slices"
	"strconv"
	"testing"

	"mailchute/pkg/directory"
)

// Administrator returns who changes the directory by hand. OnWrite is not told.
func (p *PublisherMemory) Administrator() Administrator { return &memoryAdmin{p.tree} }

type memoryAdmin struct{ tree *tree }

// change calls a function with an object that must be there.
func (a *memoryAdmin) change(t *testing.T, id string, f func(*object)) {
	t.Helper()
	a.tree.mu.Lock()
	defer a.tree.mu.Unlock()
	o, err := a.tree.byID(id)
	if err != nil {
		t.Fatal(err)
	}
	f(o)
	a.tree.wrote(o)
}

// Entry is Administrator's.
func (a *memoryAdmin) Entry(_ *testing.T, id string) directory.Attributes {
	a.tree.mu.Lock()
	defer a.tree.mu.Unlock()
	o, err := a.tree.byID(id)
	if err != nil {
		return nil
	}
	all := clone(o.attributes)
	all["dn"], all["version"] = []string{o.dn()}, []string{strconv.Itoa(o.version)}
	if o.marker != "" {
		all[MarkerAttribute] = []string{o.marker}
	}
	if len(o.members) > 0 {
		all["member"] = slices.Clone(o.members)
	}
	return all
}

// Add is Administrator's.
func (a *memoryAdmin) Add(_ *testing.T, kind directory.Kind, alias string, attributes directory.Attributes) string {
	a.tree.mu.Lock()
	defer a.tree.mu.Unlock()
	return a.tree.add(&object{alias: alias, kind: kind, attributes: clone(attributes)}).id
}

// Copy is Administrator's.
func (a *memoryAdmin) Copy(t *testing.T, id, alias string) (copied string) {
	t.Helper()
	a.change(t, id, func(o *object) {
		copied = a.tree.add(&object{
			alias: alias, kind: o.kind, marker: o.marker, attributes: clone(o.attributes), members: slices.Clone(o.members),
		}).id
	})
	return copied
}

// Set is Administrator's.
func (a *memoryAdmin) Set(t *testing.T, id, attribute string, values ...string) {
	t.Helper()
	a.change(t, id, func(o *object) {
		switch {
		case attribute == MarkerAttribute && len(values) == 0:
			o.marker = ""
		case attribute == MarkerAttribute:
			o.marker = values[0]
		case len(values) == 0:
			delete(o.attributes, attribute)
		default:
			o.attributes[attribute] = values
		}
	})
}

// Rename is Administrator's.
func (a *memoryAdmin) Rename(t *testing.T, id, alias string) {
	t.Helper()
	a.change(t, id, func(o *object) { o.alias = alias })
}

// Move is Administrator's.
func (a *memoryAdmin) Move(t *testing.T, id string, to Place) {
	t.Helper()
	a.change(t, id, func(o *object) { o.place = to })
}

// Delete is Administrator's.
func (a *memoryAdmin) Delete(t *testing.T, id string) {
	t.Helper()
	a.change(t, id, a.tree.remove)
}

// Writes is Administrator's.
func (a *memoryAdmin) Writes(*testing.T) int {
	a.tree.mu.Lock()
	defer a.tree.mu.Unlock()
	return a.tree.writes
}
