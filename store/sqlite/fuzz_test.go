package sqlite_test

import (
	"math/rand/v2"
	"testing"

	"mailchute/store/mem"
	"mailchute/store/storetest"
)

// FuzzCatalog asks SQLite and the reference implementation the same things.
func FuzzCatalog(f *testing.F) {
	random := rand.NewChaCha8([32]byte{})
	for range 50 {
		script := make([]byte, 1000)
		_, _ = random.Read(script) // never fails
		f.Add(script)
	}
	catalog, reference := open(f, newPath(f)), mem.NewCatalog()
	f.Fuzz(func(t *testing.T, script []byte) {
		storetest.CompareCatalogs(t, catalog, reference, script[:min(len(script), 1000)])
	})
}
