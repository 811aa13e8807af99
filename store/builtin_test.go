package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/fault"
	"mailchute/store"
	"mailchute/store/sqlite"
)

// anotherInstallation is the name of a farm beside ours in the same directory.
const anotherInstallation = "22222222-2222-4222-8222-222222222222"

// catalogs are the catalogs that the rules of the directory are tested on.
func catalogs() map[string]func(t *testing.T) func(*store.Options) {
	return map[string]func(t *testing.T) func(*store.Options){
		"memory": func(*testing.T) func(*store.Options) { return func(*store.Options) {} },
		"sqlite": func(t *testing.T) func(*store.Options) {
			t.Helper()
			c, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			return func(o *store.Options) { o.Catalog = c }
		},
	}
}

func TestBuiltin(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directorytest.TestPublisher(t, func(t *testing.T) directorytest.PublisherWorld {
				writes := &atomic.Int64{}
				f := newFarm(t, catalog(t), func(o *store.Options) { o.Catalog = counted{o.Catalog, writes} })
				b := must(f.OpenBuiltin(t.Context()))
				return directorytest.PublisherWorld{
					Publisher: b, Installation: must(f.Installation(t.Context())), Other: b.Beside(anotherInstallation),
					Anyone: true, Admin: entryAdmin{f.catalog, writes},
				}
			})
		})
	}
}

// counted counts what changes entries.
type counted struct {
	store.Catalog
	writes *atomic.Int64
}

func (c counted) Update(ctx context.Context, f func(store.Tx) error) error {
	return c.Catalog.Update(ctx, func(tx store.Tx) error { return f(countedTx{tx, c.writes}) })
}

type countedTx struct {
	store.Tx
	writes *atomic.Int64
}

func (t countedTx) PutEntry(e store.Entry, keys []string) error {
	t.writes.Add(1)
	return t.Tx.PutEntry(e, keys)
}

func (t countedTx) DeleteEntry(id string) error {
	t.writes.Add(1)
	return t.Tx.DeleteEntry(id)
}

func (t countedTx) AddEntryMember(id, member string) error {
	t.writes.Add(1)
	return t.Tx.AddEntryMember(id, member)
}

// entryAdmin changes entries behind the back of the built-in directory.
type entryAdmin struct {
	catalog store.Catalog
	writes  *atomic.Int64
}

func (a entryAdmin) update(t *testing.T, f func(store.Tx) error) {
	t.Helper()
	if err := a.catalog.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (a entryAdmin) change(t *testing.T, id string, change func(*store.Entry)) {
	t.Helper()
	a.update(t, func(tx store.Tx) error {
		e, err := tx.Entry(id)
		if err != nil {
			return err
		}
		change(&e)
		return tx.PutEntry(e, nil)
	})
}

func (a entryAdmin) Entry(t *testing.T, id string) directory.Attributes {
	t.Helper()
	var all directory.Attributes
	err := a.catalog.View(t.Context(), func(tx store.Tx) error {
		e, err := tx.Entry(id)
		if errors.Is(err, fault.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		members, err := tx.EntryMembers(id)
		all = directory.Attributes{"cn": {e.Alias}, "kind": {string(e.Kind)}, directorytest.MarkerAttribute: {e.Marker}, "member": members}
		for name, values := range e.Attributes {
			all[name] = values
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (a entryAdmin) Add(t *testing.T, kind directory.Kind, alias string, attributes directory.Attributes) string {
	t.Helper()
	id := must(newKey())
	a.update(t, func(tx store.Tx) error {
		return tx.PutEntry(store.Entry{ID: id, Alias: address.FoldLocal(alias), Kind: kind, Attributes: attributes}, nil)
	})
	return id
}

func (a entryAdmin) Copy(t *testing.T, id, alias string) string {
	t.Helper()
	twin := must(newKey())
	a.update(t, func(tx store.Tx) error {
		e, err := tx.Entry(id)
		if err != nil {
			return err
		}
		e.ID, e.Alias = twin, address.FoldLocal(alias)
		return tx.PutEntry(e, nil)
	})
	return twin
}

func (a entryAdmin) Set(t *testing.T, id, attribute string, values ...string) {
	t.Helper()
	a.change(t, id, func(e *store.Entry) {
		switch {
		case attribute == directorytest.MarkerAttribute:
			e.Marker = slices.Concat(values, []string{""})[0]
		case len(values) == 0:
			delete(e.Attributes, attribute)
		default:
			e.Attributes[attribute] = values
		}
	})
}

func (a entryAdmin) Rename(t *testing.T, id, alias string) {
	t.Helper()
	a.change(t, id, func(e *store.Entry) { e.Alias = address.FoldLocal(alias) })
}

func (a entryAdmin) Move(t *testing.T, _ string, _ directorytest.Place) {
	t.Helper()
	t.Skip("the built-in directory has one place only")
}

func (a entryAdmin) Delete(t *testing.T, id string) {
	t.Helper()
	a.update(t, func(tx store.Tx) error { return tx.DeleteEntry(id) })
}

func (a entryAdmin) Writes(*testing.T) int { return int(a.writes.Load()) }

// keys counts the keys that newKey has made.
var keys atomic.Int64

// newKey returns a key that no other has.
func newKey() (string, error) {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", keys.Add(1)), nil
}

// Lists has groups as mail servers want them: expanded, each address once.
func TestLists(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	b := must(f.OpenBuiltin(ctx))
	f.must(f.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"Alice@case.test", "a@case.test"}}))
	f.must(f.AddUser(ctx, access.User{Login: "bob"}))
	f.must(f.PutFarmContact(ctx, store.FarmContact{Alias: "theirs", Forward: "theirs@farm.example", Client: "farm"}, ""))
	contact := must(f.FarmContacts(ctx))[0]
	create := func(kind directory.Kind, key, alias string) directory.Actual {
		o := directory.Object{Key: key, Kind: kind, Alias: alias, Addresses: []string{alias + "@case.test", alias + "@old.test"}}
		return must(b.Create(ctx, o, o.Attributes(directory.ModePlain, directory.Ref{})))
	}
	team, crew := create(directory.KindGroup, must(newKey()), "team"), create(directory.KindGroup, must(newKey()), "crew")
	create(directory.KindContact, contact.Key, "theirs")
	docs := create(directory.KindContact, must(newKey()), "docs")
	theirs := must(b.ByAlias(ctx, "theirs"))
	refs := must(b.Resolve(ctx, []directory.Member{
		{Login: "alice"}, {Login: "bob"}, {Addresses: []string{"carol@elsewhere.example"}}, {ID: docs.ID}, {ID: theirs.ID}, {ID: crew.ID}, {ID: team.ID},
	}))
	f.must(b.ChangeMembers(ctx, team, refs[:6], nil))
	f.must(b.ChangeMembers(ctx, crew, append(refs[5:7:7], refs[0]), nil)) // both in each other
	all := []string{"Alice@case.test", "carol@elsewhere.example", "docs@case.test", "theirs@farm.example"}
	want := []store.List{
		{Of: "group crew", Alias: "crew", Addresses: []string{"crew@case.test", "crew@old.test"}, Members: all, Missing: []string{"user:bob"}},
		{Of: "group team", Alias: "team", Addresses: []string{"team@case.test", "team@old.test"}, Members: all, Missing: []string{"user:bob"}},
	}
	if diff := cmp.Diff(want, must(b.Lists(ctx))); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}
}
