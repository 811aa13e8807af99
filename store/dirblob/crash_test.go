package dirblob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/storetest"
)

// contents are what script uploads: the third meets the first one's name taken, the fourth
// is in place already.
func contents() [][]byte {
	large := bytes.Repeat([]byte("0123456789abcdef"), 8192)
	return [][]byte{large, []byte("small"), large, []byte("small")}
}

// script opens the blobs, uploads contents and makes them durable.
func script(ctx context.Context, fsys durable.FS) (err error) {
	b, err := dirblob.Open(fsys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, data := range contents() {
		if err := uploadOne(ctx, b, data); err != nil {
			return err
		}
	}
	return b.Barrier(ctx)
}

func uploadOne(ctx context.Context, b store.Blobs, data []byte) (err error) {
	up, err := b.Create(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.Discard()) }()
	for piece := range slices.Chunk(data, 48<<10) {
		if _, err := up.Write(piece); err != nil {
			return err
		}
	}
	return up.Keep(ctx, digest(data))
}

// Every effect fails, once or with all later ones, without happening or after it did.
func TestFailureAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, plan := range []storetest.Plan{
		{Err: syscall.ENOSPC},
		{Err: syscall.ENOSPC, Stays: true},
		{Err: syscall.EIO, After: true},
		{Err: syscall.EIO, After: true, Stays: true},
	} {
		t.Run(fmt.Sprintf("%v after=%v stays=%v", plan.Err, plan.After, plan.Stays), func(t *testing.T) {
			t.Parallel()
			failAtEveryEffect(t, plan)
		})
	}
}

func failAtEveryEffect(t *testing.T, plan storetest.Plan) {
	for k := 1; ; k++ {
		plan.At = k
		fsys, dir := openDir(t)
		e := storetest.NewEffects(plan)
		err := script(t.Context(), e.FS(fsys))
		crashes.Tried("failed effects", 1)
		if e.Count() < k {
			check(t, err)
			return
		}
		what := e.Log()[k-1]
		if err == nil && !plan.After || err != nil && !errors.Is(err, plan.Err) {
			t.Errorf("%s: got %v, want %v", what, err, plan.Err)
		}
		reopen(t, fsys, dir, what)
	}
}

// reopen checks that what a failed or dead process left is sound, and that all contents
// can still be stored.
func reopen(t *testing.T, fsys durable.FS, dir, what string) {
	t.Helper()
	b, err := dirblob.Open(fsys)
	if err != nil {
		t.Fatalf("after %s: %v", what, err)
	}
	check(t, b.Close())
	wantClean(t, dir, "after "+what)
	check(t, script(t.Context(), fsys))
	for _, data := range contents() {
		_, err := os.Stat(pathOf(dir, data))
		check(t, err)
	}
	wantClean(t, dir, "after "+what+" and another try")
}

// crashes counts the points at which tests have struck.
var crashes storetest.Crashes

func TestMain(m *testing.M) {
	os.Exit(crashes.Main(m, map[string]storetest.Work{"script": victim}))
}

// victim runs script in a folder.
func victim(dir string, effects *storetest.Effects) error {
	fsys, err := durable.Open(dir)
	if err != nil {
		return err
	}
	return script(context.Background(), effects.FS(fsys))
}

func TestKillAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after=%v", after), func(t *testing.T) {
			t.Parallel()
			total := 1
			for k := 1; k <= total; k++ {
				fsys, dir := openDir(t)
				n, died, err := crashes.Kill(t.Context(), dir, "script", storetest.Plan{At: k, After: after})
				check(t, err)
				if total = n; died {
					total = k + 1
				}
				reopen(t, fsys, dir, fmt.Sprint("effect ", k))
			}
			if total < 15 {
				t.Errorf("got %d effects: too few for this script", total)
			}
		})
	}
}
