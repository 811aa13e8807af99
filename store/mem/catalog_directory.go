package mem

import (
	"iter"
	"slices"

	"mailchute/pkg/directory"
	"mailchute/store"
)

func (t *tx) KnownObjects() iter.Seq2[directory.Known, error] {
	return rows(t.known, "", cloneKnown, func(directory.Known) bool { return true })
}

func (t *tx) KnownObject(k string) (directory.Known, error) {
	o, ok := t.known.get(key(k))
	if !ok {
		return directory.Known{}, missing("known object", k)
	}
	return cloneKnown(o), nil
}

func (t *tx) KnownID(backend, id string) (string, error) {
	for _, k := range t.knownIDs.under(key(backend, id)) {
		return k, nil
	}
	return "", missing("known object with ID", id)
}

func (t *tx) PutKnownObject(k directory.Known) error {
	_ = t.DeleteKnownObject(k.Key)
	k.Next, k.At = stored(k.Next), stored(k.At)
	t.known = t.known.put(key(k.Key), cloneKnown(k))
	if k.ID != "" {
		t.knownIDs = t.knownIDs.put(key(k.Backend, k.ID, k.Key), k.Key)
	}
	return nil
}

func (t *tx) DeleteKnownObject(k string) error {
	o, ok := t.known.get(key(k))
	if !ok {
		return missing("known object", k)
	}
	t.known = t.known.without(key(k))
	t.knownIDs = t.knownIDs.without(key(o.Backend, o.ID, k))
	return nil
}

func (t *tx) InsertDirectoryWrite(w store.DirectoryWrite) error {
	t.lastWrite++
	w.ID, w.At = t.lastWrite, stored(w.At)
	t.writes = t.writes.put(key(w.ID), cloneWrite(w))
	return nil
}

func (t *tx) DirectoryWrites(keyOrOf string) iter.Seq2[store.DirectoryWrite, error] {
	return rows(t.writes, "", cloneWrite, func(w store.DirectoryWrite) bool { return w.Key == keyOrOf || w.Of == keyOrOf })
}

func (t *tx) DirectoryWritesIn(run string) iter.Seq2[store.DirectoryWrite, error] {
	return rows(t.writes, "", cloneWrite, func(w store.DirectoryWrite) bool { return w.Run == run })
}

func (t *tx) PutDirectoryRun(d store.DirectoryRun) error {
	if !t.runs.has(key(d.Run)) {
		return missing("run", d.Run)
	}
	t.directoryRuns = t.directoryRuns.put(key(d.Run), d)
	return nil
}

func (t *tx) DirectoryRun(run string) (store.DirectoryRun, error) {
	d, ok := t.directoryRuns.get(key(run))
	if !ok {
		return store.DirectoryRun{}, missing("directory in run", run)
	}
	return d, nil
}

func (t *tx) Lease(name string) (store.Lease, error) {
	l, ok := t.leases.get(key(name))
	if !ok {
		return store.Lease{}, missing("lease", name)
	}
	return l, nil
}

func (t *tx) PutLease(l store.Lease) error {
	l.At = stored(l.At)
	t.leases = t.leases.put(key(l.Name), l)
	return nil
}

// rows yields those of a table that are wanted, whose key begins with prefix, in order.
func rows[V any](of table[V], prefix string, clone func(V) V, wanted func(V) bool) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for _, v := range of.under(prefix) {
			if wanted(v) && !yield(clone(v), nil) {
				return
			}
		}
	}
}

func cloneKnown(k directory.Known) directory.Known {
	k.Applied, k.Missing = cloneAttributes(k.Applied), slices.Clone(k.Missing)
	return k
}

func cloneWrite(w store.DirectoryWrite) store.DirectoryWrite {
	w.Changes = slices.Clone(w.Changes)
	for i, c := range w.Changes {
		w.Changes[i].Before, w.Changes[i].After = slices.Clone(c.Before), slices.Clone(c.After)
	}
	return w
}

func cloneAttributes(a directory.Attributes) directory.Attributes {
	c := make(directory.Attributes, len(a))
	for name, values := range a {
		c[name] = slices.Clone(values)
	}
	return c
}
