package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs"
	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/storetest"
)

// crashes counts the points at which tests have struck.
var crashes storetest.Crashes

func TestMain(m *testing.M) {
	os.Exit(crashes.Main(m, map[string]storetest.Work{"sweep": sweepVictim, "remove": removeVictim}))
}

// due is when the sweep that is struck comes, after the first mail.
const due = 48 * day

// sweepVictim sweeps a data folder as a process of its own would.
func sweepVictim(dir string, effects *storetest.Effects) error {
	return onDisk(dir).struckBy(effects).sweep(context.Background())
}

// sweep sweeps at the time at which everything is due.
func (p place) sweep(ctx context.Context) error {
	f, err := p.open(ctx, due)
	if err != nil {
		return err
	}
	_, err = f.job.Run(ctx, jobs.Schedule)
	return errors.Join(err, f.close())
}

// furnish fills a place with something of each kind that a sweep deals with at the time
// due: held mail to expire, one with the bytes of a document, and to announce; a drop
// file of refused mail; a version above the limit, and one that was removed; runs that are
// old; blobs that nothing refers to any more, that have no row, and that were marked before.
func (p place) furnish(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	f, err := p.open(ctx, 0)
	must(t, err)
	must(t, f.SetSettings(ctx, map[string]string{"runs_keep": "30d"})) // held_keep is that, too
	must(t, f.AddLibrary(ctx, library.Library{
		Name: "in", Site: store.DefaultSite, LocalPart: "in", Inherit: true,
		Settings: library.Settings{Overwrite: true, Versions: 1},
	}))
	f.settle(t,
		letter{key: "1", bytes: "expires"},
		letter{key: "2", bytes: "refused"},
		letter{key: "3", bytes: "kept"},
		letter{key: "4", bytes: "kept", name: "a"},
		letter{key: "5", bytes: "marked", name: "b"},
		letter{key: "6", bytes: "second", name: "b"},
		letter{key: "10", bytes: "marked too", name: "d"},
		letter{key: "11", bytes: "latest", name: "d"},
		letter{key: "12", bytes: "removed", name: "e"},
	)
	f.remove(t, "e")
	must(t, f.Refuse(ctx, 2))
	f.ahead = 24 * day
	_, err = f.job.Run(ctx, jobs.Schedule) // announces, and marks the first versions of b and d
	must(t, err)
	f.settle(t,
		letter{key: "7", bytes: "announced"},
		letter{key: "8", bytes: "surplus", name: "c"},
		letter{key: "9", bytes: "current", name: "c"},
	)
	f.orphan(t, "orphan")
	f.verify(t, "before")
	must(t, f.close())
}

// checkSwept sweeps again until all is done and checks every promise. again says that
// bytes may have come back, which are removed once more.
func (p place) checkSwept(t *testing.T, how string, again bool) {
	t.Helper()
	ctx := t.Context()
	f, err := p.open(ctx, due)
	must(t, err)
	for _, at := range []time.Duration{due, due + 2*time.Hour, due + 8*day, due + 8*day + 2*time.Hour} {
		f.ahead = at
		_, err := f.job.Run(ctx, jobs.Schedule)
		must(t, err)
		f.verify(t, fmt.Sprintf("%s, swept %v later", how, at-due))
	}
	for _, text := range []string{"expires", "refused", "marked", "marked too", "surplus", "announced", "orphan", "removed"} {
		if f.stored(t, text) {
			t.Errorf("%s: the bytes %q are still there", how, text)
		}
	}
	for _, text := range []string{"kept", "second", "current", "latest"} {
		if !f.stored(t, text) {
			t.Errorf("%s: the bytes %q of a document are gone", how, text)
		}
	}
	f.checkRows(t, how)
	f.checkBooks(t, how, again)
	must(t, f.close())
	if t.Failed() {
		t.Fatalf("%s: the log is\n%s", how, &f.log)
	}
}

// checkRows fails where rows did not end as they must.
func (f *farm) checkRows(t *testing.T, how string) {
	t.Helper()
	ctx := t.Context()
	got := []string{}
	held, err := f.HeldMail(ctx)
	must(t, err)
	for _, h := range held {
		got = append(got, fmt.Sprintf("%s %s swept=%v", h.Item.File, h.State, h.Swept))
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		versions, err := f.Versions(ctx, "in", name)
		must(t, err)
		for _, d := range versions {
			got = append(got, fmt.Sprintf("%s v%d swept=%v", name, d.Version, d.Swept))
		}
	}
	want := []string{
		"1.eml expired swept=true", "2.eml refused swept=true", "3.eml expired swept=true", "7.eml expired swept=true",
		"a v1 swept=false", "b v1 swept=true", "b v2 swept=false", "c v1 swept=true", "c v2 swept=false", "d v1 swept=true", "d v2 swept=false",
		"e v1 swept=true", "e v2 swept=false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: rows (-want +got):\n%s", how, diff)
	}
}

