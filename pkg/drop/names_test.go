package drop_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/drop"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for formatName, arrival := range map[string]string{"iis": "", "postfix": "new/"} {
		t.Run(formatName, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, file := range []string{
				arrival + "arrived.eml", "tmp/half.eml", ".mailchute/tmp/boot-b",
				".mailchute/retry/1.0.1.60.abc/waits.eml", ".mailchute/claimed/boot-a/1/taken.eml",
				".mailchute/claimed/boot-a/1.0.1.60.abc/again.eml",
			} {
				w.write(file, "x")
			}
			names, err := drop.Names(t.Context(), w.fs(), format(t, formatName))
			ok(t, err)
			want := []string{"again.eml", "arrived.eml", "taken.eml", "waits.eml"}
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(names))); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

// A folder that was never drained has no folders of ours; one that is not there is an error.
func TestNamesOfAnEmptyFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names, err := drop.Names(t.Context(), w.fs(), format(t, "iis"))
	ok(t, err)
	if len(names) != 0 {
		t.Errorf("got %v, want none", names)
	}
	ok(t, os.Mkdir(w.dir+"/new", 0o700))
	fsys := w.fs()
	ok(t, os.Remove(w.dir+"/new"))
	if names, err := drop.Names(t.Context(), fsys, format(t, "postfix")); err == nil {
		t.Errorf("got %v of a folder that is not there, want an error", names)
	}
}
