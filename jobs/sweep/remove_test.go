package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable/durabletest"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/storetest"
)

// remove removes a document of the library "in".
func (f *farm) remove(t *testing.T, name string) {
	t.Helper()
	removal, err := f.RemoveDocument(t.Context(), "in", name)
	must(t, errors.Join(err, removal.Tree))
}

// removeVictim removes the document "a" as a process of its own would.
func removeVictim(dir string, effects *storetest.Effects) error {
	return onDisk(dir).struckBy(effects).remove(context.Background())
}

func (p place) remove(ctx context.Context) error {
	f, err := p.open(ctx, 0)
	if err != nil {
		return err
	}
	removal, err := f.RemoveDocument(ctx, "in", "a")
	return errors.Join(err, removal.Tree, f.close())
}

// furnishForRemoval fills a place with the documents "a" and "b" in the library "in".
func (p place) furnishForRemoval(t *testing.T) {
	t.Helper()
	f, err := p.open(t.Context(), 0)
	must(t, err)
	must(t, f.AddLibrary(t.Context(), library.Library{Name: "in", Site: store.DefaultSite, LocalPart: "in"}))
	f.settle(t, letter{key: "1", bytes: "first", name: "a"}, letter{key: "2", bytes: "second", name: "b"})
	_, err = f.Publish(t.Context())
	must(t, errors.Join(err, f.close()))
}

// checkRemoval fails where the document is neither there nor removed, also from the tree,
// once the next process has published. Then it removes it, if need be, and files one anew.
func (p place) checkRemoval(t *testing.T, how string) {
	t.Helper()
	ctx := t.Context()
	f, err := p.open(ctx, 0)
	must(t, err)
	_, err = f.Publish(ctx)
	must(t, err)
	f.verify(t, how)
	removal, err := f.RemoveDocument(ctx, "in", "a")
	if !errors.Is(err, fault.ErrNotFound) {
		must(t, errors.Join(err, removal.Tree))
	}
	f.verify(t, how+", and removed")
	f.settle(t, letter{key: "3", bytes: "third", name: "a"})
	got := []string{}
	for d, err := range f.Documents(ctx, "in") {
		must(t, err)
		got = append(got, fmt.Sprintf("%s v%d", d.Name, d.Version))
	}
	if diff := cmp.Diff([]string{"a v3", "b v1"}, got); diff != "" {
		t.Errorf("%s: documents (-want +got):\n%s", how, diff)
	}
	f.verify(t, how+", and filed anew")
	must(t, f.close())
}

// Whatever effect a removal dies before or after, it is done whole or not at all once the
// next run has published.
func TestRemovalKilledAtEveryEffect(t *testing.T) {
	t.Parallel()
	from := newFolder(t)
	onDisk(from).furnishForRemoval(t)
	for _, after := range []bool{false, true} {
		total := 1
		for k := 1; k <= total; k++ {
			dir := copied(t, from)
			n, died, err := crashes.Kill(t.Context(), dir, "remove", storetest.Plan{At: k, After: after})
			must(t, err)
			if total = n; died {
				total = k + 1
			}
			onDisk(dir).checkRemoval(t, fmt.Sprintf("killed at effect %d, after=%v", k, after))
		}
		if t.Logf("killed at each of %d effects", total); total < 4 {
			t.Errorf("got %d effects, want the commits and the file operations of a removal", total)
		}
	}
}

// Wherever the power is cut, a removal that was committed takes the file away in the end.
func TestRemovalPowerLossAtEveryEffect(t *testing.T) {
	t.Parallel()
	const outcomes = 4 // of each cut
	for seed := range uint64(outcomes) {
		for k, total := 1, 1; k <= total; k++ {
			disk, catalog := durabletest.NewDisk(), mem.NewCatalog()
			root, err := disk.Open("/")
			must(t, err)
			for _, name := range folders {
				must(t, root.Mkdir(name, 0o700))
			}
			must(t, root.Barrier())
			onMachine(disk, catalog).furnishForRemoval(t)
			effects := storetest.NewEffects(storetest.Plan{At: k, Err: durabletest.ErrPower, Stays: true})
			err = onMachine(disk, catalog).struckBy(effects).remove(t.Context())
			if total = effects.Count() + 1; k == total { // after the last
				must(t, err)
			}
			after := disk.PowerLoss(seed<<32 + uint64(k))
			crashes.Tried("power cuts", 1)
			onMachine(after, catalog).checkRemoval(t, fmt.Sprintf("power cut at effect %d (the removal said: %v)", k, err))
		}
	}
}
