package sqlite_test

import (
	"fmt"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/store"
)

const (
	knownObjects = 10_000
	entryMembers = 20_000
)

// BenchmarkDirectory puts and reads the rows of a large directory; an operation is all of
// them.
func BenchmarkDirectory(b *testing.B) {
	id := func(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i)*2654435761, i) }
	attributes := func(i int) directory.Attributes {
		address := fmt.Sprintf("library-%d@docs.example", i)
		return directory.Attributes{
			"displayName": {fmt.Sprintf("Finance – Library %d (library-%d)", i, i)}, "givenName": {"Finance"},
			"sn": {fmt.Sprintf("Library %d", i)}, "mail": {address}, "proxyAddresses": {"SMTP:" + address},
			"adminDescription": {"farm-dms:1:" + id(0) + ":contact:" + id(i)},
		}
	}
	c := open(b, newPath(b))
	update := func(b *testing.B, rows int, f func(tx store.Tx, i int) error) {
		b.Helper()
		for b.Loop() {
			err := c.Update(b.Context(), func(tx store.Tx) error {
				for i := range rows {
					if err := f(tx, i); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	read := func(b *testing.B, rows int, f func(tx store.Tx) (int, error)) {
		b.Helper()
		for b.Loop() {
			err := c.View(b.Context(), func(tx store.Tx) error {
				n, err := f(tx)
				if err == nil && n != rows {
					b.Fatalf("got %d rows, want %d", n, rows)
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("PutKnownObject", func(b *testing.B) {
		update(b, knownObjects, func(tx store.Tx, i int) error {
			return tx.PutKnownObject(directory.Known{Key: id(i), Backend: "builtin", ID: id(i), Applied: attributes(i)})
		})
	})
	b.Run("KnownObjects", func(b *testing.B) {
		read(b, knownObjects, func(tx store.Tx) (n int, err error) {
			for _, err := range tx.KnownObjects() {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		})
	})
	b.Run("PutEntry", func(b *testing.B) {
		update(b, knownObjects, func(tx store.Tx, i int) error {
			address := fmt.Sprintf("library-%d@docs.example", i)
			return tx.PutEntry(store.Entry{ID: id(i), Alias: address[:len(address)-13], Attributes: attributes(i)}, []string{address})
		})
	})
	b.Run("AddEntryMember", func(b *testing.B) {
		update(b, entryMembers, func(tx store.Tx, i int) error { return tx.AddEntryMember(id(0), id(i+1)) })
	})
	b.Run("EntryMembers", func(b *testing.B) {
		read(b, entryMembers, func(tx store.Tx) (int, error) {
			members, err := tx.EntryMembers(id(0))
			return len(members), err
		})
	})
}