// checkBooks fails where the runs that are left do not say once what was done.
func (f *farm) checkBooks(t *testing.T, how string, again bool) {
	t.Helper()
	var got event.Sweep
	all := runs(t, f.Store)
	for _, r := range all {
		if r.State == string(store.RunOpen) || r.Job != event.JobSweep {
			t.Errorf("%s: run %s of job %s is %s", how, r.Run, r.Job, r.State)
			continue
		}
		got.Expired += r.Expired
		got.Versions += r.Versions
		got.Doomed += r.Doomed
		got.Removed += r.Removed
	}
	want := event.Sweep{Expired: 3, Versions: 2, Doomed: 6, Removed: 8}
	if more := got.Removed - want.Removed; again && more > 0 {
		want.Doomed += more
		want.Removed += more
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: what %d runs did (-want +got):\n%s", how, len(all), diff)
	}
}

// template is a data folder that was furnished, to be copied.
func template(t *testing.T) string {
	t.Helper()
	dir := newFolder(t)
	onDisk(dir).furnish(t)
	return dir
}

// copied copies a data folder. Its blobs become links, as those in the tree are.
func copied(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	must(t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		below, relErr := filepath.Rel(from, path)
		if err := errors.Join(err, relErr); err != nil || below == "." {
			return err
		}
		at := filepath.Join(to, below)
		switch {
		case d.IsDir():
			return os.Mkdir(at, 0o700)
		case strings.HasPrefix(d.Name(), "catalog.db"):
			data, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(at, data, 0o600))
		}
		return os.Link(path, at)
	}))
	return to
}

// Whatever effect the process dies before or after, the next sweeps bring everything to
// the same end: what is due is gone, and nothing that is referred to.
func TestKilledAtEveryEffect(t *testing.T) {
	t.Parallel()
	from := template(t)
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprint("after=", after), func(t *testing.T) {
			t.Parallel()
			total := 1
			for k := 1; k <= total; k++ {
				dir := copied(t, from)
				n, died, err := crashes.Kill(t.Context(), dir, "sweep", storetest.Plan{At: k, After: after})
				must(t, err)
				if total = n; died {
					total = k + 1
				}
				onDisk(dir).checkSwept(t, fmt.Sprintf("killed at effect %d", k), false)
			}
			if t.Logf("killed at each of %d effects", total); total < 20 {
				t.Errorf("got %d effects, want every file operation and commit of a sweep", total)
			}
		})
	}
}

// failures are what an effect may fail with, once or from then on until the next process:
// file operations and commits alike, and what only a catalog says, commits alone.
var failures = []struct {
	err   error
	stays bool
	what  string // begins the effects that fail
}{
	{syscall.ENOSPC, true, ""},
	{syscall.EIO, false, ""},
	{errors.New("database is locked (5) (SQLITE_BUSY)"), false, "commit"},
	{errors.New("database or disk is full (13) (SQLITE_FULL)"), true, "commit"},
}

// Whatever effect fails, the next process brings everything to the same end.
func TestFailureAtEveryEffect(t *testing.T) {
	t.Parallel()
	from := template(t)
	all := storetest.NewEffects(storetest.Plan{})
	must(t, sweepVictim(copied(t, from), all))
	for _, cause := range failures {
		t.Run(cause.err.Error(), func(t *testing.T) {
			t.Parallel()
			for k, what := range all.Log() {
				if strings.HasPrefix(what, cause.what) {
					failAt(t, copied(t, from), storetest.Plan{At: k + 1, Err: cause.err, Stays: cause.stays}, what)
				}
			}
		})
	}
}

// failAt lets an effect of a sweep fail, which is what, and checks that all is well with
// the next process.
func failAt(t *testing.T, dir string, plan storetest.Plan, what string) {
	t.Helper()
	effects := storetest.NewEffects(plan)
	err := sweepVictim(dir, effects)
	if effects.Count() < plan.At {
		t.Errorf("got %d effects, want number %d to fail", effects.Count(), plan.At)
	}
	crashes.Tried("failed effects", 1)
	onDisk(dir).checkSwept(t, fmt.Sprintf("failure at effect %d, %s (the sweep said: %v)", plan.At, what, err), false)
}
