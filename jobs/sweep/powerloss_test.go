package sweep_test

import (
	"context"
	"fmt"
	"testing"

	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/storetest"
)

// onMachine is a place on a disk whose power can be cut; the catalog beside it keeps
// whatever was committed.
func onMachine(disk *durabletest.Disk, catalog *mem.Catalog) place {
	return place{
		folder:  func(name string) (durable.FS, error) { return disk.Open("/" + name) },
		catalog: func(context.Context) (store.Catalog, error) { return catalog, nil },
	}
}

// Wherever the power is cut, the next sweeps bring everything to the same end. Bytes
// whose removal was lost are orphans then.
func TestPowerLossAtEveryEffect(t *testing.T) {
	t.Parallel()
	const outcomes = 4 // of each cut
	for seed := range uint64(outcomes) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			for k, total := 1, 1; k <= total; k++ {
				disk, catalog := durabletest.NewDisk(), mem.NewCatalog()
				root, err := disk.Open("/")
				must(t, err)
				for _, name := range folders {
					must(t, root.Mkdir(name, 0o700))
				}
				must(t, root.Barrier())
				onMachine(disk, catalog).furnish(t)
				effects := storetest.NewEffects(storetest.Plan{At: k, Err: durabletest.ErrPower, Stays: true})
				err = onMachine(disk, catalog).struckBy(effects).sweep(t.Context())
				if total = effects.Count() + 1; k == total { // after the last
					must(t, err)
				}
				after := disk.PowerLoss(seed<<32 + uint64(k))
				crashes.Tried("power cuts", 1)
				onMachine(after, catalog).checkSwept(t, fmt.Sprintf("power cut at effect %d (the sweep said: %v)", k, err), true)
			}
		})
	}
}
