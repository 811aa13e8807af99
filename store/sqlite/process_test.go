package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/sqlite"
)

// The test binary plays the other process where these are set.
const (
	roleVariable = "MAILCHUTE_SQLITE_TEST_ROLE"
	pathVariable = "MAILCHUTE_SQLITE_TEST_PATH"
)

const rounds = 50

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := play(role, os.Getenv(pathVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play is the other process: it counts, or it dies within an Update.
func play(role, path string) error {
	ctx := context.Background()
	c, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	if role == "count" {
		return errors.Join(count(ctx, c), c.Close())
	}
	return c.Update(ctx, func(tx store.Tx) error {
		for i := range 1000 { // more than the cache of the log's first pages
			if err := tx.InsertSite(library.Site{Name: strconv.Itoa(i)}); err != nil {
				return err
			}
		}
		fmt.Println("within")
		select {} // until it is killed
	})
}

// count raises the setting "count" by one, so many times.
func count(ctx context.Context, c store.Catalog) error {
	for range rounds {
		err := c.Update(ctx, func(tx store.Tx) error {
			settings, err := tx.Settings()
			if err != nil {
				return err
			}
			n, err := strconv.Atoi("0" + settings["count"])
			if err != nil {
				return err
			}
			return tx.PutSetting("count", strconv.Itoa(n+1))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestUpdatesOfProcessesAreSerialised(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	const processes, handles = 2, 2 // the handles are of this one
	var counters sync.WaitGroup
	for range processes {
		counters.Go(func() {
			if out, err := other(t, "count", path).CombinedOutput(); err != nil {
				t.Errorf("the other process: %v: %s", err, out)
			}
		})
	}
	for range handles {
		c := open(t, path)
		counters.Go(func() {
			if err := count(t.Context(), c); err != nil {
				t.Errorf("count: %v", err)
			}
		})
	}
	counters.Wait()
	err := open(t, path).View(t.Context(), func(tx store.Tx) error {
		settings, err := tx.Settings()
		if got, want := settings["count"], strconv.Itoa((processes+handles)*rounds); got != want {
			t.Errorf("count: got %s, want %s", got, want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestProcessKilledWithinAnUpdateLeavesNothing(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	putSite(t, open(t, path), "before")
	cmd := other(t, "die", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("the other process said %q: %v", line, err)
	}
	c := open(t, path) // while the other one is within its Update
	if got := sites(t, c); len(got) != 1 {
		t.Errorf("before the kill: got %d sites, want 1", len(got))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the other process ended by itself")
	}
	putSite(t, c, "after")
	if got := sites(t, c); len(got) != 2 {
		t.Errorf("after the kill: got %d sites, want 2", len(got))
	}
}

func other(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, pathVariable+"="+path)
	return cmd
}
