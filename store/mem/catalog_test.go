package mem_test

import (
	"testing"

	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/storetest"
)

func TestCatalog(t *testing.T) {
	t.Parallel()
	storetest.TestCatalog(t, func(*testing.T) store.Catalog { return mem.NewCatalog() })
}
