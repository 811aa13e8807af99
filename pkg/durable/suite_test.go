package durable_test

import (
	"testing"

	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	durabletest.TestFS(t, func(t *testing.T) durable.FS {
		fsys, err := durable.Open(t.TempDir())
		check(t, err)
		t.Cleanup(func() { _ = fsys.Close() }) // some rows have closed it
		return fsys
	})
}
