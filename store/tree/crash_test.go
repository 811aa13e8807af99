package tree_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"mailchute/pkg/durable"
	"mailchute/store"
	"mailchute/store/storetest"
	"mailchute/store/tree"
)

const (
	oldBytes = "the old version"
	newBytes = "the new version, which is longer"
)

// replace opens a tree and shows b at a path that is taken and at a new one.
func replace(ctx context.Context, fsys durable.FS, mode tree.Mode, b store.Blob) (err error) {
	tr, err := tree.Open(fsys, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tr.Close()) }()
	paths := []string{"s/l/taken", "s/l/f/new"}
	for _, path := range paths {
		if err := tr.Publish(ctx, path, b); err != nil {
			return err
		}
	}
	return tr.Sync(ctx, paths)
}

// Every effect fails, once or with all later ones, without happening or after it did:
// each path shows the old bytes or the new ones, and another try succeeds.
func TestFailureAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, mode := range []tree.Mode{tree.Link, tree.Copy} {
		for _, plan := range []storetest.Plan{
			{Err: syscall.ENOSPC},
			{Err: syscall.ENOSPC, Stays: true},
			{Err: syscall.EIO, After: true},
			{Err: syscall.EIO, After: true, Stays: true},
		} {
			t.Run(fmt.Sprintf("%s %v after=%v stays=%v", mode, plan.Err, plan.After, plan.Stays), func(t *testing.T) {
				t.Parallel()
				plan.At = 1
				for failAt(t, mode, plan) {
					plan.At++
				}
				if plan.At < 10 {
					t.Errorf("got %d effects: too few", plan.At-1)
				}
			})
		}
	}
}

// failAt reports whether there were that many effects.
func failAt(t *testing.T, mode tree.Mode, plan storetest.Plan) bool {
	t.Helper()
	w := newWorld(t, mode)
	check(t, w.tree.Publish(t.Context(), "s/l/taken", w.blob(t, oldBytes)))
	b := w.blob(t, newBytes)

	e := storetest.NewEffects(plan)
	err := replace(t.Context(), e.FS(w.treeFS), mode, b)
	if e.Count() < plan.At {
		check(t, err)
		return false
	}
	what := e.Log()[plan.At-1]
	if err == nil && !plan.After || err != nil && !errors.Is(err, plan.Err) {
		t.Errorf("%s: got %v, want %v", what, err, plan.Err)
	}
	for path, may := range map[string][]string{"s/l/taken": {oldBytes, newBytes}, "s/l/f/new": {"", newBytes}} {
		got, err := os.ReadFile(w.path(path))
		if err != nil && !errors.Is(err, os.ErrNotExist) || string(got) != may[0] && string(got) != may[1] {
			t.Errorf("after %s: %s: got %q, %v; want one of %q", what, path, got, err, may)
		}
	}

	check(t, replace(t.Context(), w.treeFS, mode, b))
	wantFile(t, w.path("s/l/taken"), newBytes)
	wantFile(t, w.path("s/l/f/new"), newBytes)
	wantNoTemporary(t, w.treeDir, "after "+what+" and another try")
	return true
}

// A copy has its name only when its bytes are on disk.
func TestACopyIsSyncedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tree.Copy)
	e := storetest.NewEffects(storetest.Plan{})
	check(t, replace(t.Context(), e.FS(w.treeFS), tree.Copy, w.blob(t, newBytes)))
	written := map[string]bool{} // not synced
	for _, effect := range e.Log() {
		op, name, _ := strings.Cut(effect, " ")
		switch op {
		case "write":
			written[name] = true
		case "sync":
			delete(written, name)
		case "replace":
			from, _, _ := strings.Cut(name, " ")
			if written[from] {
				t.Errorf("%q before a sync: %q", effect, e.Log())
			}
		}
	}
	if len(written) > 0 {
		t.Errorf("never synced: %v", written)
	}
}
