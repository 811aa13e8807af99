package drop_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailchute/pkg/drop"
)

// process runs another process that drains dir and returns what it claimed.
func process(t *testing.T, dir string, die bool) ([]string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "DROP_TEST_DIR="+dir)
	if die {
		cmd.Env = append(cmd.Env, "DROP_TEST_DIE=1")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return strings.Fields(string(out)), nil
}

func TestDefer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	folder := w.open(w.fs(), "postfix")
	if !folder.NextDue().IsZero() {
		t.Errorf("got due %v, want never", folder.NextDue())
	}
	for n := 1; n <= 10; n++ {
		item := claimOne(t, folder)
		if item.Deferrals != n-1 || item.Alone() || item.Expired() {
			t.Fatalf("claim %d: got %+v", n, item)
		}
		ok(t, item.Defer(true))
		wait := folder.NextDue().Sub(w.clock())
		if want := min(time.Minute<<(n-1), 48*time.Minute); wait < want || wait > want*5/4 {
			t.Errorf("failure %d: got a wait of %v, want %v and some jitter", n, wait, want)
		}
		w.pass(wait - time.Second)
		if early := claim(t, folder); len(early) != 0 {
			t.Fatalf("claimed before it was due: %q", names(early))
		}
		w.pass(time.Second)
	}
	if got := w.files("new"); len(got) != 0 {
		t.Errorf("back among the MTA's files: %q", got)
	}
	if n, oldest, err := folder.Backlog(t.Context()); n != 1 || oldest.IsZero() || err != nil {
		t.Errorf("got a backlog of %d since %v, %v; want one", n, oldest, err)
	}
	ok(t, folder.Close())
}

// A postponed item waits longer each time, and never expires.
func TestPostpone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	options := w.options("postfix")
	options.DeferFor = time.Minute
	folder, err := drop.Open(w.fs(), options)
	ok(t, err)
	for n := 1; n <= 10; n++ {
		item := claimOne(t, folder)
		if item.Deferrals != n-1 || item.Waited != 0 || item.Alone() || item.Expired() {
			t.Fatalf("claim %d: got %+v", n, item)
		}
		ok(t, item.Postpone())
		wantErr(t, "the second Postpone", item.Postpone(), fs.ErrClosed)
		wait := folder.NextDue().Sub(w.clock())
		if want := min(time.Minute<<(n-1), 48*time.Minute); wait < want || wait > want*5/4 {
			t.Errorf("time %d: got a wait of %v, want %v and some jitter", n, wait, want)
		}
		w.pass(wait)
	}
	ok(t, folder.Close())
}

func TestBackOff(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 6, 7, 63, 64, 1 << 30} {
		if got := drop.BackOff(n); got < time.Minute || got > time.Hour {
			t.Errorf("failure %d: got %v, want 1 min to 1 h", n, got)
		}
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	options := w.options("postfix")
	options.DeferFor = 2 * time.Hour
	folder, err := drop.Open(w.fs(), options)
	ok(t, err)
	// The store is down for a month: that is nobody's fault.
	for range 30 {
		item := claimOne(t, folder)
		if item.Expired() || item.Deferrals != 0 {
			t.Fatalf("expired by failures of others: %+v", item)
		}
		ok(t, item.Defer(false))
		w.pass(24 * time.Hour)
	}
	for range 10 {
		item := claimOne(t, folder)
		if item.Expired() {
			if item.Waited < options.DeferFor || item.Deferrals < 6 {
				t.Errorf("expired too early: %+v", item)
			}
			return
		}
		ok(t, item.Defer(true))
		w.pass(time.Hour)
	}
	t.Error("never expired")
}

func TestReturnToRetryKeepsTheCounters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	folder := w.open(w.fs(), "postfix")
	ok(t, claimOne(t, folder).Defer(true))
	w.pass(time.Hour)
	before := claimOne(t, folder)
	ok(t, before.Return())
	after := claimOne(t, folder)
	if before.Deferrals != 1 || after.Deferrals != 1 || after.Waited != before.Waited || after.Crashes != 0 {
		t.Errorf("got %+v, then %+v", before, after)
	}
	ok(t, after.Finish())
	ok(t, folder.Close())
	if left := w.files("."); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

func TestClockThatWasWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	folder := w.open(w.fs(), "postfix")
	ok(t, claimOne(t, folder).Defer(true))
	w.write(fmt.Sprintf(".mailchute/retry/%d.1.0.0.X/b", w.clock().UnixMilli()), eml)
	w.pass(-10 * 365 * 24 * time.Hour)
	if got, _ := claimed(t, folder); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q, want both", got)
	}
}

