package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/sqlite"
)

// BenchmarkWanted computes what a big farm wants: 10,000 libraries, and a group of 20,000.
func BenchmarkWanted(b *testing.B) {
	for _, name := range []string{"memory", "sqlite"} {
		b.Run(name, func(b *testing.B) {
			locks, err := durable.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { locks.Close() })
			o := store.Options{Catalog: mem.NewCatalog(), Blobs: mem.NewBlobs(), Tree: mem.NewTree(), Locks: locks, Actor: "tester"}
			if name == "sqlite" {
				o.Catalog = must(sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "catalog.db")))
			}
			s := must(store.Open(b.Context(), o))
			b.Cleanup(func() { s.Close() })
			if err := o.Catalog.Update(b.Context(), func(tx store.Tx) error { return bigFarm(tx, 10_000, 20_000) }); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if st := must(s.WantedObjects(b.Context(), []string{"case.test"})); len(st.Objects) != 10_001 {
					b.Fatal(len(st.Objects))
				}
			}
		})
	}
}

func bigFarm(tx store.Tx, libraries, members int) error {
	for i := range libraries {
		name := fmt.Sprint("l", i)
		if err := tx.InsertLibrary(library.Library{Name: name, Site: "default", LocalPart: name}); err != nil {
			return err
		}
		if err := tx.ClaimLocalPart(name, store.Owner{Library: name}); err != nil {
			return err
		}
		if err := tx.PutKnownObject(directory.Known{Key: fmt.Sprint("k", i), Kind: directory.KindContact, Backend: "ldap", At: time.Now()}); err != nil {
			return err
		}
	}
	g := access.Group{Name: "all", Site: "default"}
	for i := range members {
		u := access.User{Login: fmt.Sprint("u", i), Addresses: []string{fmt.Sprintf("u%d@corp.test", i)}}
		if err := tx.InsertUser(u, u.Addresses); err != nil {
			return err
		}
		g.Members = append(g.Members, access.UserPrincipal(u.Login))
	}
	if err := tx.InsertGroup(g); err != nil {
		return err
	}
	return tx.PutDistribution(store.Distribution{Key: "d", Group: "all", Name: "group all", Now: directory.Properties{LocalPart: "all"}})
}
