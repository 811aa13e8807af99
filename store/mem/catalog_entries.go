package mem

import (
	"iter"
	"slices"

	"mailchute/store"
)

func (t *tx) Entries() iter.Seq2[store.Entry, error] {
	return rows(t.entries, "", cloneEntry, func(store.Entry) bool { return true })
}

func (t *tx) Entry(id string) (store.Entry, error) {
	e, ok := t.entries.get(key(id))
	if !ok {
		return store.Entry{}, missing("entry", id)
	}
	return cloneEntry(e), nil
}

func (t *tx) EntryAt(alias string) (store.Entry, error) {
	id, ok := t.entryAt.get(key(alias))
	if !ok {
		return store.Entry{}, missing("entry at", alias)
	}
	return t.Entry(id)
}

func (t *tx) EntryOf(addressKey string) (string, error) {
	id, ok := t.entryAddresses.get(key(addressKey))
	if !ok {
		return "", missing("entry of", addressKey)
	}
	return id, nil
}

func (t *tx) PutEntry(e store.Entry, addressKeys []string) error {
	if other, ok := t.entryAt.get(key(e.Alias)); ok && other != e.ID {
		return taken("entry at", e.Alias)
	}
	for _, k := range addressKeys {
		if other, ok := t.entryAddresses.get(key(k)); ok && other != e.ID {
			return taken("address", k)
		}
	}
	t.forgetEntry(e.ID)
	t.entries = t.entries.put(key(e.ID), cloneEntry(e))
	t.entryAt = t.entryAt.put(key(e.Alias), e.ID)
	t.addressesOf = t.addressesOf.put(key(e.ID), slices.Clone(addressKeys))
	for _, k := range addressKeys {
		t.entryAddresses = t.entryAddresses.put(key(k), e.ID)
	}
	return nil
}

func (t *tx) DeleteEntry(id string) error {
	if !t.entries.has(key(id)) {
		return missing("entry", id)
	}
	t.forgetEntry(id)
	for _, member := range t.entryMembers.values(key(id)) {
		_ = t.RemoveEntryMember(id, member)
	}
	for _, group := range t.entryGroups.values(key(id)) {
		_ = t.RemoveEntryMember(group, id)
	}
	return nil
}

// forgetEntry deletes the row of an entry, with its addresses; its members stay.
func (t *tx) forgetEntry(id string) {
	e, ok := t.entries.get(key(id))
	if !ok {
		return
	}
	addresses, _ := t.addressesOf.get(key(id))
	for _, k := range addresses {
		t.entryAddresses = t.entryAddresses.without(key(k))
	}
	t.entries, t.entryAt, t.addressesOf = t.entries.without(key(id)), t.entryAt.without(key(e.Alias)), t.addressesOf.without(key(id))
}

func (t *tx) EntryMembers(id string) ([]string, error) { return t.entryMembers.values(key(id)), nil }

func (t *tx) AddEntryMember(id, member string) error {
	if !t.entries.has(key(id)) {
		return missing("entry", id)
	}
	t.entryMembers = t.entryMembers.put(key(id, member), member)
	t.entryGroups = t.entryGroups.put(key(member, id), id)
	return nil
}

func (t *tx) RemoveEntryMember(id, member string) error {
	t.entryMembers = t.entryMembers.without(key(id, member))
	t.entryGroups = t.entryGroups.without(key(member, id))
	return nil
}

func (t *tx) EntryGroups(member string) ([]string, error) {
	return t.entryGroups.values(key(member)), nil
}

func cloneEntry(e store.Entry) store.Entry {
	e.Attributes = cloneAttributes(e.Attributes)
	return e
}
