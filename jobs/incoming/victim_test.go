package incoming_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mailchute/store/storetest"
)

// The environment that makes the test binary drain a folder, or release what is held,
// and die at an effect.
const (
	victimDir  = "MAILCHUTE_VICTIM_DIR"
	victimPlan = "MAILCHUTE_VICTIM_PLAN"
	victimWork = "MAILCHUTE_VICTIM_WORK"
)

// What victimWork says.
const (
	drainOne  = "drain one at a time"
	drainMany = "drain many at a time"
	release   = "release"
	parse     = "parse what kills"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimDir) != "" {
		os.Exit(victim())
	}
	code := m.Run()
	if line := tried.String(); line != "" {
		fmt.Println(line) // with -v
	}
	os.Exit(code)
}

// victim does its work and prints how many effects there were. With one item in flight
// they have the same numbers in every process.
func victim() int {
	var plan storetest.Plan
	if err := json.Unmarshal([]byte(os.Getenv(victimPlan)), &plan); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	effects := storetest.NewEffects(plan)
	work := map[string]func(dir string, effects *storetest.Effects) error{
		drainOne: drainVictim, drainMany: drainManyVictim, release: releaseVictim, parse: parseVictim,
	}[os.Getenv(victimWork)]
	err := work(os.Getenv(victimDir), effects)
	fmt.Println(effects.Count())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// runVictim runs the test binary as a victim. It returns what it printed, and whether it
// was killed.
func runVictim(t *testing.T, dir, work string, plan storetest.Plan) (out string, died bool) {
	t.Helper()
	out, died, err := tryVictim(t.Context(), dir, work, plan)
	if err != nil {
		t.Fatal(err)
	}
	return out, died
}

// tryVictim is runVictim for any goroutine. The error is that of a victim which ended
// otherwise.
func tryVictim(ctx context.Context, dir, work string, plan storetest.Plan) (out string, died bool, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", false, err
	}
	p, err := json.Marshal(plan)
	if err != nil {
		return "", false, err
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^$")
	cmd.Env = append(os.Environ(), victimDir+"="+dir, victimWork+"="+work, victimPlan+"="+string(p),
		"GORACE=atexit_sleep_ms=0") // else each victim of a race build sleeps a second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if err == nil {
		return strings.TrimSpace(stdout.String()), false, nil
	}
	if cmd.ProcessState != nil {
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			tried.add("deaths of a process", 1)
			return "", true, nil
		}
	}
	return "", false, fmt.Errorf("victim at %+v: %w\n%s", plan, err, &stderr)
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
