package storetest

import (
	"errors"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

func (m *model) directoryStep() {
	m.Helper()
	name, other := m.name(), m.name()
	id := int64(1 + m.choose(4))
	state := requestStates()[m.choose(6)]
	switch m.choose(12) {
	case 0:
		group := []string{"", other}[m.choose(2)]
		m.change("PutDistribution", putDistribution(distribution(name, group)))
	case 1:
		m.change("DeleteDistribution", func(tx store.Tx) error { return tx.DeleteDistribution(name) })
	case 2:
		m.compare("InsertRequest", func(tx store.Tx) (any, error) { return tx.InsertRequest(request(0, name, state)) })
	case 3:
		was := request(id, name, requestStates()[m.choose(6)])
		r := request(id, name, state)
		r.Revision += m.choose(2)
		m.change("UpdateRequest", updateRequest(was, r))
	case 4:
		m.change("InsertRequestEvent", putEvent(directory.Event{Request: id, At: noon, To: state}))
		m.compare("RequestEvents", func(tx store.Tx) (any, error) { return tx.RequestEvents(id) })
	case 5:
		m.compare("Requests", func(tx store.Tx) (any, error) { return tx.Requests(state, directory.Approved) })
		m.compare("RequestsOf", func(tx store.Tx) (any, error) { return tx.RequestsOf(name) })
	case 6:
		m.change("PutFarmContact", putFarmContact(farmContact(name, other)))
	case 7:
		m.change("DeleteFarmContact", func(tx store.Tx) error { return tx.DeleteFarmContact(name) })
	case 8:
		m.change("DeleteGroup", func(tx store.Tx) error { return tx.DeleteGroup(name) })
	case 9:
		k := knownObject(name)
		k.Backend, k.ID = other, []string{"", "x", "y"}[m.choose(3)]
		m.change("PutKnownObject", putKnownObject(k))
		m.compare("KnownID", func(tx store.Tx) (any, error) { return tx.KnownID(other, "x") })
	case 10:
		m.change("DeleteKnownObject", func(tx store.Tx) error { return tx.DeleteKnownObject(name) })
		m.change("PutLease", func(tx store.Tx) error { return tx.PutLease(store.Lease{Name: name, Process: other, At: noon}) })
	case 11:
		m.change("InsertDirectoryWrite", putDirectoryWrite(directoryWrite(0, "r"+other, name, other)))
		m.compare("DirectoryWrites", func(tx store.Tx) (any, error) { return collect(tx.DirectoryWrites(name)) })
		m.change("PutDirectoryRun", func(tx store.Tx) error { return tx.PutDirectoryRun(store.DirectoryRun{Run: name, Failed: int(id)}) })
	}
}

func (m *model) entryStep() {
	m.Helper()
	name, other := m.name(), m.name()
	switch m.choose(5) {
	case 0:
		m.change("PutEntry", putEntry(entry(name, other), m.name(), m.name()))
	case 1:
		m.change("DeleteEntry", func(tx store.Tx) error { return tx.DeleteEntry(name) })
	case 2:
		m.change("AddEntryMember", addMember(name, other))
	case 3:
		m.change("RemoveEntryMember", func(tx store.Tx) error { return tx.RemoveEntryMember(name, other) })
	case 4:
		m.compare("EntryAt", func(tx store.Tx) (any, error) { return tx.EntryAt(name) })
	}
}

// gatherDirectory reads all that a catalog has of directories.
func gatherDirectory(add func(string, any, error), tx store.Tx) {
	gather(add, "local parts", tx.LocalParts)
	gather(add, "distribution groups", tx.Distributions)
	gather(add, "requests", func() ([]directory.Request, error) { return tx.Requests() })
	gather(add, "contacts", tx.FarmContacts)
	gather(add, "known objects", func() ([]directory.Known, error) { return collect(tx.KnownObjects()) })
	gather(add, "entries", func() ([]store.Entry, error) { return collect(tx.Entries()) })
	for i, name := range []string{"a", "b", "c"} {
		gather(add, "local parts of "+name, func() ([]store.LocalPart, error) { return tx.LocalPartsOf(name) })
		gather(add, "distribution group of "+name, func() (store.Distribution, error) { return ifAny(tx.DistributionOf(name)) })
		gather(add, "events of "+name, func() ([]directory.Event, error) { return tx.RequestEvents(int64(i + 1)) })
		gather(add, "key of "+name, func() (string, error) { return ifAny(tx.KnownID(name, "y")) })
		gather(add, "changes of "+name, func() ([]store.DirectoryWrite, error) { return collect(tx.DirectoryWrites(name)) })
		gather(add, "changes in "+name, func() ([]store.DirectoryWrite, error) { return collect(tx.DirectoryWritesIn("r" + name)) })
		gather(add, "directory in run "+name, func() (store.DirectoryRun, error) { return ifAny(tx.DirectoryRun(name)) })
		gather(add, "lease "+name, func() (store.Lease, error) { return ifAny(tx.Lease(name)) })
		gather(add, "entry of "+name, func() (string, error) { return ifAny(tx.EntryOf(name)) })
		gather(add, "members of "+name, func() ([]string, error) { return tx.EntryMembers(name) })
		gather(add, "groups of "+name, func() ([]string, error) { return tx.EntryGroups(name) })
	}
}

// ifAny makes nothing of a row that is not there.
func ifAny[V any](v V, err error) (V, error) {
	if errors.Is(err, fault.ErrNotFound) {
		err = nil
	}
	return v, err
}
