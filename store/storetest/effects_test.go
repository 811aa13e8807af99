package storetest_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/storetest"
)

// steps makes eight effects and returns the error of each.
func steps(fsys durable.FS) []error {
	file, errCreate := fsys.Create("a", 0o600)
	errs := []error{errCreate}
	if errCreate == nil {
		_, errWrite := file.Write([]byte("0123456789"))
		errs = append(errs, errWrite, file.Sync(), fsys.Link(file, "b"), file.Close())
	}
	return append(errs, fsys.Mkdir("d", 0o700), fsys.Rename("a", "d/c"), fsys.Replace("b", "d/c"),
		fsys.SyncDir("d"), fsys.Barrier(), fsys.Remove("d/c"))
}

func openDir(t *testing.T) (durable.FS, string) {
	t.Helper()
	dir := t.TempDir()
	fsys, err := durable.Open(dir)
	check(t, err)
	t.Cleanup(func() { check(t, fsys.Close()) })
	return fsys, dir
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEffectsCountEveryChange(t *testing.T) {
	t.Parallel()
	fsys, _ := openDir(t)
	e := storetest.NewEffects(storetest.Plan{})
	for i, err := range steps(e.FS(fsys)) {
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
	want := []string{
		"create a", "write a", "sync a", "link b", "mkdir d", "rename a d/c", "replace b d/c",
		"syncdir d", "barrier", "remove d/c",
	}
	if diff := cmp.Diff(want, e.Log()); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if e.Count() != len(want) {
		t.Errorf("Count: got %d, want %d", e.Count(), len(want))
	}
}

func TestEffectsFailOnceOrFromThenOn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		plan storetest.Plan
		want int // failed steps
	}{
		{"once", storetest.Plan{At: 8, Err: syscall.EIO}, 1},
		{"from then on", storetest.Plan{At: 8, Err: syscall.EIO, Stays: true}, 3},
		{"never reached", storetest.Plan{At: 80, Err: syscall.EIO, Stays: true}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			fsys, _ := openDir(t)
			got := 0
			for _, err := range steps(storetest.NewEffects(row.plan).FS(fsys)) {
				if errors.Is(err, syscall.EIO) {
					got++
				}
			}
			if got != row.want {
				t.Errorf("got %d failed steps, want %d", got, row.want)
			}
		})
	}
}

func TestEffectsStrikeBeforeOrAfter(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		fsys, dir := openDir(t)
		e := storetest.NewEffects(storetest.Plan{At: 1, Err: syscall.EMFILE, After: after})
		_, err := e.FS(fsys).Create("a", 0o600)
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("Create: got %v, want %v", err, syscall.EMFILE)
		}
		_, err = os.Lstat(filepath.Join(dir, "a"))
		if exists := err == nil; exists != after {
			t.Errorf("After %v: file made: %v", after, exists)
		}
	}
}

func TestEffectsCutAWrite(t *testing.T) {
	t.Parallel()
	fsys, dir := openDir(t)
	file, err := storetest.NewEffects(storetest.Plan{At: 2, Err: syscall.ENOSPC}).FS(fsys).Create("a", 0o600)
	check(t, err)
	defer file.Close()
	n, err := file.Write([]byte("0123456789"))
	if n != 5 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write: got %d, %v; want 5, %v", n, err, syscall.ENOSPC)
	}
	got, err := os.ReadFile(filepath.Join(dir, "a"))
	check(t, err)
	if string(got) != "01234" {
		t.Errorf("file: got %q, want %q", got, "01234")
	}
}

func TestEffectsLinkAcross(t *testing.T) {
	t.Parallel()
	e := storetest.NewEffects(storetest.Plan{})
	innerA, dirA := openDir(t)
	innerB, dirB := openDir(t)
	check(t, os.WriteFile(filepath.Join(dirA, "a"), nil, 0o600))
	file, err := e.FS(innerA).Open("a")
	check(t, err)
	defer file.Close()
	check(t, e.FS(innerB).Link(file, "b"))
	a, err := os.Stat(filepath.Join(dirA, "a"))
	check(t, err)
	b, err := os.Stat(filepath.Join(dirB, "b"))
	check(t, err)
	if !os.SameFile(a, b) {
		t.Error("got another file, want a link")
	}
	if _, err := e.FS(innerB).Open("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open: got %v, want %v", err, fs.ErrNotExist)
	}
}

// ledger is a Catalog that remembers how many transactions were committed. Each runs
// twice, as a busy database would have it.
type ledger struct {
	store.Catalog
	commits int
}

func (l *ledger) Update(_ context.Context, f func(store.Tx) error) error {
	for range 2 {
		if err := f(nil); err != nil {
			return err
		}
	}
	l.commits++
	return nil
}

func TestEffectsStrikeACommit(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("the transaction's own")
	for _, row := range []struct {
		name    string
		plan    storetest.Plan
		own     error
		want    error
		commits int // of two updates
		count   int
	}{
		{"no plan", storetest.Plan{}, nil, nil, 2, 2},
		{"before", storetest.Plan{At: 1, Err: syscall.EIO}, nil, syscall.EIO, 1, 2},
		{"after", storetest.Plan{At: 1, Err: syscall.EIO, After: true}, nil, syscall.EIO, 2, 2},
		{"rolled back", storetest.Plan{At: 1, Err: syscall.EIO}, errOwn, errOwn, 0, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inner := &ledger{}
			e := storetest.NewEffects(row.plan)
			c := e.Catalog(inner)
			if err := c.Update(t.Context(), func(store.Tx) error { return row.own }); !errors.Is(err, row.want) {
				t.Errorf("first Update: got %v, want %v", err, row.want)
			}
			err := c.Update(t.Context(), func(store.Tx) error { return nil })
			if row.own != nil {
				if !errors.Is(err, syscall.EIO) {
					t.Errorf("second Update: got %v, want %v", err, syscall.EIO)
				}
			} else if err != nil {
				t.Errorf("second Update: %v", err)
			}
			if inner.commits != row.commits || e.Count() != row.count {
				t.Errorf("got %d commits, %d effects; want %d, %d", inner.commits, e.Count(), row.commits, row.count)
			}
		})
	}
}
