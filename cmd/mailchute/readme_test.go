package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestReadme runs the session that README.md shows in parts: each line after "$ " is a command,
// the lines below it are what it prints. "…" stands for any text, a line of it alone for
// any further lines; runs of blanks count as one.
func TestReadme(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "readme.txtar")
	if err := os.WriteFile(script, []byte(scriptOf(t, string(readme))), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: []string{script},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return os.Symlink(filepath.Join(root, "testdata"), filepath.Join(env.WorkDir, "testdata"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"prints": prints, "try": try},
	})
}

// scriptOf turns the README's session into a script.
func scriptOf(t *testing.T, readme string) string {
	t.Helper()
	var steps []string
	parts := strings.Split(readme, "```console\n")[1:]
	for _, part := range parts {
		session, _, _ := strings.Cut(part, "```")
		steps = append(steps, strings.Split("\n"+session, "\n$ ")[1:]...)
	}
	if len(parts) < 2 || len(steps) < 10 {
		t.Fatalf("README.md has %d commands in %d parts of its session, want more", len(steps), len(parts))
	}
	var script, files strings.Builder
	for i, step := range steps {
		command, printed, _ := strings.Cut(step, "\n")
		if name, args, _ := strings.Cut(command, " "); name == "cp" || name == "cd" {
			fmt.Fprintf(&script, "%s %s\n", name, args)
			continue
		}
		fmt.Fprintf(&script, "try %s\nprints $WORK/printed%d\n", command, i)
		fmt.Fprintf(&files, "-- printed%d --\n%s\n", i, strings.TrimRight(printed, "\n"))
	}
	return script.String() + files.String()
}

// try runs a command, whatever its exit code: drain's is 5 when something was held.
func try(ts *testscript.TestScript, _ bool, args []string) {
	if err := ts.Exec(args[0], args[1:]...); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			ts.Fatalf("%v", err)
		}
	}
}

// prints fails where the last command's standard output is not what a file says.
func prints(ts *testscript.TestScript, _ bool, args []string) {
	got, want := squeeze(ts.ReadFile("stdout")), squeeze(ts.ReadFile(args[0]))
	pattern := regexp.QuoteMeta(want)
	pattern = regexp.MustCompile(`(?m)^…\n`).ReplaceAllString(pattern, `(?s:.*)`)
	pattern = strings.ReplaceAll(pattern, "…", ".*")
	if !regexp.MustCompile("^" + pattern + "$").MatchString(got) {
		ts.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// squeeze makes runs of blanks one, and drops those at the ends of lines.
func squeeze(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}
