package durable_test

import (
	"testing"

	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(string) (durable.FS, error){
		"by default": durable.Open,
		"fsync":      func(path string) (durable.FS, error) { return durable.OpenWay(path, durable.Fsync) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			durabletest.TestFS(t, func(t *testing.T) durable.FS {
				fsys, err := open(t.TempDir())
				check(t, err)
				t.Cleanup(func() { _ = fsys.Close() }) // some rows have closed it
				return fsys
			})
		})
	}
}
