package dirblob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/storetest"
)

// contents are what script uploads: the third meets the first one's name taken.
func contents() [][]byte {
	large := bytes.Repeat([]byte("0123456789abcdef"), 8192)
	return [][]byte{large, []byte("small"), large}
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

// The environment that makes the test binary run script and be killed in it.
const (
	killDir   = "DIRBLOB_KILL_DIR"
	killAt    = "DIRBLOB_KILL_AT"
	killAfter = "DIRBLOB_KILL_AFTER"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		os.Exit(victim(dir))
	}
	os.Exit(m.Run())
}

// victim runs script and does not return where the plan kills it.
func victim(dir string) int {
	at, err := strconv.Atoi(os.Getenv(killAt))
	if err == nil {
		var fsys durable.FS
		if fsys, err = durable.Open(dir); err == nil {
			plan := storetest.Plan{At: at, After: os.Getenv(killAfter) == "true"}
			err = script(context.Background(), storetest.NewEffects(plan).FS(fsys))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestKillAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after=%v", after), func(t *testing.T) {
			t.Parallel()
			k := 1
			for killed(t, k, after) {
				k++
			}
			if k < 15 {
				t.Errorf("survived effect %d: too few effects for this script", k)
			}
		})
	}
}

// killed runs script in a process that is killed at the k-th effect, and checks what is
// left. It returns false where there were fewer effects.
func killed(t *testing.T, k int, after bool) bool {
	t.Helper()
	fsys, dir := openDir(t)
	self, err := os.Executable()
	check(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), killDir+"="+dir, killAt+"="+strconv.Itoa(k), fmt.Sprintf("%s=%v", killAfter, after))
	out, err := cmd.CombinedOutput()
	if err == nil {
		wantClean(t, dir, "unharmed")
		return false
	}
	if cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("effect %d: %v, want a kill\n%s", k, err, out)
	}
	reopen(t, fsys, dir, "effect "+strconv.Itoa(k))
	return true
}
