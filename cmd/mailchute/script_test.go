package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mailchute/pkg/text"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mailchute": main})
}

// TestScripts runs testdata/script/*.txtar. Besides the usual commands there are
//
//	exits N COMMAND…    runs a command, which must exit with that code
//	unescape FILE…      puts what Go's escapes stand for into files: \x1b, \u202e, \r
//	count N FILE        fails where the file has another number of lines
//	safe stdout|stderr  fails where the last command printed what text.Safe would not
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                "../../testdata/script",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TMPDIR", env.WorkDir)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each command of a race build sleeps a second
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"unescape": unescape, "safe": safe, "count": countLines, "exits": exits,
		},
	})
}

func unescape(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		var b strings.Builder
		for line := range strings.Lines(ts.ReadFile(name)) {
			line = strings.TrimSuffix(line, "\n")
			plain, err := strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`)
			ts.Check(err)
			b.WriteString(plain + "\n")
		}
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(b.String()), 0o600))
	}
}

func safe(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		printed := ts.ReadFile(name)
		if printed == "" {
			ts.Fatalf("%s is empty: this proves nothing", name)
		}
		for line := range strings.Lines(printed) {
			if line = strings.TrimSuffix(line, "\n"); line != text.Safe(line) {
				ts.Fatalf("%s has %q", name, line)
			}
		}
	}
}

// countLines fails where a file has another number of lines than the first argument says.
func countLines(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); got != want {
		ts.Fatalf("%s has %d lines, want %d", args[1], got, want)
	}
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
