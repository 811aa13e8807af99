package sqlcat

import (
	"database/sql"
	"iter"
	"slices"

	"mailchute/store"
)

const (
	entryColumns  = `id, alias, marker, kind, attributes`
	selectEntries = `SELECT ` + entryColumns + ` FROM entries`
	updateEntry   = `UPDATE entries SET alias = $2, marker = $3, kind = $4, attributes = $5
		WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM entries o WHERE o.alias = $2 AND o.id <> $1)`
	insertEntry  = `INSERT INTO entries (` + entryColumns + `) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	insertMember = `INSERT INTO entry_members (entry, member) VALUES ($1, $2) ON CONFLICT DO NOTHING`
)

func (t *tx) Entries() iter.Seq2[store.Entry, error] {
	return each(t, "entries", scanEntry, selectEntries+` ORDER BY id`)
}

func (t *tx) Entry(id string) (store.Entry, error) {
	return one(t, "entry "+id, scanEntry, selectEntries+` WHERE id = $1`, id)
}

func (t *tx) EntryAt(alias string) (store.Entry, error) {
	return one(t, "entry at "+alias, scanEntry, selectEntries+` WHERE alias = $1`, alias)
}

func (t *tx) EntryOf(addressKey string) (string, error) {
	return one(t, "entry of "+addressKey, scalar[string], `SELECT entry FROM entry_addresses WHERE address_key = $1`, addressKey)
}

func scanEntry(rows *sql.Rows) (e store.Entry, err error) {
	err = rows.Scan(&e.ID, &e.Alias, &e.Marker, &e.Kind, jsonColumn{&e.Attributes})
	return e, err
}

func (t *tx) PutEntry(e store.Entry, addressKeys []string) error {
	return t.Savepoint(func() error {
		if err := t.put("entry "+e.Alias, updateEntry, insertEntry,
			e.ID, e.Alias, e.Marker, string(e.Kind), jsonValue{e.Attributes}); err != nil {
			return err
		}
		if _, err := t.exec("addresses of "+e.Alias, `DELETE FROM entry_addresses WHERE entry = $1`, e.ID); err != nil {
			return err
		}
		for _, k := range slices.Compact(slices.Sorted(slices.Values(addressKeys))) {
			if err := t.insert("address "+k, `INSERT INTO entry_addresses (address_key, entry) VALUES ($1, $2)
				ON CONFLICT DO NOTHING`, k, e.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) DeleteEntry(id string) error {
	return t.Savepoint(func() error {
		if _, err := t.exec("groups of entry "+id, `DELETE FROM entry_members WHERE member = $1`, id); err != nil {
			return err
		}
		return t.remove("entry "+id, `DELETE FROM entries WHERE id = $1`, id)
	})
}

func (t *tx) EntryMembers(id string) ([]string, error) {
	return list(t, "members of entry "+id, scalar[string], `SELECT member FROM entry_members WHERE entry = $1 ORDER BY member`, id)
}

func (t *tx) AddEntryMember(id, member string) error {
	_, err := t.exec("member "+member, insertMember, id, member)
	return err
}

func (t *tx) RemoveEntryMember(id, member string) error {
	_, err := t.exec("member "+member, `DELETE FROM entry_members WHERE entry = $1 AND member = $2`, id, member)
	return err
}

func (t *tx) EntryGroups(member string) ([]string, error) {
	return list(t, "groups of "+member, scalar[string], `SELECT entry FROM entry_members WHERE member = $1 ORDER BY entry`, member)
}