// TestTakeOver lets processes die with two files in hand, one after the other.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live := w.open(w.fs(), "postfix")
	w.write("new/mine", eml)
	mine := claimOne(t, live)
	w.write("new/a", eml)
	w.write("new/b", eml)
	for deaths := 1; deaths <= 3; deaths++ {
		died, err := process(t, w.dir, true)
		ok(t, err)
		slices.Sort(died)
		if !slices.Equal(died, []string{"a", "b"}) {
			t.Fatalf("death %d: got %q, want a and b", deaths, died)
		}
	}
	w.write("new/fresh", eml)
	items := claim(t, live)
	if got := names(items); !slices.Equal(got, []string{"a", "b", "fresh"}) {
		t.Fatalf("got %q", got)
	}
	for i, item := range items {
		want := map[string]int{"a": 3, "b": 3, "fresh": 0}[item.Name]
		if item.Crashes != want || item.Alone() != (want > 0) || item.Alone() != (i > 0) {
			t.Errorf("item %d, %s: got %d crashes, want %d", i, item.Name, item.Crashes, want)
		}
	}
	ok(t, mine.Finish())
	// A live process's claims are its own.
	if other := claim(t, w.open(w.fs(), "postfix")); len(other) != 0 {
		t.Errorf("taken from a live process: %q", names(other))
	}
	for _, item := range items {
		ok(t, item.Finish())
	}
	ok(t, live.Close())
}

// TestTakeOverOnce lets many see one dead instance at the same time.
func TestTakeOverOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 300 {
		w.write(fmt.Sprintf("new/%d", i), eml)
	}
	dead := w.open(w.fs(), "postfix")
	if got := len(claim(t, dead)); got != 300 {
		t.Fatalf("got %d, want 300", got)
	}
	ok(t, dead.Die())
	probes, err := filepath.Glob(filepath.Join(w.dir, ".mailchute/claimed/*"))
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(probes[0], "probe"), nil, 0o600)) // it died in a self-test
	done := make(chan map[string]int)
	for range 4 {
		folder := w.open(w.fs(), "postfix")
		go func() {
			crashes := map[string]int{}
			for item, err := range folder.Claim(t.Context()) {
				if err != nil {
					t.Error(err)
					break
				}
				crashes[item.Name] = item.Crashes
				if err := item.Finish(); err != nil {
					t.Error(err)
				}
			}
			done <- crashes
		}()
	}
	seen := map[string]int{}
	for range 4 {
		for name, crashes := range <-done {
			seen[name]++
			if crashes != 1 {
				t.Errorf("%s: got %d crashes, want 1", name, crashes)
			}
		}
	}
	// A pass that finds the dead instance being emptied by another ends early; a last
	// one takes what came to retry after that.
	for _, item := range claim(t, w.open(w.fs(), "postfix")) {
		seen[item.Name]++
		ok(t, item.Finish())
	}
	for i := range 300 {
		if n := seen[fmt.Sprint(i)]; n != 1 {
			t.Errorf("file %d was claimed %d times", i, n)
		}
	}
	if left := w.files("."); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := os.Stat(probes[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the dead instance is still there: %v", err)
	}
}

// TestTakeOverThatDies kills the one that takes over, before and after each of its moves.
func TestTakeOverThatDies(t *testing.T) {
	t.Parallel()
	for k := 0; ; k++ {
		w := newWorld(t)
		for _, name := range []string{"a", "b"} {
			w.write("new/"+name, eml)
		}
		dead := w.open(w.fs(), "postfix")
		claim(t, dead)
		ok(t, dead.Die())
		fsys := w.fs()
		taker := w.open(fsys, "postfix")
		moves := 0
		fsys.rename = func(string, string) error {
			if moves++; moves > k {
				return os.ErrDeadlineExceeded
			}
			return nil
		}
		for _, err := range taker.Claim(t.Context()) {
			if err != nil {
				wantErr(t, "Claim", err, os.ErrDeadlineExceeded)
			}
			break
		}
		ok(t, taker.Die())
		items := claim(t, w.open(w.fs(), "postfix"))
		if got := names(items); !slices.Equal(got, []string{"a", "b"}) {
			t.Fatalf("killed at move %d: got %q, want both", k, got)
		}
		for _, item := range items {
			// A taker that had claimed it dies with it in hand, too.
			if item.Crashes != 1 && (k < 5 || item.Crashes != 2) {
				t.Errorf("killed at move %d: %s has %d crashes", k, item.Name, item.Crashes)
			}
		}
		if moves <= k {
			return
		}
	}
}

// TestPowerCuts: what a machine had in hand when it went down is handled alone, and never
// blamed for more than one crash; deaths of a process in one boot still count.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("new/a", eml)
	boots := []string{"one", "two", "three", "four", "four", "four"}
	want := []int{0, 1, 1, 1, 2, 3}
	for i, boot := range boots {
		o := w.options("postfix")
		o.Boot = boot
		folder, err := drop.Open(w.fs(), o)
		ok(t, err)
		if item := claimOne(t, folder); item.Crashes != want[i] || item.Alone() != (want[i] > 0) {
			t.Errorf("start %d, boot %s: got %d crashes, want %d", i, boot, item.Crashes, want[i])
		}
		ok(t, folder.Die())
	}
}
