package dms_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailchute/jobs"
	"mailchute/store"
	"mailchute/store/sqlite"
	"mailchute/store/storetest"
)

// onDisk is a data folder with a catalog of SQLite and the built-in directory.
func onDisk(dir string) base {
	return base{
		catalog: func(ctx context.Context) (store.Catalog, error) {
			return sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
		},
		locksDir: filepath.Join(dir, "locks"), clock: &clock{now: began}, names: map[string]string{},
	}
}

// runVictim runs the job on a data folder as a process of its own would.
func runVictim(dir string, effects *storetest.Effects) error {
	ctx := context.Background()
	f, err := onDisk(dir).open(ctx, effects.Catalog)
	if err != nil {
		return err
	}
	_, err = f.job.Run(ctx, jobs.Arrival)
	return errors.Join(err, f.close())
}

// Whatever commit the process is killed at, those of the built-in directory among them, one
// more run brings everything to the same end.
func TestKilledAtEveryEffect(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	must(t, os.Mkdir(filepath.Join(from, "locks"), 0o700))
	f := onDisk(from).process(t, unwrapped)
	f.addUsers()
	approved := f.story()
	names := f.names
	must(t, f.close())
	for k, total := 1, 1; k <= total; k++ {
		dir := t.TempDir()
		must(t, os.CopyFS(dir, os.DirFS(from)))
		n, died, err := crashes.Kill(t.Context(), dir, "dms", storetest.Plan{At: k})
		must(t, err)
		if total = n; died {
			total = k + 1
		}
		b := onDisk(dir)
		b.names = names
		next := b.process(t, unwrapped)
		next.run()
		next.told(approved, fmt.Sprintf("killed at effect %d", k))
		must(t, next.close())
		if !died && n < 30 {
			t.Errorf("got %d effects, want every commit of a run", n)
		}
	}
}
