package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// The environment that makes a test binary do some work and die at one of its effects.
const (
	victimDir  = "MAILCHUTE_VICTIM_DIR"
	victimPlan = "MAILCHUTE_VICTIM_PLAN"
	victimWork = "MAILCHUTE_VICTIM_WORK"
)

// triedFile names the file to which each package adds its line of Crashes.String.
const triedFile = "MAILCHUTE_TRIED"

// Work is what a victim does on a data folder: all that it changes is its effects.
type Work func(dir string, effects *Effects) error

// Crashes kills processes of a package's tests, and counts the points at which its tests
// have struck. The zero Crashes has counted nothing.
type Crashes struct {
	mu sync.Mutex
	n  map[string]int
}

// Main does what TestMain must, and returns the exit code: it runs the tests and prints
// how many points were tried, which go test shows with -v. Where the environment variable
// MAILCHUTE_TRIED names a file, it adds the line there as well. In a process that Kill has
// started, it does the work of that name.
func (c *Crashes) Main(m *testing.M, works map[string]Work) int {
	if os.Getenv(victimWork) != "" {
		return victim(works[os.Getenv(victimWork)])
	}
	code := m.Run()
	line := c.String()
	if line == "" {
		return code
	}
	fmt.Println(line)
	if err := addLine(os.Getenv(triedFile), line); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// addLine adds a line to a file that several processes write, unless it has no name.
func addLine(name, line string) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// victim does its work and prints how many effects there were.
func victim(work Work) int {
	var plan Plan
	err := json.Unmarshal([]byte(os.Getenv(victimPlan)), &plan)
	if err == nil {
		effects := NewEffects(plan)
		err = work(os.Getenv(victimDir), effects)
		fmt.Println(effects.Count())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Kill starts the test binary again to do a work of Main on a data folder, and to die
// where the plan says; a Plan with Err is not for another process. It returns how many
// effects there were, which nobody knows of one that was killed. The error is that of a
// process which ended otherwise.
func (c *Crashes) Kill(ctx context.Context, dir, work string, plan Plan) (effects int, died bool, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, false, err
	}
	p, err := json.Marshal(plan)
	if err != nil {
		return 0, false, err
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^$")
	cmd.Env = append(os.Environ(), victimDir+"="+dir, victimWork+"="+work, victimPlan+"="+string(p),
		"GORACE=atexit_sleep_ms=0") // else each victim of a race build sleeps a second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if err == nil {
		effects, err = strconv.Atoi(strings.TrimSpace(stdout.String()))
		return effects, false, err
	}
	if cmd.ProcessState != nil && ctx.Err() == nil {
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			c.Tried("deaths of a process", 1)
			return 0, true, nil
		}
	}
	return 0, false, fmt.Errorf("%s, struck at %+v: %w\n%s", work, plan, err, &stderr)
}

// Tried counts n points of a kind at which a test has struck.
func (c *Crashes) Tried(kind string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[kind] += n
}

// String returns how many points were tried in all, and how many of each kind; "" for
// none.
func (c *Crashes) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(c.n)) {
		total += c.n[kind]
		kinds = append(kinds, fmt.Sprintf("%d %s", c.n[kind], kind))
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("crash points tried: %d (%s)", total, strings.Join(kinds, ", "))
}
